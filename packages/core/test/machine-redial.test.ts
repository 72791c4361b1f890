import { expect, test } from '@jest/globals';
import { RedialMachine, REDIALS_MAX } from '../src/mesh/redial-machine.js';
import { SeededRandom } from '../src/testing/index.js';

const URL = 'ws://192.0.2.1:9001/';

/** A machine that lost its peer at time 0. */
function lost(seed = 'redial'): RedialMachine {
  const machine = new RedialMachine(new SeededRandom(seed));
  machine.connected(URL);
  machine.lost(URL, 0);
  return machine;
}

/** Times of all dials in an outage of so long, each of which fails `dialMs` after it began. */
function dials(machine: RedialMachine, outageMs: number, isRefusal = false, dialMs = 10): number[] {
  const times: number[] = [];
  for (let dueMs = machine.deadlineMs; dueMs !== undefined && dueMs < outageMs; dueMs = machine.deadlineMs) {
    expect(machine.tick(dueMs)).toEqual([URL]);
    expect(machine.deadlineMs).toBeUndefined();
    times.push(dueMs);
    machine.failed(URL, isRefusal, dueMs + dialMs);
  }
  return times;
}

const gaps = (times: readonly number[]): number[] =>
  times.slice(1).map((time, at) => time - (times[at] ?? 0));

test('a lost peer is dialled within 100 ms', () => {
  for (let seed = 0; seed < 50; seed += 1) expect(lost(`seed ${seed}`).deadlineMs).toBeLessThan(100);
});

test.each([1_000, 5_000, 45_000, 300_000])(
  'after an outage of %i ms the peer is back within the cap',
  (outageMs) => {
    for (let seed = 0; seed < 20; seed += 1) {
      const machine = lost(`seed ${seed}`);
      dials(machine, outageMs);
      const capMs = outageMs < 120_000 ? 2_000 : 5_000;
      expect((machine.deadlineMs ?? Infinity) - outageMs).toBeLessThanOrEqual(capMs + 10);
    }
  },
);

test('delays grow to at most 2 s in the first two minutes and 5 s later, with full jitter', () => {
  const times = dials(lost(), 3_600_000);
  const young = gaps(times.filter((time) => time < 120_000));
  const old = gaps(times.filter((time) => time > 125_000));
  expect(Math.max(...young)).toBeLessThanOrEqual(2_010);
  expect(Math.max(...old)).toBeLessThanOrEqual(5_010);
  expect(Math.max(...old)).toBeGreaterThan(4_500);
  // Full jitter: the mean is half of the cap, and short delays occur.
  expect(Math.min(...old)).toBeLessThan(500);
  expect(old.reduce((sum, gap) => sum + gap, 0) / old.length).toBeCloseTo(2_510, -3);
});

test('a peer is dialled for ever: after a week it still is', () => {
  const machine = lost();
  const weekMs = 7 * 24 * 3_600_000;
  for (let nowMs = 0; nowMs < weekMs; nowMs += 3_600_000) {
    machine.tick(nowMs);
    machine.failed(URL, false, nowMs);
  }
  expect(machine.deadlineMs).toBeLessThan(weekMs + 5_000);
});

test('two nodes that lose each other at once do not dial in step', () => {
  const [one, other] = [dials(lost('one'), 20_000), dials(lost('other'), 20_000)];
  const together = one.filter((time) => other.some((its) => Math.abs(its - time) < 5));
  expect(together.length).toBeLessThan(one.length / 2);
});

test('H7: after a refusal the peer is asked again between 30 and 60 s later, not in a storm', () => {
  const times = dials(lost(), 600_000, true);
  for (const gap of gaps(times)) {
    expect(gap).toBeGreaterThanOrEqual(30_000);
    expect(gap).toBeLessThanOrEqual(60_010);
  }
});

test('a success begins anew: the next loss is dialled at once and counts as young', () => {
  const machine = lost();
  dials(machine, 300_000);
  machine.tick(machine.deadlineMs ?? 0);
  machine.connected(URL);
  expect(machine.deadlineMs).toBeUndefined();
  machine.lost(URL, 400_000);
  expect(machine.deadlineMs).toBeLessThan(400_100);
});

test('what was forgotten, never connected or is being dialled is not dialled', () => {
  const machine = new RedialMachine(new SeededRandom('idle'));
  machine.lost(URL, 0);
  machine.failed(URL, false, 0);
  expect(machine.tick(1e9)).toEqual([]);
  machine.connected(URL);
  machine.lost(URL, 0);
  expect(machine.tick(1_000)).toEqual([URL]);
  expect(machine.tick(1e9)).toEqual([]);
  machine.forget(URL);
  machine.failed(URL, false, 0);
  expect([machine.tick(1e9), machine.size]).toEqual([[], 0]);
});

test('256 endpoints are kept and a further one is refused', () => {
  const machine = new RedialMachine(new SeededRandom('many'));
  for (let count = 0; count < REDIALS_MAX; count += 1)
    expect(machine.connected(`ws://peer-${count}/`)).toBe(true);
  expect(machine.connected('ws://one-more/')).toBe(false);
  expect(machine.connected('ws://peer-0/')).toBe(true);
});
