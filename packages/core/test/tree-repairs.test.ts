import { expect, test } from '@jest/globals';
import type { NodeId } from '@yakmesh/crypto';
import { Repairs } from '../src/tree/repairs.js';
import { SpanSet, without, type Spans } from '../src/tree/spans.js';
import { ARRIVAL_MS_MAX, SETTLE_MS, WANT_MS_MAX } from '../src/tree/tree-limits.js';

const ORIGIN = new Uint8Array(32).fill(7);
const EPOCH = 1_000;
const A = 'yak1a' as NodeId;
const B = 'yak1b' as NodeId;
const ALL: Spans = [{ first: 1, last: 10 }];

/** Repairs of a node that has what was `got`, without a limit for origins. */
function repairs() {
  const got = new SpanSet();
  const machine = new Repairs({
    lacking: (_origin, _epoch, spans) => without(spans, got.spans),
    messagesPerSecond: 0,
    retentionMs: 120_000,
  });
  const offer = (from: NodeId, spans: Spans, nowMs: number): number =>
    machine.offered(from, [{ origin: ORIGIN, epoch: EPOCH, spans }], SETTLE_MS, nowMs);
  const wanted = (nowMs: number) => machine.tick(nowMs).map(({ to, entries }) => [to, entries[0]?.spans]);
  return { machine, got, offer, wanted };
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
