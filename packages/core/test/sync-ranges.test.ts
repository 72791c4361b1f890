import { expect, test } from '@jest/globals';
import { sha256, utf8ToBytes } from '@yakmesh/crypto';
import fc from 'fast-check';
import { RangeIndex, type Indexed } from '../src/sync/range-index.js';
import { decodeSyncFrame, encodeSyncFrame, type SyncFrame } from '../src/sync/messages.js';
import { nameBytes, recordName, separator, splitName } from '../src/sync/record-name.js';
import {
  decodeStreamMessage,
  encodeCompare,
  encodeIds,
  type ComparedRange,
  type RangeIds,
  type StreamMessage,
} from '../src/sync/stream-messages.js';
import { SeededRandom } from '../src/testing/index.js';
import { modelNode, reconcile, type ModelNode } from './support/model-sync.js';

const key = fc.string({ unit: fc.constantFrom('a', 'b', '\0', 'é', '😀'), minLength: 1, maxLength: 4 });
const bytes16 = fc.uint8Array({ minLength: 16, maxLength: 16 });

test('an index gives the same count, sum and order as a sorted list', () => {
  const step = fc.record({ name: key, isDeletion: fc.boolean(), version: fc.nat(3) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), key, key, (steps, one, other) => {
      const index = new RangeIndex(new SeededRandom('index'));
      const naive = new Map<string, Indexed>();
      for (const { name, isDeletion, version } of steps) {
        const entry = entryOf(name, version);
        if (isDeletion) expect(index.delete(name)).toBe(naive.delete(name));
        else {
          index.set(entry);
          naive.set(name, entry);
        }
      }
      const [from, to] = one < other ? [one, other] : [other, one];
      const sorted = [...naive.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
      const inside = sorted.filter(({ name }) => name >= from && name < to);
      expect(index.size).toBe(sorted.length);
      expect([...index.entries('', undefined)]).toEqual(sorted);
      expect([...index.reversed(from, to)]).toEqual([...inside].reverse());
      expect(sorted.map((_, rank) => index.at(rank))).toEqual(sorted);
      const fresh = new RangeIndex(new SeededRandom('another'));
      for (const entry of inside) fresh.set(entry);
      expect(index.summary(from, to)).toEqual(fresh.summary('', undefined));
    }),
  );
});

test('sets that differ in one record, one version or one name have other fingerprints', () => {
  const fingerprint = (...entries: Indexed[]): string => {
    const index = new RangeIndex(new SeededRandom('index'));
    for (const entry of entries) index.set(entry);
    return index.summary('', undefined).fingerprint.join();
  };
  const [a, b] = [entryOf('a', 0), entryOf('b', 0)];
  const all = [
    fingerprint(),
    fingerprint(a),
    fingerprint(b),
    fingerprint(a, b),
    fingerprint(entryOf('a', 1), b),
  ];
  expect(new Set(all).size).toBe(all.length);
});

test('names sort by their bytes, and a separator lies between two of them', () => {
  fc.assert(
    fc.property(fc.uniqueArray(key, { minLength: 2, maxLength: 2 }), ([one = '', other = '']) => {
      const [a = '', b = ''] = [recordName('c', one) ?? '', recordName('c', other) ?? ''].sort();
      const bound = separator(a, b);
      expect(a < bound && bound <= b).toBe(true);
      expect(Buffer.compare(nameBytes(a), nameBytes(b))).toBe(-1);
      expect([one, other]).toContain(splitName(a).key);
    }),
  );
});

test('frames, comparisons and lists come back as they were sent', () => {
  const number = fc.nat(0xffff_ffff);
  const frame: fc.Arbitrary<SyncFrame> = fc.oneof(
    fc.record({
      type: fc.constant('data' as const),
      epoch: number,
      number,
      piece: fc.uint8Array({ minLength: 1 }),
    }),
    fc.record({
      type: fc.constant('ack' as const),
      epoch: number,
      received: number,
      sent: number,
      isIdle: fc.boolean(),
    }),
    fc.record({ type: fc.constant('restart' as const), epoch: number }),
  );
  fc.assert(fc.property(frame, (sent) => expect(decodeSyncFrame(encodeSyncFrame(sent))).toEqual(sent)));
  const bounds = fc.uniqueArray(
    key.map((text) => recordName('c', text) ?? ''),
    { minLength: 2, maxLength: 80 },
  );
  fc.assert(
    fc.property(bounds, number, bytes16, (unsorted, count, fingerprint) => {
      const sorted = [...unsorted].sort();
      const ranges: ComparedRange[] = sorted.map((from, at) => ({
        from,
        to: sorted[at + 1],
        count,
        fingerprint,
      }));
      // Every third is left out, so that there are gaps.
      const gappy = ranges.filter((_, at) => at % 3 !== 1);
      expect(decodedAll(encodeCompare(gappy, true)).flatMap(rangesOf)).toEqual(gappy);
      const listed: RangeIds[] = gappy.map(({ from, to }) => ({ from, to, ids: [fingerprint] }));
      expect(decodedAll(encodeIds('want', listed)).flatMap(rangesOf)).toEqual(listed);
    }),
  );
});

test('two stores end with the union of both, as a naive comparison says, whatever frames are lost', async () => {
  const records = fc.uniqueArray(fc.tuple(fc.nat(400), fc.constantFrom('a', 'b', 'both')), {
    selector: ([record]) => record,
    maxLength: 120,
  });
  await fc.assert(
    fc.asyncProperty(records, fc.nat(3), fc.nat(), async (all, loss, seed) => {
      let nowMs = 1_700_000_000_000;
      const [a, b] = [modelNode('a', { nowMs: () => nowMs }), modelNode('b', { nowMs: () => nowMs })];
      for (const [record, where] of all) {
        const writer = where === 'b' ? b : a;
        await writer.write('notes', `${record}`, record);
        if (where !== 'both') continue;
        await b.keeper.take([await a.record('notes', `${record}`)], { from: undefined, isProven: true });
      }
      const random = new SeededRandom(seed);
      for (let round = 0; round < 60 && a.fingerprint !== b.fingerprint; round += 1) {
        await reconcile(a, b, () => round < 20 && loss > 0 && random.below(10) < loss);
        nowMs += 40_000;
        await stalled([a, b]);
      }
      expect(a.fingerprint).toBe(b.fingerprint);
      expect(a.keeper.ledger.index.size).toBe(all.length);
    }),
    { numRuns: 60 },
  );
}, 120_000);

/** The time of machines that wait for what was lost is up. */
async function stalled(nodes: readonly ModelNode[]): Promise<void> {
  for (const node of nodes)
    for (const [peer, machine] of node.machines)
      await node.perform(peer, machine.tick(node.nowMs()), () => undefined);
}

function entryOf(name: string, version: number): Indexed {
  return { name, id: sha256(utf8ToBytes(`${name}/${version}`)).slice(0, 16) };
}

function decodedAll(messages: readonly Uint8Array[]): StreamMessage[] {
  return messages.map((message) => {
    const decoded = decodeStreamMessage(message[0] ?? 0, message.subarray(4));
    if (decoded === undefined) throw new Error('a message of ours is not understood');
    return decoded;
  });
}

function rangesOf(message: StreamMessage): readonly (ComparedRange | RangeIds)[] {
  return 'ranges' in message ? message.ranges : [];
}
