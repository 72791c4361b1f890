import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { randomFrom, systemRandom, type Random } from '../src/transport/index.js';

function randomOf(...values: number[]): Random {
  return randomFrom({ bytes: (length) => new Uint8Array(length), u32: () => values.shift() ?? 0 });
}

test('below stays below for every n', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 32 }), (n) => {
      const value = systemRandom.below(n);
      expect(Number.isInteger(value) && value >= 0 && value < n).toBe(true);
    }),
  );
});

test('below draws again where the remainder would be biased', () => {
  // 2³² = 3 · 1,431,655,765 + 1: the highest value is one too many.
  expect(randomOf(0xffff_ffff, 5).below(3)).toBe(2);
  expect(randomOf(0xffff_fffe).below(3)).toBe(2);
});

test.each([0, -1, 1.5, Number.NaN, 2 ** 32 + 1])('below(%p) is a RangeError', (n) => {
  expect(() => systemRandom.below(n)).toThrow(RangeError);
});

test('unit uses 53 bits and never reaches 1', () => {
  expect(randomOf(0xffff_ffff, 0xffff_ffff).unit()).toBe(1 - 2 ** -53);
  expect(randomOf(0, 64).unit()).toBe(2 ** -53);
});

test('more bytes than the system gives at once are all filled', () => {
  const bytes = systemRandom.bytes(200_001);
  expect(bytes.length).toBe(200_001);
  // 64 zeros in a row have probability 2⁻⁵¹².
  expect(bytes.subarray(131_072, 131_136).some((byte) => byte !== 0)).toBe(true);
  expect(bytes.subarray(-64).some((byte) => byte !== 0)).toBe(true);
  expect(systemRandom.bytes(0).length).toBe(0);
});

test('drawing more values than are pooled gives fresh ones', () => {
  const values = new Set(Array.from({ length: 1_000 }, () => systemRandom.u32()));
  expect(values.size).toBeGreaterThan(990);
});
