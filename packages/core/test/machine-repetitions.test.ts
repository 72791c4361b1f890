import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Peer } from '../src/mesh/peer.js';
import {
  Repetitions,
  REPETITIONS_AT_FIRST,
  REPETITIONS_BURST,
  REPETITIONS_PER_SECOND,
} from '../src/mesh/repetitions.js';

/** Nothing of a peer is looked at but which one it is. */
const stranger = (): Peer => Object.create(null) as Peer;

test('M4: a neighbour that sends the same messages again and again is found out', () => {
  const repetitions = new Repetitions();
  const peer = stranger();
  expect(repetitions.heardAgain(peer, REPETITIONS_AT_FIRST, 0)).toBe(true);
  expect(repetitions.heardAgain(peer, 1, 0)).toBe(false);
});

test('an old link may have queued far more copies before it knew that we have them', () => {
  const repetitions = new Repetitions();
  const peer = stranger();
  repetitions.heardAgain(peer, 0, 0);
  const longAfterMs = (1_000 * REPETITIONS_BURST) / REPETITIONS_PER_SECOND;
  expect(repetitions.heardAgain(peer, REPETITIONS_BURST, longAfterMs)).toBe(true);
  expect(repetitions.heardAgain(peer, 1, longAfterMs)).toBe(false);
});

test('copies of what others brought are no fault, however fast they come', () => {
  const repetitions = new Repetitions();
  const [first, second] = [stranger(), stranger()];
  for (let message = 0; message < 100_000; message += 1) {
    repetitions.heardNew();
    expect(repetitions.heardAgain(first, 1, 0) && repetitions.heardAgain(second, 1, 0)).toBe(true);
  }
});

test('however copies and news come, a neighbour has no more than the burst, the rate and what was new', () => {
  const step = fc.record({ news: fc.nat(50), copies: fc.nat(2_000), waitMs: fc.nat(1_000) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const repetitions = new Repetitions();
      const peer = stranger();
      let [news, copies, nowMs] = [0, 0, 0];
      for (const one of steps) {
        nowMs += one.waitMs;
        news += one.news;
        for (let count = 0; count < one.news; count += 1) repetitions.heardNew();
        if (!repetitions.heardAgain(peer, one.copies, nowMs)) return;
        copies += one.copies;
        expect(copies).toBeLessThanOrEqual(
          REPETITIONS_AT_FIRST + news + (nowMs * REPETITIONS_PER_SECOND) / 1_000 + 1e-6,
        );
      }
    }),
  );
});
