import { setTimeout as realDelay } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { VirtualClock } from '../src/testing/index.js';
import { delay } from '../src/transport/index.js';

test('timers fire in the order of their times, then of their setting, and cleared ones do not', async () => {
  const property = fc.asyncProperty(
    fc.array(fc.record({ delayMs: fc.nat(20), isCleared: fc.boolean() }), { maxLength: 300 }),
    async (timers) => {
      const clock = new VirtualClock();
      clock.settle = async () => undefined;
      const fired: number[] = [];
      const handles = timers.map(({ delayMs }, index) => clock.setTimer(delayMs, () => fired.push(index)));
      timers.forEach(({ isCleared }, index) => {
        const handle = handles[index];
        if (isCleared && handle !== undefined) clock.clearTimer(handle);
      });
      const wanted = timers
        .map((timer, index) => ({ ...timer, index }))
        .filter(({ isCleared }) => !isCleared);
      expect(clock.pendingTimers).toBe(wanted.length);
      await clock.advance(20);
      // Sorting is stable, so timers of one time stay in the order of their setting.
      expect(fired).toEqual(wanted.sort((a, b) => a.delayMs - b.delayMs).map(({ index }) => index));
      expect(clock.pendingTimers).toBe(0);
    },
  );
  await fc.assert(property);
});

test('clearing a timer twice, or after it has fired, changes nothing', async () => {
  const clock = new VirtualClock();
  const fired = clock.setTimer(1, () => undefined);
  const cleared = clock.setTimer(1, () => undefined);
  clock.clearTimer(cleared);
  clock.clearTimer(cleared);
  clock.setTimer(5, () => undefined);
  await clock.advance(2);
  clock.clearTimer(fired);
  expect(clock.pendingTimers).toBe(1);
});

test('a timer set by a timer fires in the same advance, and the clock shows its time', async () => {
  const clock = new VirtualClock({ startMs: 1_000, monotonicStartMs: 7 });
  const seen: [number, number][] = [];
  clock.setTimer(10, () => clock.setTimer(5, () => seen.push([clock.monotonicMs(), clock.nowMs()])));
  await clock.advanceTo(100);
  expect(seen).toEqual([[22, 1_015]]);
  expect([clock.monotonicMs(), clock.nowMs()]).toEqual([100, 1_093]);
});

test('promises run out between two events of one instant', async () => {
  const clock = new VirtualClock();
  const order: string[] = [];
  clock.setTimer(5, () => {
    void (async () => {
      for (let hop = 0; hop < 50; hop += 1) await Promise.resolve();
      order.push('promises of the first');
    })();
  });
  clock.setTimer(5, () => order.push('second'));
  await clock.advance(5);
  expect(order).toEqual(['promises of the first', 'second']);
});

test('time stands still while tracked work goes on, and its outcomes come in the order of registration', async () => {
  const clock = new VirtualClock();
  const order: string[] = [];
  const work = async (name: string, realMs: number): Promise<void> => {
    await clock.track(realDelay(realMs));
    order.push(`${name} at ${clock.monotonicMs()}`);
  };
  clock.setTimer(1, () => void work('slow', 20));
  clock.setTimer(1, () => void Promise.all([work('quick', 1), work('third', 2)]));
  clock.setTimer(2, () => order.push('later'));
  await clock.advance(10);
  expect(order).toEqual(['slow at 1', 'quick at 1', 'third at 1', 'later']);
});

test('a tracked rejection stays a rejection', async () => {
  const clock = new VirtualClock();
  await expect(clock.track(Promise.reject(new RangeError('no')))).rejects.toThrow('no');
  await clock.quiet();
});

test('tracked work settles also when nobody advances the clock', async () => {
  const clock = new VirtualClock();
  await expect(clock.track(Promise.resolve(5))).resolves.toBe(5);
});

test('until goes just as far as the promise needs', async () => {
  const clock = new VirtualClock();
  clock.setTimer(250, () => undefined);
  const wait = delay(clock, 250).then(() => 'done');
  clock.setTimer(250, () => undefined);
  await expect(clock.until(wait)).resolves.toBe('done');
  expect(clock.monotonicMs()).toBe(250);
  expect(clock.pendingTimers).toBe(1);
  await expect(clock.until(Promise.reject(new RangeError('no')))).rejects.toThrow('no');
});

test('until gives up at its limit, and when no timer is left', async () => {
  const clock = new VirtualClock();
  const never = new Promise<never>(() => undefined);
  clock.setTimer(5_000, () => undefined);
  await expect(clock.until(never, 1_000)).rejects.toThrow('within 1000 ms');
  await expect(clock.until(never)).rejects.toThrow('no timer is left');
});

test('what a timer throws comes out of advance, and the clock can go on', async () => {
  const clock = new VirtualClock();
  clock.setTimer(1, () => {
    throw new RangeError('broken timer');
  });
  await expect(clock.advance(5)).rejects.toThrow('broken timer');
  await clock.advance(5);
  expect(clock.monotonicMs()).toBe(6);
});

test('two advances at once, and going back, are refused', async () => {
  const clock = new VirtualClock();
  const first = clock.advance(5);
  await expect(clock.advance(5)).rejects.toThrow(TypeError);
  await first;
  await expect(clock.advanceTo(4)).rejects.toThrow(RangeError);
});

test('something that reschedules itself at once for ever is found out', async () => {
  const clock = new VirtualClock();
  clock.settle = async () => undefined;
  const again = (): void => clock.defer(again);
  again();
  await expect(clock.advance(1)).rejects.toThrow('time cannot go on');
});

test('a jump of the wall clock moves neither timers nor the monotonic clock', async () => {
  const clock = new VirtualClock({ startMs: 1_000 });
  let firedMs = -1;
  clock.setTimer(10, () => (firedMs = clock.monotonicMs()));
  clock.jumpWallClock(-500);
  expect(clock.nowMs()).toBe(500);
  await clock.advance(20);
  expect(firedMs).toBe(10);
});

test('ten thousand timers that are set anew all the time do not pile up', async () => {
  const clock = new VirtualClock();
  clock.settle = async () => undefined;
  let handle = clock.setTimer(1, () => undefined);
  for (let count = 0; count < 10_000; count += 1) {
    clock.clearTimer(handle);
    handle = clock.setTimer(10_000 - count, () => undefined);
  }
  expect(clock.pendingTimers).toBe(1);
  await clock.advance(1);
  expect(clock.pendingTimers).toBe(0);
});
