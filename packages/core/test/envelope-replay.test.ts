import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Envelope } from '../src/envelope/envelope.js';
import { ReplayState } from '../src/envelope/replay-state.js';
import { SequenceRanges, SEQUENCE_RANGES_MAX } from '../src/envelope/sequence-ranges.js';
import { envelopeOf, EPOCH_MS } from './support/link-pair.js';

const NOW = EPOCH_MS;
const EMPTY = new Uint8Array(0);

function envelope(sequence: number, changes: Partial<Envelope> = {}): Envelope {
  return envelopeOf(EMPTY, { epoch: 1_000, sequence, timeMs: NOW, ...changes });
}

/** Accepts as the router does: check, then mark. */
function accepts(state: ReplayState, origin: string, one: Envelope, nowMs = NOW): boolean {
  return state.check(origin, one, nowMs) === undefined && state.mark(origin, one);
}

test('ranges say of any number what a plain set says, as long as no gap was given up', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(100), { maxLength: 200, size: 'max' }), (numbers) => {
      const ranges = new SequenceRanges();
      const model = new Set<number>();
      for (const number of numbers) {
        expect(ranges.has(number)).toBe(model.has(number));
        expect(ranges.mark(number)).toBe(!model.has(number));
        model.add(number);
      }
      // At most 51 ranges fit 101 numbers, so none was given up.
      for (let number = 0; number <= 101; number += 1) expect(ranges.has(number)).toBe(model.has(number));
    }),
  );
});

test('with more gaps than are kept, no number is ever accepted twice, and only old ones are given up', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(2_000), { minLength: 100, maxLength: 400, size: 'max' }), (numbers) => {
      const ranges = new SequenceRanges();
      const model = new Set<number>();
      for (const number of numbers) {
        const isNew = ranges.mark(number);
        if (isNew) expect(model.has(number)).toBe(false);
        else expect(model.has(number) || number <= ranges.floor).toBe(true);
        model.add(number);
      }
    }),
  );
});

test('the oldest gap is given up when a 65th range opens, and its numbers count as seen', () => {
  const ranges = new SequenceRanges();
  for (let range = 1; range <= SEQUENCE_RANGES_MAX; range += 1) ranges.mark(10 * range);
  expect([ranges.floor, ranges.has(5)]).toEqual([-1, false]);
  ranges.mark(10 * (SEQUENCE_RANGES_MAX + 1));
  expect([ranges.floor, ranges.has(5), ranges.has(15)]).toEqual([10, true, false]);
});

test('D3: a jump to 2^48 − 1 locks nobody out: every other number stays open', () => {
  const state = new ReplayState();
  expect(accepts(state, 'a', envelope(2 ** 48 - 1))).toBe(true);
  expect(accepts(state, 'a', envelope(0))).toBe(true);
  expect(accepts(state, 'a', envelope(2 ** 47))).toBe(true);
  expect(accepts(state, 'a', envelope(2 ** 48 - 1))).toBe(false);
});

test('M1: each envelope of any origin, space and epoch is accepted once, like a set of all that were accepted', () => {
  const sends = fc.record({
    origin: fc.constantFrom('a', 'b', 'c'),
    class: fc.constantFrom(1 as const, 2 as const, 3 as const),
    sequence: fc.nat(20),
    epoch: fc.constantFrom(1_000, 2_000, 3_000),
  });
  fc.assert(
    fc.property(fc.array(sends, { maxLength: 200, size: 'max' }), (all) => {
      const state = new ReplayState();
      const accepted = new Set<string>();
      const newest = new Map<string, number>();
      for (const { origin, class: kind, sequence, epoch } of all) {
        const space = `${origin} ${kind === 1 ? 'all' : 'me'}`;
        const name = `${space} ${epoch} ${sequence}`;
        const isAccepted = accepts(state, origin, envelope(sequence, { class: kind, epoch }));
        if (isAccepted) expect(accepted.has(name)).toBe(false);
        // In the newest epoch nothing new is refused.
        else expect(accepted.has(name) || epoch < (newest.get(space) ?? 0)).toBe(true);
        if (isAccepted) accepted.add(name);
        newest.set(space, Math.max(newest.get(space) ?? 0, epoch));
      }
    }),
  );
});

test('checking marks nothing: only what was verified counts as seen', () => {
  const state = new ReplayState();
  for (let count = 0; count < 3; count += 1) expect(state.check('a', envelope(1), NOW)).toBeUndefined();
  expect(state.mark('a', envelope(1))).toBe(true);
  expect(state.check('a', envelope(1), NOW)).toBe('PEER_DUPLICATE');
});

test('time rules: 2 minutes ahead is the most, and a message lives until time + life', () => {
  const state = new ReplayState();
  const check = (changes: Partial<Envelope>, nowMs = NOW) => state.check('a', envelope(1, changes), nowMs);
  expect(check({ timeMs: NOW + 120_000 })).toBeUndefined();
  expect(check({ timeMs: NOW + 120_001 })).toBe('PEER_FROM_FUTURE');
  expect(check({ epoch: NOW + 120_001 })).toBe('PEER_FROM_FUTURE');
  expect(check({ lifeSeconds: 10 }, NOW + 10_000)).toBeUndefined();
  expect(check({ lifeSeconds: 10 }, NOW + 10_001)).toBe('PEER_EXPIRED');
  expect(check({ lifeSeconds: 0 }, NOW + 1)).toBe('PEER_EXPIRED');
});

test('a new epoch begins at any number, and the epoch before stays open until its messages expire', () => {
  const state = new ReplayState();
  expect(accepts(state, 'a', envelope(7, { lifeSeconds: 60 }))).toBe(true);
  expect(accepts(state, 'a', envelope(7, { epoch: 2_000 }))).toBe(true);
  expect(state.check('a', envelope(7, { lifeSeconds: 60 }), NOW)).toBe('PEER_DUPLICATE');
  expect(accepts(state, 'a', envelope(8, { lifeSeconds: 60 }))).toBe(true);
  const late = envelope(9, { timeMs: NOW + 61_000 });
  expect(state.check('a', late, NOW + 61_000)).toBe('PEER_STALE_SEQUENCE');
});

test('the epoch before stays open for the life of its own messages, not of the first message after it', () => {
  const state = new ReplayState();
  expect(accepts(state, 'a', envelope(1, { lifeSeconds: 600 }))).toBe(true);
  expect(accepts(state, 'a', envelope(0, { epoch: 2_000, lifeSeconds: 1 }))).toBe(true);
  expect(accepts(state, 'a', envelope(2, { lifeSeconds: 600 }), NOW + 5_000)).toBe(true);
});

test('an epoch before the last one is stale, and marks nothing in the one between', () => {
  const state = new ReplayState();
  const old = envelope(5);
  expect(state.check('a', old, NOW)).toBeUndefined();
  // Between its check and its mark, two newer epochs of the origin came in.
  expect(accepts(state, 'a', envelope(1, { epoch: 2_000 }))).toBe(true);
  expect(accepts(state, 'a', envelope(1, { epoch: 3_000 }))).toBe(true);
  expect(state.mark('a', old)).toBe(false);
  expect(accepts(state, 'a', envelope(5, { epoch: 2_000 }))).toBe(true);
});

test('M4: evicting an origin raises the floor, so that none of its old messages comes again', () => {
  const state = new ReplayState(2);
  expect(accepts(state, 'a', envelope(1, { timeMs: NOW + 10 }))).toBe(true);
  expect(accepts(state, 'b', envelope(1, { timeMs: NOW + 20 }))).toBe(true);
  expect(accepts(state, 'c', envelope(1, { timeMs: NOW + 30 }))).toBe(true);
  expect(state.origins).toBe(2);
  expect(state.check('a', envelope(1, { timeMs: NOW + 10 }), NOW)).toBe('PEER_UNKNOWN_ORIGIN_TOO_OLD');
  expect(state.check('a', envelope(2, { timeMs: NOW + 11 }), NOW)).toBeUndefined();
});

test('M4: with any origins beyond the limit, nothing is accepted twice', () => {
  const sends = fc.array(fc.tuple(fc.nat(6), fc.nat(8)), { maxLength: 150, size: 'max' });
  fc.assert(
    fc.property(sends, (all) => {
      const state = new ReplayState(3);
      const accepted = new Set<string>();
      for (const [origin, sequence] of all) {
        // The same message keeps its time, as it is signed.
        const one = envelope(sequence, { timeMs: NOW + 100 * sequence + origin });
        if (!accepts(state, String(origin), one)) continue;
        expect(accepted.has(`${origin} ${sequence}`)).toBe(false);
        accepted.add(`${origin} ${sequence}`);
      }
    }),
  );
});

test('M4: the origin that was heard longest ago leaves first, not the one that is talking', () => {
  const state = new ReplayState(2);
  accepts(state, 'talker', envelope(1, { timeMs: NOW }));
  accepts(state, 'silent', envelope(1, { timeMs: NOW + 1 }));
  accepts(state, 'talker', envelope(2, { timeMs: NOW + 50 }));
  accepts(state, 'new', envelope(1, { timeMs: NOW + 60 }));
  expect(state.check('talker', envelope(1, { timeMs: NOW }), NOW)).toBe('PEER_DUPLICATE');
  expect(state.check('silent', envelope(1, { timeMs: NOW + 1 }), NOW)).toBe('PEER_UNKNOWN_ORIGIN_TOO_OLD');
});

test('a message checked before its origin was evicted is not marked as new after it', () => {
  const state = new ReplayState(1);
  const seen = envelope(1);
  const other = envelope(2);
  expect(accepts(state, 'a', seen)).toBe(true);
  expect(state.check('a', other, NOW)).toBeUndefined();
  expect(accepts(state, 'b', envelope(1, { timeMs: NOW + 5 }))).toBe(true);
  expect(state.mark('a', other)).toBe(false);
});

test('after a crash, what may have been seen before it is refused, and newer messages are not', () => {
  const before = new ReplayState();
  accepts(before, 'a', envelope(1));
  const snapshot = before.snapshot(NOW);
  const after = new ReplayState();
  after.restore(snapshot, 5_000);
  expect(after.check('a', envelope(1), NOW)).toBe('PEER_UNKNOWN_ORIGIN_TOO_OLD');
  expect(after.check('b', envelope(1, { timeMs: NOW + 5_000 }), NOW)).toBe('PEER_UNKNOWN_ORIGIN_TOO_OLD');
  expect(after.check('b', envelope(1, { timeMs: NOW + 5_001 }), NOW)).toBeUndefined();
});
