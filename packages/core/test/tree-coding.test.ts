import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  decodeTreeMessage,
  encodeTreeMessage,
  framesOf,
  type Entry,
  type TreeMessage,
} from '../src/tree/messages.js';
import { countOf, includes, lowest, overlaps, SpanSet, without, type Spans } from '../src/tree/spans.js';

const spans: fc.Arbitrary<Spans> = fc
  .array(fc.tuple(fc.nat(300), fc.nat(20)), { minLength: 1, maxLength: 20 })
  .map((runs) => new SpanSet(runs.map(([first, more]) => ({ first, last: first + more }))).spans);
const entry: fc.Arbitrary<Entry> = fc.record({
  origin: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  epoch: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
  spans,
});
const entries = fc.array(entry, { maxLength: 20 });
const time = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const message: fc.Arbitrary<TreeMessage> = fc.oneof(
  fc.record({ type: fc.constantFrom('have' as const, 'offer' as const), entries }),
  fc.record({ type: fc.constantFrom('graft' as const, 'want' as const), sinceMs: time, entries }),
  fc.record({ type: fc.constantFrom('prune' as const, 'done' as const, 'ask' as const) }),
  fc.record({
    type: fc.constant('digest' as const),
    untilMs: time,
    digest: fc.uint8Array({ minLength: 8, maxLength: 8 }),
  }),
  fc.record({
    type: fc.constant('root' as const),
    root: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    sequence: time,
    ageMs: fc.nat(0xffff),
    distanceMs: fc.nat(0xffff),
    isParent: fc.boolean(),
  }),
);

function setOf(list: Spans): Set<number> {
  const set = new Set<number>();
  for (const { first, last } of list) for (let at = first; at <= last; at += 1) set.add(at);
  return set;
}

test('runs behave as sets of numbers', () => {
  fc.assert(
    fc.property(spans, spans, fc.nat(400), (a, b, most) => {
      const [inA, inB] = [setOf(a), setOf(b)];
      expect(setOf(without(a, b))).toEqual(new Set([...inA].filter((at) => !inB.has(at))));
      expect(countOf(a)).toBe(inA.size);
      expect(overlaps(a, b)).toBe([...inA].some((at) => inB.has(at)));
      expect(includes(a, most)).toBe(inA.has(most));
      expect([...setOf(lowest(a, most))]).toEqual([...inA].sort((x, y) => x - y).slice(0, most));
      const set = new SpanSet(a);
      for (const { first, last } of b) set.add(first, last);
      expect(setOf(set.spans)).toEqual(new Set([...inA, ...inB]));
      expect(countOf(set.spans)).toBe(new Set([...inA, ...inB]).size);
      set.remove(b);
      expect(setOf(set.spans)).toEqual(new Set([...inA].filter((at) => !inB.has(at))));
    }),
  );
});

test('every message of tree/1 is read as it was written', () => {
  fc.assert(
    fc.property(message, (sent) => {
      expect(decodeTreeMessage(encodeTreeMessage(sent))).toEqual(sent);
    }),
  );
});

test('no bytes make the reader throw, and bytes behind a message are refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), message, (bytes, sent) => {
      decodeTreeMessage(bytes);
      expect(decodeTreeMessage(Uint8Array.from([...encodeTreeMessage(sent), 0]))).toBeUndefined();
    }),
  );
});

test('a run longer than its field is written as several and read as one', () => {
  const long = { origin: new Uint8Array(32), epoch: 1, spans: [{ first: 5, last: 200_000 }] };
  const sent = encodeTreeMessage({ type: 'offer', entries: [long] });
  expect(decodeTreeMessage(sent)).toEqual({ type: 'offer', entries: [long] });
});

test.each([
  ['no type', ''],
  ['an unknown type', '09'],
  ['an entry without runs', `010001${'11'.repeat(32)}0000000000010000`],
  ['runs that go back', `010001${'11'.repeat(32)}0000000000010002${'000000000005'}0001${'000000000004'}0000`],
  ['a run beyond 2^48', `010001${'11'.repeat(32)}0000000000010001${'ffffffffffff'}0001`],
  ['more entries than there are', '010002'],
])('%s is no message', (_name, hex) => {
  expect(decodeTreeMessage(Uint8Array.from(Buffer.from(hex, 'hex')))).toBeUndefined();
});

test('entries of any number fit frames of 16 KiB, and none is lost', () => {
  const many = Array.from({ length: 700 }, (_, at) => ({
    origin: new Uint8Array(32).fill(at),
    epoch: at,
    spans: Array.from({ length: 1 + (at % 40) }, (_item, run) => ({ first: 10 * run, last: 10 * run + 3 })),
  }));
  const frames = framesOf([
    ...many,
    { ...many[0], origin: new Uint8Array(32), epoch: 9, spans: [{ first: 0, last: 400_000_000 }] },
  ]);
  let count = 0;
  for (const list of frames) {
    expect(encodeTreeMessage({ type: 'want', sinceMs: 1, entries: list }).length).toBeLessThanOrEqual(16_384);
    for (const one of list) count += countOf(one.spans);
  }
  expect(count).toBe(many.reduce((sum, one) => sum + countOf(one.spans), 400_000_001));
});
