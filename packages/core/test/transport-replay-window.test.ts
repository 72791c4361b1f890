import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ReplayWindow } from '../src/transport/index.js';

/** All that was ever marked. */
class ModelWindow {
  readonly #marked = new Set<number>();
  #highest = -1;

  constructor(readonly bits: number) {}

  check(sequence: number): boolean {
    return sequence > this.#highest - this.bits && !this.#marked.has(sequence);
  }

  mark(sequence: number): boolean {
    if (!this.check(sequence)) return false;
    this.#marked.add(sequence);
    this.#highest = Math.max(this.#highest, sequence);
    return true;
  }
}

const sequences = fc
  .array(
    fc.oneof(
      { weight: 10, arbitrary: fc.integer({ min: -80, max: 40 }) },
      { weight: 1, arbitrary: fc.integer({ min: 100, max: 2 ** 40 }) },
    ),
    { maxLength: 200 },
  )
  .map((steps) => {
    let highest = 0;
    return steps.map((difference) => {
      const sequence = Math.min(Math.max(0, highest + difference), 2 ** 48 - 1);
      highest = Math.max(highest, sequence);
      return sequence;
    });
  });

test('a window behaves as a set of all numbers marked, up to its width', () => {
  const property = fc.property(fc.integer({ min: 1, max: 130 }), sequences, (bits, steps) => {
    const window = new ReplayWindow(bits);
    const model = new ModelWindow(bits);
    for (const sequence of steps) {
      expect(window.check(sequence)).toBe(model.check(sequence));
      expect(window.mark(sequence)).toBe(model.mark(sequence));
    }
  });
  fc.assert(property, { numRuns: 500 });
});

test('checking a forged number far ahead locks nobody out, since only marking moves the window', () => {
  const window = new ReplayWindow(64);
  window.mark(5);
  expect(window.check(2 ** 48 - 1)).toBe(true);
  expect(window.check(6)).toBe(true);
  expect(window.highest).toBe(5);
});

test.each([-1, 0.5, Number.NaN, 2 ** 48, Infinity])('%p is no sequence number', (sequence) => {
  const window = new ReplayWindow(64);
  expect(window.check(sequence)).toBe(false);
  expect(window.mark(sequence)).toBe(false);
});

test('the highest number of 48 bits can be marked once', () => {
  const window = new ReplayWindow(64);
  expect(window.mark(2 ** 48 - 1)).toBe(true);
  expect(window.mark(2 ** 48 - 1)).toBe(false);
  expect(window.mark(2 ** 48 - 2)).toBe(true);
});

test.each([0, 1.5, 2 ** 20 + 1])('a width of %p bits is refused', (bits) => {
  expect(() => new ReplayWindow(bits)).toThrow(RangeError);
});
