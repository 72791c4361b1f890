import { expect, test } from '@jest/globals';
import type { BatchHead, NodeId } from '@yakmesh/crypto';
import fc from 'fast-check';
import type { Batch, BatchMessage } from '../src/envelope/batch.js';
import { encodeEnvelope } from '../src/envelope/envelope.js';
import { Retention } from '../src/retention/retention.js';
import { countOf } from '../src/tree/spans.js';
import { envelopeOf, EPOCH_MS } from './support/link-pair.js';

const OPTIONS = { retentionMs: 1_000, bytesMax: 1_000_000 };

function batchOf(origin: number, count: number): Batch {
  const originBytes = new Uint8Array(32).fill(origin);
  const head = { count } as BatchHead;
  const bytes = new Uint8Array(0);
  return {
    use: 'gossip',
    networkHash: bytes,
    publicKey: bytes,
    origin: `yak1${origin}` as NodeId,
    originBytes,
    headBytes: bytes,
    head,
    signature: bytes,
    key: String(origin),
    tree: undefined,
  };
}

function message(sequence: number, index: number, bytes = 50, lifeSeconds = 600): BatchMessage {
  const envelope = envelopeOf(new Uint8Array(bytes).fill(sequence), { epoch: 1, sequence, timeMs: EPOCH_MS + sequence, lifeSeconds }); // prettier-ignore
  const core = encodeEnvelope(envelope);
  const id = new Uint8Array(16).fill(sequence);
  return {
    index,
    salt: new Uint8Array(16).fill(index),
    core,
    envelope,
    id,
    path: new Uint8Array(64).fill(index),
  };
}

const wish = (origin: number, first: number, last: number) => ({
  entry: { origin: new Uint8Array(32).fill(origin), epoch: 1, spans: [{ first, last }] },
  sinceMs: 0,
  wallMs: EPOCH_MS,
});

test('what is kept comes back byte for byte, in the order of its numbers', () => {
  const retention = new Retention(OPTIONS);
  const batch = batchOf(1, 8);
  const messages = [4, 5, 6].map((sequence, at) => message(sequence, at + 2));
  retention.add(batch, messages, 9, 0);
  retention.add(batchOf(1, 1), [message(3, 0)], 7, 1);
  const parcels = retention.parcels(wish(1, 0, 100));
  expect(parcels.map(({ ttl, isWhole }) => [ttl, isWhole])).toEqual([[7, true], [9, false]]); // prettier-ignore
  expect(parcels[1]?.batch).toBe(batch);
  for (const [at, kept] of (parcels[1]?.messages ?? []).entries()) {
    const { index, salt, core, path, envelope } = messages[at] ?? message(0, 0);
    expect(kept).toMatchObject({ index, salt, core, path });
    expect(kept.envelope).toEqual(envelope);
  }
});

test('nothing that was kept pins the memory that it came in', () => {
  const retention = new Retention(OPTIONS);
  const large = new Uint8Array(500_000);
  const one = message(1, 0);
  large.set(one.core, 1_000);
  const view = large.subarray(1_000, 1_000 + one.core.length);
  retention.add(batchOf(1, 1), [{ ...one, core: view }], 1, 0);
  const [parcel] = retention.parcels(wish(1, 1, 1));
  expect(parcel?.messages[0]?.core.buffer.byteLength).toBeLessThan(2_000);
});

test('messages leave after their time, and with them all that is counted for them', () => {
  const retention = new Retention(OPTIONS);
  retention.add(batchOf(1, 1), [message(1, 0)], 1, 0);
  retention.add(batchOf(2, 1), [message(1, 0)], 1, 500);
  retention.expire(999);
  expect(retention.holdings).toHaveLength(2);
  retention.expire(1_000);
  expect(retention.holdings.map(({ origin }) => origin[0])).toEqual([2]);
  retention.expire(2_000);
  expect([retention.holdings, retention.bytes]).toEqual([[], 0]);
});

test('with 0 bytes or 0 ms nothing is kept', () => {
  for (const options of [
    { ...OPTIONS, bytesMax: 0 },
    { ...OPTIONS, retentionMs: 0 },
  ]) {
    const retention = new Retention(options);
    retention.add(batchOf(1, 1), [message(1, 0)], 1, 0);
    expect(retention.holdings).toEqual([]);
  }
});

test('a message signed too early for who asks, or whose life is over, is not given', () => {
  const retention = new Retention(OPTIONS);
  retention.add(batchOf(1, 2), [message(1, 0, 50, 1), message(2, 1)], 1, 0);
  const sequences = (sinceMs: number, wallMs: number): number[] =>
    retention
      .parcels({ ...wish(1, 0, 9), sinceMs, wallMs })
      .flatMap(({ messages }) => messages.map(({ envelope }) => envelope.sequence));
  expect(sequences(0, EPOCH_MS)).toEqual([1, 2]);
  expect(sequences(EPOCH_MS + 1, EPOCH_MS)).toEqual([2]);
  expect(sequences(0, EPOCH_MS + 5_000)).toEqual([2]);
});

test('whatever comes, bytes stay within their bound, the oldest leave first and none is lost uncounted', () => {
  const adds = fc.array(fc.record({ origin: fc.integer({ min: 1, max: 3 }), count: fc.integer({ min: 1, max: 6 }), bytes: fc.nat(2_000) }), { maxLength: 60 }); // prettier-ignore
  fc.assert(
    fc.property(adds, (all) => {
      const bytesMax = 30_000;
      const retention = new Retention({ retentionMs: 1_000_000, bytesMax });
      const next = [0, 0, 0, 0];
      let kept = 0;
      for (const [at, { origin, count, bytes }] of all.entries()) {
        const messages = Array.from({ length: count }, (_, index) =>
          message((next[origin] ?? 0) + index, index, bytes),
        );
        next[origin] = (next[origin] ?? 0) + count;
        kept += count - retention.add(batchOf(origin, count), messages, 1, at);
        expect(retention.bytes).toBeLessThanOrEqual(bytesMax);
        const held = retention.holdings.reduce((sum, { spans }) => sum + countOf(spans), 0);
        expect(held).toBe(kept);
        for (const { origin: one, spans } of retention.holdings)
          expect([spans.length, spans[0]?.last]).toEqual([1, (next[one[0] ?? 0] ?? 0) - 1]);
      }
      retention.expire(10_000_000);
      expect([retention.bytes, retention.holdings]).toEqual([0, []]);
    }),
  );
});

test('two nodes that keep the same have the same digest, and one message more is another', () => {
  const [one, other] = [new Retention(OPTIONS), new Retention(OPTIONS)];
  one.add(batchOf(1, 2), [message(1, 0), message(2, 1)], 1, 0);
  other.add(batchOf(1, 2), [message(2, 1)], 5, 3);
  expect(one.digest(EPOCH_MS + 10)).not.toEqual(other.digest(EPOCH_MS + 10));
  other.add(batchOf(1, 2), [message(1, 0)], 5, 4);
  expect(one.digest(EPOCH_MS + 10)).toEqual(other.digest(EPOCH_MS + 10));
  // Younger ones are on their way.
  expect(one.digest(EPOCH_MS + 1)).not.toEqual(one.digest(EPOCH_MS + 10));
});
