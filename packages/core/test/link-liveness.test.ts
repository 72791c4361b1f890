import { beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Liveness, RoundTrip } from '../src/link/liveness.js';
import { RunningClock } from '../src/mesh/running-clock.js';
import type { Clock, TimerHandle } from '../src/transport/index.js';
import { encodeFrame, FrameKind } from '../src/record/frames.js';
import { establishedPair, frameItem } from './support/link-pair.js';
import { party, type Party } from './support/parties.js';

let a: Party;
let b: Party;

beforeAll(async () => {
  [a, b] = await Promise.all([party('alice'), party('bob')]);
});

const DATA = encodeFrame(FrameKind.PROTOCOL, Uint8Array.of(1, 97));

test('round trips are smoothed as RFC 6298 says, and patience is max(1 s, 4 srtt + 4 rttvar)', () => {
  const roundTrip = new RoundTrip();
  expect(roundTrip.patienceMs).toBe(1_000);
  roundTrip.sample(200);
  expect([roundTrip.smoothedMs, roundTrip.patienceMs]).toEqual([200, 4 * 200 + 4 * 100]);
  roundTrip.sample(400);
  expect(roundTrip.smoothedMs).toBe(225);
  expect(roundTrip.patienceMs).toBe(4 * 225 + 4 * 125);
});

test('a peer that leaves data unacknowledged is suspect after 1 s and given up after three probes 500 ms apart', async () => {
  const pair = await establishedPair(a, b);
  await pair.pass(1_000);
  pair.wire = (from, wire) => (from === 'responder' ? undefined : wire);
  const startMs = pair.nowMs;
  pair.send('initiator', frameItem(DATA));
  pair.carry('initiator');
  let suspectMs = 0;
  const pings = (): number => pair.responder.of('ping').length;
  const before = pings();
  while (pair.initiator.closed === undefined && pair.nowMs < startMs + 10_000) {
    await pair.pass(250);
    if (suspectMs === 0 && pair.initiator.of('suspect').length > 0) suspectMs = pair.nowMs - startMs;
  }
  expect(suspectMs).toBe(1_000);
  expect(pings() - before).toBe(3);
  expect([pair.initiator.closed?.code, pair.nowMs - startMs]).toEqual(['LINK_TIMEOUT', 2_500]);
});

test('before the time until which a link rests its peer is found as it is, and a tick then is not too late', () => {
  const step = fc.record({
    afterMs: fc.double({ min: 0, max: 3_000, noNaN: true }),
    what: fc.constantFrom('sent', 'heard', 'progressed', 'sampled', 'ticked'),
  });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 40 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (steps, part) => {
        let nowMs = 1_000;
        const liveness = new Liveness(5_000, nowMs);
        for (const { afterMs, what } of steps) {
          nowMs += afterMs;
          if (what === 'sent') liveness.sent(nowMs);
          else if (what === 'heard') liveness.heard(nowMs);
          else if (what === 'progressed') liveness.progressed(afterMs > 1_500, nowMs);
          else if (what === 'sampled') liveness.roundTrip.sample(afterMs);
          else liveness.tick(nowMs);
        }
        const { restsUntilMs } = liveness;
        if (restsUntilMs > nowMs) {
          const earlierMs = nowMs + part * (restsUntilMs - nowMs);
          if (earlierMs < restsUntilMs) expect(liveness.tick(earlierMs)).toBe('alive');
        }
        expect(liveness.restsUntilMs).toBe(restsUntilMs);
        expect(liveness.tick(Math.max(nowMs, restsUntilMs) + 0.01)).not.toBe('alive');
      },
    ),
  );
});

test('an idle peer that is gone is dropped within pingInterval + 3 s', async () => {
  for (const pingIntervalMs of [1_000, 5_000, 30_000]) {
    const pair = await establishedPair(a, b, { initiator: { pingIntervalMs } });
    pair.wire = (from, wire) => (from === 'responder' ? undefined : wire);
    const startMs = pair.nowMs;
    while (pair.initiator.closed === undefined && pair.nowMs < startMs + 60_000) await pair.pass(250);
    expect(pair.initiator.closed?.code).toBe('LINK_TIMEOUT');
    expect(pair.nowMs - startMs).toBeLessThanOrEqual(pingIntervalMs + 3_000);
  }
});

test('an idle peer that answers is kept, for one ping each interval', async () => {
  const pair = await establishedPair(a, b, { initiator: { pingIntervalMs: 5_000 } });
  const before = pair.responder.of('ping').length;
  await pair.pass(60_000);
  expect(pair.initiator.closed).toBeUndefined();
  const pings = pair.responder.of('ping').length - before;
  expect(pings).toBeGreaterThanOrEqual(10);
  expect(pings).toBeLessThanOrEqual(12);
  expect(pair.initiator.of('suspect')).toEqual([]);
});

test('a suspect peer that answers in time is alive again', async () => {
  const pair = await establishedPair(a, b);
  let isSilent = true;
  pair.wire = (from, wire) => (from === 'responder' && isSilent ? undefined : wire);
  pair.send('initiator', frameItem(DATA));
  pair.carry('initiator');
  await pair.pass(1_000, false);
  expect(pair.initiator.machine.liveness.isSuspect).toBe(true);
  isSilent = false;
  await pair.settle();
  expect(pair.initiator.machine.liveness.isSuspect).toBe(false);
});

test('progress restarts patience: a peer that acknowledges slowly but steadily is not suspect', () => {
  const liveness = new Liveness(30_000, 0);
  liveness.sent(0);
  for (let nowMs = 0; nowMs < 20_000; nowMs += 900) {
    liveness.heard(nowMs);
    liveness.progressed(true, nowMs);
    expect(liveness.tick(nowMs + 800)).toBe('alive');
  }
});

/** A clock whose timers fire when a test says so: late, as after a stall of the whole process. */
class StallingClock implements Clock {
  #nowMs = 0;
  #timer: { readonly dueMs: number; readonly callback: () => void } | undefined;

  nowMs(): number {
    return this.#nowMs;
  }
  monotonicMs(): number {
    return this.#nowMs;
  }
  setTimer(delayMs: number, callback: () => void): TimerHandle {
    this.#timer = { dueMs: this.#nowMs + delayMs, callback };
    return this.#timer;
  }
  clearTimer(): void {
    this.#timer = undefined;
  }
  defer(callback: () => void): void {
    callback();
  }

  /** Time passes, and what became due fires once at its end. */
  stall(durationMs: number): void {
    this.#nowMs += durationMs;
    const timer = this.#timer;
    if (timer === undefined || timer.dueMs > this.#nowMs) return;
    this.#timer = undefined;
    timer.callback();
  }
}

test('P3: time for which our own loop stood still does not count against a peer', () => {
  const clock = new StallingClock();
  const running = new RunningClock(clock, () => true);
  running.start();
  for (let count = 0; count < 4; count += 1) clock.stall(250);
  expect(running.nowMs()).toBe(1_000);
  clock.stall(60_000);
  // A stall counts as the latest that a punctual tick can be: 350 ms.
  expect(running.nowMs()).toBe(1_350);
  for (let count = 0; count < 4; count += 1) clock.stall(250);
  expect(running.nowMs()).toBe(2_350);
  running.stop();
});

test('P3: within a stall, before any tick, time goes on no further than a punctual tick would allow', () => {
  const clock = new StallingClock();
  const running = new RunningClock(clock, () => true);
  running.start();
  clock.clearTimer();
  clock.stall(60_000);
  expect(running.nowMs()).toBe(350);
});
