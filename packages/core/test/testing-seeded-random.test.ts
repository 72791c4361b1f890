import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SeededRandom } from '../src/testing/index.js';

function sample(random: SeededRandom): unknown[] {
  return [random.u32(), random.below(1_000), random.unit(), random.bytes(7), random.u32()];
}

test('the same seed gives the same sequence', () => {
  fc.assert(
    fc.property(fc.oneof(fc.integer(), fc.string()), (seed) => {
      expect(sample(new SeededRandom(seed))).toEqual(sample(new SeededRandom(seed)));
    }),
  );
});

test('other seeds, also neighbouring ones, give other sequences', () => {
  const firsts = new Set(Array.from({ length: 10_000 }, (_, seed) => new SeededRandom(seed).u32()));
  // By chance, two of them would be equal in one of 86 runs.
  expect(firsts.size).toBeGreaterThan(9_998);
});

test('a fork depends on its name and not on what was drawn before', () => {
  const [used, fresh] = [new SeededRandom(5), new SeededRandom(5)];
  used.u32();
  expect(sample(used.fork('a'))).toEqual(sample(fresh.fork('a')));
  expect(sample(used.fork('b'))).not.toEqual(sample(fresh.fork('a')));
});

test('bits are evenly spread', () => {
  const random = new SeededRandom('spread');
  const counts = new Array<number>(32).fill(0);
  for (let draw = 0; draw < 20_000; draw += 1) {
    const value = random.u32();
    for (let bit = 0; bit < 32; bit += 1) counts[bit] = (counts[bit] ?? 0) + ((value >>> bit) & 1);
  }
  // Five standard deviations of 71 around 10,000.
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(355);
});

test('the seed is shown in a form that can be typed again', () => {
  expect(new SeededRandom(42).describe()).toBe('seed "42"');
});
