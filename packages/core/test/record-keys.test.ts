import { expect, test } from '@jest/globals';
import { aes256GcmOpen, bytesToHex } from '@yakmesh/crypto';
import { KEY_RECORDS_MAX, RecordKeys } from '../src/record/record-keys.js';
import { recordKey, recordNonce } from './support/second-key-schedule.js';

const ROOT = new Uint8Array(64).fill(5);
const SHORT = new Uint8Array(16);

function keysOf(direction: 'initiator' | 'responder' = 'initiator', epoch = 0): RecordKeys {
  return new RecordKeys(ROOT.slice(), direction, epoch);
}

test('both ends of a direction agree, and the two directions do not', () => {
  const sealed = keysOf().seal(SHORT);
  expect(keysOf().open(sealed)).toEqual(SHORT);
  expect(keysOf('responder').open(sealed)).toBeUndefined();
});

test('keys and nonces are those of the second key schedule, over phases and epochs', () => {
  const keys = keysOf('responder');
  const secondRoot = new Uint8Array(64).fill(6);
  for (const [root, epoch, phase] of [
    [ROOT, 0, 0],
    [ROOT, 0, 1],
    [ROOT, 0, 2],
    [secondRoot, 1, 0],
    [secondRoot, 1, 1],
  ] as const) {
    if (phase > 0) keys.nextPhase();
    else if (epoch > 0) keys.nextEpoch(root);
    for (const sequence of [0, 1, 2]) {
      const { key, iv } = recordKey(root, 'r', epoch, phase);
      expect(aes256GcmOpen(key, recordNonce(iv, sequence), keys.seal(SHORT))).toEqual(SHORT);
    }
  }
});

test('no pair of key and nonce comes twice over records, key updates and epochs in both directions', () => {
  const seen = new Set<string>();
  let records = 0;
  for (const direction of ['i', 'r'] as const) {
    for (let epoch = 0; epoch < 4; epoch += 1) {
      const root = new Uint8Array(64).fill(epoch);
      for (let phase = 0; phase < 4; phase += 1) {
        const { key, iv } = recordKey(root, direction, epoch, phase);
        for (const sequence of [0, 1, 255, 256, 65_535, 2 ** 20 - 1, 2 ** 32, 2 ** 32 + 1]) {
          seen.add(bytesToHex(key) + bytesToHex(recordNonce(iv, sequence)));
          records += 1;
        }
      }
    }
  }
  expect(seen.size).toBe(records);
});

test('the same plaintext never gives the same record', () => {
  const keys = keysOf();
  const records = new Set<string>();
  for (let count = 0; count < 2_000; count += 1) {
    records.add(bytesToHex(keys.seal(SHORT)));
    if (count % 500 === 499) keys.nextPhase();
  }
  expect(records.size).toBe(2_000);
});

test('a record that was dropped, repeated or exchanged does not open', () => {
  const sender = keysOf();
  const [first, second] = [sender.seal(SHORT), sender.seal(SHORT)];
  const receiver = keysOf();
  expect(receiver.open(second)).toBeUndefined();
  expect(receiver.open(first)).toEqual(SHORT);
  expect(receiver.open(first)).toBeUndefined();
  expect(receiver.open(second)).toEqual(SHORT);
});

test('a bad tag leaves the sequence where it was', () => {
  const receiver = keysOf();
  expect(receiver.open(new Uint8Array(64))).toBeUndefined();
  expect(receiver.open(new Uint8Array(3))).toBeUndefined();
  expect(receiver.sequence).toBe(0);
});

test('a key is worn one record before its last, so that the last record can announce the next key', () => {
  const keys = new RecordKeys(ROOT.slice(), 'initiator', 0, 10);
  for (let count = 0; count < 8; count += 1) keys.seal(SHORT);
  expect(keys.isWorn).toBe(false);
  keys.seal(SHORT);
  expect([keys.isWorn, keys.sequence]).toEqual([true, 9]);
  keys.nextPhase();
  expect([keys.isWorn, keys.sequence, keys.phase]).toEqual([false, 0, 1]);
});

test('a key does 2^20 records unless a test says otherwise', () => {
  expect(KEY_RECORDS_MAX).toBe(1_048_576);
});
