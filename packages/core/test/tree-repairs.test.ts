import { expect, test } from '@jest/globals';
import type { NodeId } from '@yakmesh/crypto';
import { Repairs } from '../src/tree/repairs.js';
import { SpanSet, without, type Spans } from '../src/tree/spans.js';
import {
  ARRIVAL_MS_MAX,
  OFFERED_SPANS_MAX,
  REPAIR_RETRY_MS,
  SETTLE_MS,
  WANT_MS_MAX,
} from '../src/tree/tree-limits.js';

const ORIGIN = new Uint8Array(32).fill(7);
const EPOCH = 1_000;
const A = 'yak1a' as NodeId;
const B = 'yak1b' as NodeId;
const ALL: Spans = [{ first: 1, last: 10 }];

/** Repairs of a node that has what was `got`, without a limit for origins; `looks` counts how often it was asked what it lacks. */
function repairs() {
  const got = new SpanSet();
  let looks = 0;
  const machine = new Repairs({
    lacking: (_origin, _epoch, spans) => {
      looks += 1;
      return without(spans, got.spans);
    },
    messagesPerSecond: 0,
    retentionMs: 120_000,
  });
  const offer = (from: NodeId, spans: Spans, nowMs: number): number =>
    machine.offered(from, [{ origin: ORIGIN, epoch: EPOCH, spans }], SETTLE_MS, nowMs);
  const wanted = (nowMs: number) => machine.tick(nowMs).map(({ to, entries }) => [to, entries[0]?.spans]);
  return { machine, got, offer, wanted, looks: () => looks };
}

/** Two neighbours offer the same; the first was asked for it at `SETTLE_MS`. */
function asked() {
  const world = repairs();
  world.offer(A, ALL, 0);
  world.offer(B, ALL, 0);
  expect(world.wanted(SETTLE_MS)).toEqual([[A, ALL]]);
  return world;
}

test('while all that a neighbour offers is under way from another, nothing is due before that is overdue', () => {
  const { machine } = asked();
  expect(machine.deadlineMs).toBe(SETTLE_MS + WANT_MS_MAX);
});

test('what was served and does not come is asked for elsewhere once it is overdue, and not before', () => {
  const { machine, wanted } = asked();
  machine.served(A, 1_000);
  expect(machine.deadlineMs).toBe(1_000 + ARRIVAL_MS_MAX);
  expect(wanted(999 + ARRIVAL_MS_MAX)).toEqual([]);
  expect(wanted(1_000 + ARRIVAL_MS_MAX)).toEqual([[B, ALL]]);
});

test('what was served and has come is asked for nowhere else', () => {
  const { machine, got, wanted } = asked();
  machine.served(A, 1_000);
  got.add(1, 10);
  expect(wanted(1_000 + ARRIVAL_MS_MAX)).toEqual([]);
  expect(machine.deadlineMs).toBeUndefined();
});

test('a new offer is looked at though what was offered before is under way', () => {
  const { machine, offer, wanted } = asked();
  offer(B, [{ first: 11, last: 12 }], 1_000);
  expect(machine.deadlineMs).toBe(1_000 + SETTLE_MS);
  expect(wanted(1_000 + SETTLE_MS)).toEqual([[B, [{ first: 11, last: 12 }]]]);
});

test('what a neighbour was asked for that is gone is asked for elsewhere at once', () => {
  const { machine, wanted } = asked();
  machine.forget(A);
  expect(machine.deadlineMs).toBe(SETTLE_MS);
  expect(wanted(500)).toEqual([[B, ALL]]);
});

test('a neighbour that never serves a request is left for another when it counts as lost', () => {
  const { wanted } = asked();
  expect(wanted(SETTLE_MS + WANT_MS_MAX)).toEqual([]);
  expect(wanted(SETTLE_MS + WANT_MS_MAX + ARRIVAL_MS_MAX)).toEqual([[B, ALL]]);
});

test('however often a neighbour offers, what it offered before is gone through four times a second at most', () => {
  const { machine, looks } = repairs();
  const entries = Array.from({ length: 1_000 }, (_, epoch) => ({ origin: ORIGIN, epoch, spans: ALL }));
  machine.offered(A, entries, SETTLE_MS, 0);
  const before = looks();
  for (let nowMs = 0; nowMs < 1_000; nowMs += 1) machine.offered(A, entries.slice(0, 1), SETTLE_MS, nowMs);
  // One look for each offer, and the thousand of before three times: every 250 ms.
  expect(looks() - before).toBe(1_000 + Math.floor(999 / REPAIR_RETRY_MS) * 1_000);
});

test('what has come makes room for new offers', () => {
  const { got, offer } = repairs();
  const odd = Array.from({ length: OFFERED_SPANS_MAX }, (_, at) => ({ first: 2 * at + 1, last: 2 * at + 1 }));
  expect(offer(A, odd, 0)).toBe(0);
  const more = [{ first: 100_001, last: 100_001 }];
  expect(offer(A, more, 100)).toBe(1);
  got.add(1, 50_000);
  expect(offer(A, more, REPAIR_RETRY_MS)).toBe(0);
});
