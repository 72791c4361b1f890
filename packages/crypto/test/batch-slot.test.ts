import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { SlotExpectation, SlotSignerOptions } from '../src/index.js';
import {
  decodeBatchHead,
  decodeSlot,
  encodeSlot,
  randomBytes,
  SLOT_BYTES,
  SlotSigner,
  verifySlot,
} from '../src/index.js';
import { anyBytes, bytesOf, damaged } from './arbitraries.js';
import { fakeIdentity, fakeKey, fakeSign, fakeSignature, fakeVerify, settled } from './fakes.js';

const netFp = new Uint8Array(32).fill(9);
const identity = fakeIdentity();
const leafMessage = new TextEncoder().encode('link/1 r\0transcript');
const expected: SlotExpectation = {
  use: 'link',
  netFp,
  publicKey: identity.publicKey,
  leafMessage,
  verify: fakeVerify,
};

function newSigner(options: Partial<SlotSignerOptions> = {}): SlotSigner {
  return new SlotSigner({
    identity,
    netFp,
    sign: fakeSign(identity),
    now: () => 1_000,
    randomBytes,
    ...options,
  });
}

const slot = await newSigner().add('link', leafMessage);

test('a slot has 3,745 bytes and depth 8, alone or in company', async () => {
  const signer = newSigner();
  const slots = await Promise.all(
    Array.from({ length: 300 }, (_, i) => signer.add('link', Uint8Array.of(i & 255))),
  );
  for (const each of [slot, ...slots]) {
    expect(each.length).toBe(3_745);
    expect(SLOT_BYTES).toBe(3_745);
    expect(decodeBatchHead(each.subarray(0, 112))).toMatchObject({ depth: 8, count: 256 });
  }
});

test('256 handshakes at once cost one signature, and every slot verifies for its own message alone', async () => {
  let signatures = 0;
  const signer = newSigner({
    sign: async (message, context) => {
      signatures++;
      return identity.sign(message, { context });
    },
  });
  const messages = Array.from({ length: 256 }, (_, i) => Uint8Array.of(i));
  const slots = await Promise.all(messages.map((message) => signer.add('link', message)));
  expect(signatures).toBe(1);
  expect(new Set(slots.map((each) => decodeSlot(each)?.index)).size).toBe(256);
  for (const [i, message] of messages.entries()) {
    const own = slots[i] ?? slot;
    expect(await verifySlot(own, { ...expected, leafMessage: message })).toBe(true);
    expect(await verifySlot(own, { ...expected, leafMessage: Uint8Array.of(i + 1, 0) })).toBe(false);
  }
});

test('the place of a message is random and tells nothing of its turn', async () => {
  const places = new Set<number | undefined>();
  for (let i = 0; i < 40; i++) places.add(decodeSlot(await newSigner().add('hop', leafMessage))?.index);
  expect(places.size).toBeGreaterThan(20);
});

test.each([
  ['another use', { use: 'hop' as const }],
  ['another network', { netFp: new Uint8Array(32) }],
  ['another key', { publicKey: fakeKey(2) }],
  ['a key of another length', { publicKey: new Uint8Array(1951) }],
  ['another message', { leafMessage: new Uint8Array(3) }],
])('%s fails', async (_name, change) => {
  expect(await verifySlot(slot, expected)).toBe(true);
  expect(await verifySlot(slot, { ...expected, ...change })).toBe(false);
});

test('no byte of a slot can be changed', async () => {
  for (let at = 0; at < slot.length; at++) {
    const changed = slot.map((byte, i) => (i === at ? byte ^ 0x40 : byte));
    expect(await verifySlot(changed, expected)).toBe(false);
  }
});

test('a head that names another signer fails although its signature fits', async () => {
  const stranger = fakeIdentity(2);
  const forged = await newSigner({ identity: { ...identity, nodeIdBytes: stranger.nodeIdBytes } }).add(
    'link',
    leafMessage,
  );
  expect(await verifySlot(forged, expected)).toBe(false);
});

test('a tree of another depth is no slot', async () => {
  const fields = decodeSlot(slot);
  if (fields === undefined) throw new Error('unreachable');
  const head = fields.head.map((byte, i) => (i === 5 ? 7 : i === 6 ? 0 : i === 7 ? 128 : byte));
  const signature = fakeSignature(identity.publicKey, head, new Uint8Array(1));
  expect(await verifySlot(encodeSlot({ ...fields, head, signature }), expected)).toBe(false);
});

test('a wrong tree is refused before the signature is looked at', async () => {
  let verifications = 0;
  const verify = async (): Promise<boolean> => ++verifications > 0;
  expect(await verifySlot(slot, { ...expected, leafMessage: new Uint8Array(1), verify })).toBe(false);
  expect(verifications).toBe(0);
});

test('a slot and back is the identity', () => {
  const fields = fc.record({
    head: bytesOf(112),
    signature: bytesOf(3309),
    batchId: bytesOf(32),
    index: fc.integer({ min: 0, max: 255 }),
    salt: bytesOf(32),
    path: bytesOf(256),
  });
  fc.assert(
    fc.property(fields, (each) => {
      expect(decodeSlot(encodeSlot(each))).toEqual(each);
    }),
    { numRuns: 30 },
  );
});

test('bytes of a stranger never throw and never verify', async () => {
  const bytes = fc.oneof(anyBytes(), bytesOf(SLOT_BYTES), damaged(fc.constant(slot)));
  await fc.assert(
    fc.asyncProperty(bytes, async (each) => {
      expect(await verifySlot(each, expected)).toBe(false);
    }),
  );
});

test('a full queue, a long message and a closed signer are refused', async () => {
  const signer = newSigner({ queueMax: 1 });
  const first = signer.add('link', leafMessage);
  await expect(signer.add('link', leafMessage)).rejects.toMatchObject({ code: 'BATCH_QUEUE_FULL' });
  await expect(signer.add('link', new Uint8Array(1025))).rejects.toThrow(RangeError);
  await first;
  signer.close();
  await settled();
  await expect(signer.add('link', leafMessage)).rejects.toMatchObject({ code: 'BATCH_CLOSED' });
});
