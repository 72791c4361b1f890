import { bytesToHex } from '@yakmesh/crypto';
import { SeededRandom } from '@yakmesh/core/testing';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { GENERATION_RECORDS } from '../src/record/generations.js';
import { decodeRecordHeader, recordSession, writeRecordHeader } from '../src/record/header.js';
import { KEY_KEPT_MS, LOOK_AHEAD_GENERATIONS, RecordOpener } from '../src/record/opener.js';
import { BULK_CONTENT_BYTES, RECORD_BYTES, recordBytes } from '../src/record/padding.js';
import { GENERATIONS_AHEAD_MAX, RecordSealer, type SealerOptions } from '../src/record/sealer.js';
import { secondRecord } from './support/second-records.js';

const ROOT = new Uint8Array(64).fill(3);
const NEXT_ROOT = new Uint8Array(64).fill(4);
const SESSION = new Uint8Array(16).fill(5);

const sealer = (options: Partial<SealerOptions> = {}): RecordSealer =>
  new RecordSealer({ role: 'initiator', root: ROOT, peerSession: SESSION, nowMs: 0, ...options });
const opener = (): RecordOpener => new RecordOpener({ role: 'responder', root: ROOT, ownSession: SESSION });

const content = (value: number): Uint8Array => Uint8Array.of(9, value >> 16, value >> 8, value);
const valueOf = (opened: ReturnType<RecordOpener['open']>): number => {
  if (opened.type === 'fault') return -1;
  const [, a = 0, b = 0, c = 0] = opened.content;
  return (a << 16) | (b << 8) | c;
};
/** Seals as a sender whose every record is acknowledged at once. */
const sealAll = (from: RecordSealer, count: number, nowMs = 0): Uint8Array[] =>
  Array.from({ length: count }, (_, value) => {
    const { bytes, epoch, sequence } = from.seal(content(value), nowMs);
    from.acknowledged(epoch, sequence);
    return bytes;
  });

test('a record is what a second implementation makes of PROTOCOL.md, over generations and epochs', () => {
  const from = sealer();
  const records = sealAll(from, 600);
  for (const at of [0, 1, 255, 256, 511, 512, 599])
    expect(bytesToHex(records[at] ?? ROOT)).toBe(
      bytesToHex(secondRecord(ROOT, 'i', SESSION, 0, at, content(at))),
    );
  from.nextEpoch(NEXT_ROOT, 0);
  const next = from.seal(content(7), 0).bytes;
  expect(bytesToHex(next)).toBe(bytesToHex(secondRecord(NEXT_ROOT, 'i', SESSION, 1, 0, content(7))));
});

/** Moves each record by at most so many places. */
function reorder(records: readonly Uint8Array[], reach: number, random: SeededRandom) {
  return records
    .map((bytes, value) => ({ bytes, value, place: value + random.below(reach) }))
    .sort((a, b) => a.place - b.place);
}

test('acceptance 9: records reordered within two generations all open, each once', () => {
  const records = reorder(sealAll(sealer(), 4_096), 512, new SeededRandom('reorder'));
  const to = opener();
  for (const { bytes, value } of records) expect(valueOf(to.open(bytes, 0))).toBe(value);
  for (const { bytes } of records.slice(-50))
    expect(to.open(bytes, 0)).toEqual({ type: 'fault', code: 'PEER_RECORD_REPLAY' });
});

test('acceptance 9: records reordered within 4096 open at most once, and those whose key is gone not at all', () => {
  const records = reorder(sealAll(sealer(), 4_096), 4_096, new SeededRandom('reorder far'));
  const to = opener();
  const opened = new Set<number>();
  for (const { bytes, value } of [...records, ...records]) {
    const found = valueOf(to.open(bytes, 0));
    if (found === -1) continue;
    expect([found, opened.has(value)]).toEqual([value, false]);
    opened.add(value);
  }
  expect(opened.size).toBeGreaterThan(1_024);
});

test('acceptance 9: a record older than the window is refused', () => {
  const records = sealAll(sealer(), 4_097);
  const to = opener();
  for (const bytes of records.slice(1)) to.open(bytes, 0);
  expect(to.open(records[0] ?? ROOT, 0)).toEqual({ type: 'fault', code: 'PEER_RECORD_REPLAY' });
});

test('acceptance 9: a bad tag moves neither window nor keys', () => {
  const records = sealAll(sealer(), 16 * GENERATION_RECORDS);
  const to = opener();
  const forged = records.at(-1)?.slice() ?? ROOT;
  forged[100] = (forged[100] ?? 0) ^ 1;
  for (let count = 0; count < 10; count += 1)
    expect(to.open(forged, 0)).toEqual({ type: 'fault', code: 'PEER_RECORD_DECRYPT' });
  expect(records.slice(0, 300).every((bytes, value) => valueOf(to.open(bytes, 0)) === value)).toBe(true);
});

test('a header sixteen generations ahead is tried, one more is not', () => {
  const at = (generations: number): Uint8Array =>
    secondRecord(ROOT, 'i', SESSION, 0, generations * GENERATION_RECORDS, content(1));
  expect(opener().open(at(LOOK_AHEAD_GENERATIONS), 0).type).toBe('opened');
  expect(opener().open(at(LOOK_AHEAD_GENERATIONS + 1), 0).type).toBe('fault');
});

test('acceptance 10: the state at one generation opens nothing of three generations before', () => {
  const from = sealer();
  const records = sealAll(from, 6 * GENERATION_RECORDS);
  const to = opener();
  // Every record but the last of each generation, so that only keys stand between the thief and the rest.
  records.forEach((bytes, value) => {
    if (value % GENERATION_RECORDS !== 255) to.open(bytes, 0);
  });
  const late = (generation: number) =>
    to.open(records[generation * GENERATION_RECORDS + 255] ?? ROOT, 0).type;
  expect([5, 4, 3, 2, 1, 0].map(late)).toEqual(['opened', 'opened', 'opened', 'fault', 'fault', 'fault']);
});

test('keys of generations that were skipped are kept for thirty seconds', () => {
  const records = sealAll(sealer(), 4 * GENERATION_RECORDS);
  const to = opener();
  to.open(records.at(-1) ?? ROOT, 1_000);
  expect(to.open(records[600] ?? ROOT, 1_000).type).toBe('opened');
  expect(to.deadlineMs).toBe(1_000 + KEY_KEPT_MS);
  to.tick(1_000 + KEY_KEPT_MS);
  expect(to.open(records[601] ?? ROOT, 31_000)).toEqual({ type: 'fault', code: 'PEER_RECORD_DECRYPT' });
});

test('a key serves ten seconds; then the sender skips to the next generation', () => {
  const from = sealer();
  expect(from.seal(content(1), 0).sequence).toBe(0);
  expect(from.seal(content(1), 9_999).sequence).toBe(1);
  expect(from.seal(content(1), 10_000).sequence).toBe(256);
  expect(from.seal(content(1), 20_001).sequence).toBe(512);
});

test('a sender goes no more than eight generations past what was acknowledged, and an outage does not lock it out', () => {
  const from = sealer();
  let nowMs = 0;
  let count = 0;
  let latest = new Uint8Array(0) as Uint8Array;
  let lastSequence = 0;
  // Datagrams at a hundred a second into an outage of an hour.
  for (; nowMs < 3_600_000 && from.hasRoom; nowMs += 10, count += 1) {
    const sealed = from.seal(content(1), nowMs);
    latest = sealed.bytes;
    lastSequence = sealed.sequence;
  }
  expect(lastSequence).toBeLessThan((GENERATIONS_AHEAD_MAX + 1) * GENERATION_RECORDS);
  expect(from.hasRoom).toBe(false);
  expect(opener().open(latest, nowMs).type).toBe('opened');
  from.acknowledged(0, lastSequence);
  expect([from.hasRoom, count > 1_000]).toEqual([true, true]);
});

test('the old epoch opens until thirty seconds after the first record of the new one', () => {
  const from = sealer();
  const old = sealAll(from, 3);
  from.nextEpoch(NEXT_ROOT, 0);
  const to = opener();
  const first = from.seal(content(9), 0).bytes;
  expect(to.open(first, 0)).toEqual({ type: 'fault', code: 'PEER_RECORD_EPOCH' });
  to.addEpoch(1, NEXT_ROOT);
  expect(valueOf(to.open(first, 5_000))).toBe(9);
  to.tick(34_999);
  expect(valueOf(to.open(old[1] ?? ROOT, 34_999))).toBe(1);
  to.tick(35_000);
  expect(to.open(old[2] ?? ROOT, 35_000)).toEqual({ type: 'fault', code: 'PEER_RECORD_EPOCH' });
});

test('acceptance 13: every wire length is in the padding set, and depends on the bucket alone', () => {
  expect(RECORD_BYTES).toEqual([512, 1_024, 2_048, 4_096, 8_192, 16_384, 65_024]);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: BULK_CONTENT_BYTES }), (length) => {
      const { bytes } = sealer().seal(new Uint8Array(length), 0);
      expect(RECORD_BYTES).toContain(bytes.length);
      expect(bytes.length).toBe(recordBytes(length));
      const smaller = RECORD_BYTES.filter((size) => size < bytes.length).at(-1) ?? 0;
      expect(length + 44 > smaller).toBe(true);
    }),
    { numRuns: 200 },
  );
  expect(() => recordBytes(BULK_CONTENT_BYTES + 1)).toThrow(RangeError);
});

test('acceptance 14: at the hard limits nothing wraps: one record is left for CLOSE, then it throws', () => {
  const from = sealer({ sessionRecordsMax: 3 });
  sealAll(from, 2);
  expect([from.hasRoom, from.isSpent]).toEqual([false, true]);
  from.seal(content(1), 0);
  expect(() => from.seal(content(1), 0)).toThrow(RangeError);
  const epoch = sealer({ epochRecordsMax: 100 });
  sealAll(epoch, 37);
  expect([epoch.hasRoom, epoch.hasRoomForControl, epoch.isSpent]).toEqual([false, true, false]);
  sealAll(epoch, 62);
  expect([epoch.hasRoomForControl, epoch.isSpent]).toEqual([false, false]);
  epoch.nextEpoch(NEXT_ROOT, 0);
  expect(epoch.hasRoom).toBe(true);
});

test('a record names its session, and bytes of another type, with a flag or too few name none', () => {
  const record = new Uint8Array(512);
  writeRecordHeader(record, { session: SESSION, epoch: 1, sequence: 2 });
  const changed = (at: number): Uint8Array => record.with(at, 2);
  expect(recordSession(record)).toBe(String.fromCharCode(...SESSION));
  expect([changed(0), changed(1), record.subarray(0, 27)].map(recordSession)).toEqual(['', '', '']);
});

test('acceptance 14: a header at the ends of its fields is read and opens nothing', () => {
  for (const [epoch, sequence] of [
    [0xffff_ffff, 0],
    [0, 2 ** 48 - 1],
  ] as const) {
    const record = new Uint8Array(512);
    writeRecordHeader(record, { session: SESSION, epoch, sequence });
    expect(decodeRecordHeader(record)).toEqual({ session: SESSION, epoch, sequence });
    expect(opener().open(record, 0).type).toBe('fault');
  }
});

test('a record for another session, of another length, type or with a flag is refused', () => {
  const { bytes } = sealer().seal(content(1), 0);
  const bad = (change: (copy: Uint8Array) => Uint8Array) => opener().open(change(bytes.slice()), 0);
  const set = (at: number) => (copy: Uint8Array) => {
    copy[at] = (copy[at] ?? 0) ^ 1;
    return copy;
  };
  for (const change of [set(0), set(1), set(2), (copy: Uint8Array) => copy.subarray(1)])
    expect(bad(change)).toEqual({ type: 'fault', code: 'PEER_RECORD_BAD' });
});
