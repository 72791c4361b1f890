import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { EventHeap } from '../src/testing/sim/event-heap.js';
import { FastClock, HostClock } from '../src/testing/index.js';

test('events fire in the order of their times, then of their pushing, and cleared ones do not', () => {
  const events = fc.array(fc.record({ time: fc.nat(50), isCleared: fc.boolean() }), { maxLength: 1_200 });
  fc.assert(
    fc.property(events, (wanted) => {
      const heap = new EventHeap();
      const fired: number[] = [];
      const handles = wanted.map(({ time }, index) => heap.push(time, () => fired.push(index)));
      wanted.forEach(({ isCleared }, index) => {
        if (isCleared) heap.clear(handles[index] ?? NaN);
      });
      const kept = wanted.map((event, index) => ({ ...event, index })).filter(({ isCleared }) => !isCleared);
      expect(heap.size).toBe(kept.length);
      for (let time = heap.nextTime(); time < Infinity; time = heap.nextTime())
        heap.popAt(time, heap.lastOrder)?.();
      expect(fired).toEqual(kept.sort((a, b) => a.time - b.time).map(({ index }) => index));
    }),
  );
});

test('a handle of an event that has fired clears no later one', () => {
  const heap = new EventHeap();
  const first = heap.push(1, () => undefined);
  heap.popAt(heap.nextTime(), heap.lastOrder);
  heap.push(2, () => undefined);
  heap.clear(first);
  expect(heap.size).toBe(1);
});

test('promises of one instant run out before what was deferred at it', async () => {
  const clock = new FastClock();
  const seen: string[] = [];
  clock.setTimer(5, () => {
    clock.defer(() => seen.push(`deferred @${clock.monotonicMs()}`));
    void Promise.resolve()
      .then(() => undefined)
      .then(() => seen.push(`promise @${clock.monotonicMs()}`));
  });
  await clock.advance(10);
  expect(seen).toEqual(['promise @5', 'deferred @5']);
});

test('waiting for a promise ends with it, or after its limit', async () => {
  const clock = new FastClock();
  const soon = new Promise<string>((resolve) => void clock.setTimer(70, () => resolve('there')));
  expect(await clock.until(soon)).toBe('there');
  expect(clock.monotonicMs()).toBe(70);
  await expect(clock.until(new Promise(() => undefined), 500)).rejects.toThrow('within 500 ms');
});

test('who waits for a moment by fractions of a tick comes to it', async () => {
  const clock = new FastClock();
  const untilMs = 0.1 + 0.2 + 1e-9;
  let wakes = 0;
  const wake = (): void => {
    wakes += 1;
    if (clock.monotonicMs() < untilMs) clock.setTimer(untilMs - clock.monotonicMs(), wake);
  };
  wake();
  await clock.advance(1);
  expect(wakes).toBeLessThanOrEqual(3);
});

test('what reschedules itself at once for ever is told', async () => {
  const clock = new FastClock();
  const again = (): void => clock.defer(again);
  again();
  await expect(clock.advance(1)).rejects.toThrow('time cannot go on');
}, 60_000);

test('a paused process fires what became due when it goes on, and a dead one nothing', async () => {
  const clock = new FastClock();
  const host = new HostClock(clock);
  const seen: string[] = [];
  for (const delayMs of [30, 10, 20])
    host.setTimer(delayMs, () => seen.push(`${delayMs} @${clock.monotonicMs()}`));
  const cleared = host.setTimer(10, () => seen.push('cleared'));
  host.pause();
  await clock.advance(25);
  host.clearTimer(cleared);
  expect(seen).toEqual([]);
  host.resume();
  await clock.advance(25);
  expect(seen).toEqual(['10 @25', '20 @25', '30 @30']);
  host.setTimer(1, () => seen.push('dead'));
  host.kill();
  await clock.advance(5);
  expect(seen).toHaveLength(3);
});

test('a clock that drifts counts other seconds, and one that is off shows another date', async () => {
  const clock = new FastClock();
  const host = new HostClock(clock);
  host.drift(1_000);
  host.skewMs = -500;
  await clock.advance(10_000);
  expect(host.monotonicMs()).toBeCloseTo(10_010);
  expect(host.nowMs()).toBe(clock.nowMs() + 10 - 500);
  let firedMs = 0;
  host.setTimer(1_001, () => (firedMs = clock.monotonicMs()));
  await clock.advance(2_000);
  expect(firedMs).toBeCloseTo(11_000, 0);
});
