import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { KeyedSlidingWindow, SlidingWindow } from '../src/transport/index.js';

interface Take {
  readonly timeMs: number;
  readonly cost: number;
}

/** Brute force: all that was ever admitted. */
class ModelWindow {
  readonly admitted: Take[] = [];

  constructor(
    readonly limit: number,
    readonly windowMs: number,
  ) {}

  usedIn(endMs: number): number {
    const inside = this.admitted.filter(({ timeMs }) => timeMs + this.windowMs > endMs && timeMs <= endMs);
    return inside.reduce((sum, { cost }) => sum + cost, 0);
  }

  take(timeMs: number, cost: number): boolean {
    if (this.usedIn(timeMs) + cost > this.limit) return false;
    this.admitted.push({ timeMs, cost });
    return true;
  }
}

const takes = fc
  .array(
    fc.record({
      gapMs: fc.oneof(fc.constant(0), fc.nat(40), fc.double({ min: 0, max: 300, noNaN: true })),
      cost: fc.nat(4),
    }),
    {
      maxLength: 300,
    },
  )
  .map((steps) => {
    let timeMs = 1_000;
    return steps.map(({ gapMs, cost }): Take => ({ timeMs: (timeMs += gapMs), cost }));
  });

test('a window admits exactly what a brute-force model admits', () => {
  const property = fc.property(
    fc.nat(12),
    fc.integer({ min: 1, max: 200 }),
    takes,
    (limit, windowMs, steps) => {
      const window = new SlidingWindow(limit, windowMs);
      const model = new ModelWindow(limit, windowMs);
      for (const { timeMs, cost } of steps) {
        expect(window.remaining(timeMs)).toBe(limit - model.usedIn(timeMs));
        expect(window.take(timeMs, cost)).toBe(model.take(timeMs, cost));
      }
    },
  );
  fc.assert(property);
});

test('retryAfterMs names the first moment at which the cost is admitted', () => {
  const property = fc.property(
    fc.integer({ min: 1, max: 12 }),
    fc.integer({ min: 1, max: 200 }),
    takes,
    (limit, windowMs, steps) => {
      const window = new SlidingWindow(limit, windowMs);
      for (const { timeMs, cost } of steps) window.take(Math.floor(timeMs), cost);
      const nowMs = Math.floor(steps.at(-1)?.timeMs ?? 0);
      const waitMs = window.retryAfterMs(nowMs, 1);
      if (waitMs > 0) expect(window.take(nowMs + waitMs - 1, 1)).toBe(false);
      expect(window.take(nowMs + waitMs, 1)).toBe(true);
    },
  );
  fc.assert(property);
});

test('a limit beyond 4,096 entries is never exceeded in any window, and a steady sender keeps nearly all of it', () => {
  const limit = 20_000;
  const windowMs = 1_000;
  const window = new SlidingWindow(limit, windowMs);
  const admittedMs: number[] = [];
  for (let index = 0; index < 150_000; index += 1) {
    const timeMs = index / 50; // Two and a half times the limit.
    if (window.take(timeMs)) admittedMs.push(timeMs);
  }
  let first = 0;
  admittedMs.forEach((endMs, last) => {
    while ((admittedMs[first] ?? 0) + windowMs <= endMs) first += 1;
    if (last - first + 1 > limit) throw new RangeError(`${last - first + 1} admitted up to ${endMs} ms`);
  });
  expect(admittedMs.length).toBeGreaterThan(3 * limit * 0.99);
});

test('a window told to keep few entries still never exceeds its limit', () => {
  const property = fc.property(fc.integer({ min: 1, max: 6 }), takes, (entriesMax, steps) => {
    const window = new SlidingWindow(12, 200, entriesMax);
    const model = new ModelWindow(12, 200);
    for (const { timeMs, cost } of steps)
      if (window.take(timeMs, cost)) expect(model.take(timeMs, cost)).toBe(true);
  });
  fc.assert(property);
  expect(() => new SlidingWindow(5, 100, 0)).toThrow(RangeError);
});

test('at the edge of two fixed windows no more than the limit passes (trap D1)', () => {
  const window = new SlidingWindow(10, 1_000);
  let admitted = 0;
  for (let index = 0; index < 10; index += 1) if (window.take(990)) admitted += 1;
  for (let index = 0; index < 10; index += 1) if (window.take(1_010)) admitted += 1;
  expect(admitted).toBe(10);
  expect(window.take(1_989)).toBe(false);
  expect(window.take(1_990)).toBe(true);
});

test('time that goes back counts as standing still', () => {
  const window = new SlidingWindow(2, 100);
  expect(window.take(1_000)).toBe(true);
  expect(window.take(500)).toBe(true);
  expect(window.take(Number.NaN)).toBe(false);
  expect(window.take(1_099)).toBe(false);
  expect(window.take(1_100, 2)).toBe(true);
});

test('a cost beyond the limit is refused for ever', () => {
  const window = new SlidingWindow(5, 100);
  expect(window.take(0, 6)).toBe(false);
  expect(window.retryAfterMs(0, 6)).toBe(Infinity);
  expect(window.take(0, 5)).toBe(true);
  expect(new SlidingWindow(0, 100).take(0)).toBe(false);
});

test.each([-1, 0.5, Number.NaN, Infinity])('a cost of %p is a RangeError', (cost) => {
  expect(() => new SlidingWindow(5, 100).take(0, cost)).toThrow(RangeError);
});

test.each([
  [-1, 100],
  [1.5, 100],
  [5, 0],
  [5, Number.NaN],
])('limit %p with a window of %p ms is refused', (limit, windowMs) => {
  expect(() => new SlidingWindow(limit, windowMs)).toThrow(RangeError);
  expect(() => new KeyedSlidingWindow(limit, windowMs, 10)).toThrow(RangeError);
});

test('each key has its own window, and the key that asked longest ago is forgotten first', () => {
  const windows = new KeyedSlidingWindow(1, 1_000, 2);
  expect(windows.take('a', 0)).toBe(true);
  expect(windows.take('b', 0)).toBe(true);
  expect(windows.take('a', 1)).toBe(false);
  expect(windows.take('c', 2)).toBe(true);
  expect(windows.size).toBe(2);
  expect(windows.take('a', 3)).toBe(false);
  expect(windows.retryAfterMs('a', 3)).toBe(997);
  expect(windows.retryAfterMs('b', 3)).toBe(0);
  expect(windows.delete('a')).toBe(true);
  expect(windows.take('a', 4)).toBe(true);
});
