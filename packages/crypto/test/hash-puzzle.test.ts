import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  HASH_PUZZLE_BITS_MAX,
  HASH_PUZZLE_BITS_MIN,
  HashPuzzleSolver,
  hexToBytes,
  solvesHashPuzzle,
  utf8ToBytes,
} from '../src/index.js';

const prefix = utf8ToBytes('puzzle');

function solve(bits: number, of = prefix, slice = 64): Uint8Array {
  const solver = new HashPuzzleSolver(of, bits);
  for (;;) {
    const solution = solver.work(slice);
    if (solution !== undefined) return solution;
  }
}

/** The definition, by other means: the digest as one long string of bits. */
function solvesByDefinition(of: Uint8Array, bits: number, solution: Uint8Array): boolean {
  return Array.from({ length: 8 }, (_, part) => {
    const number = solution.subarray(part * 5, part * 5 + 5);
    const digest = createHash('sha256').update(of).update(Uint8Array.of(part)).update(number).digest();
    return [...digest].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  }).every((digits) => digits.startsWith('0'.repeat(bits - 3)));
}

test('what a solver finds is a solution by the definition, of any prefix and in slices of any size', () => {
  const cases = fc.tuple(
    fc.uint8Array({ maxLength: 100 }),
    fc.integer({ min: HASH_PUZZLE_BITS_MIN, max: 10 }),
    fc.integer({ min: 1, max: 300 }),
  );
  fc.assert(
    fc.property(cases, ([of, bits, slice]) => {
      const solution = solve(bits, of, slice);
      expect(solution).toHaveLength(40);
      expect(solvesByDefinition(of, bits, solution)).toBe(true);
      expect(solvesHashPuzzle(of, bits, solution)).toBe(true);
    }),
    { numRuns: 50 },
  );
});

test('the check and the definition agree on every solution', () => {
  const found = solve(6);
  const damaged = fc.tuple(fc.nat({ max: 39 }), fc.integer({ min: 1, max: 255 })).map(([at, change]) => {
    const copy = found.slice();
    copy[at] = (copy[at] ?? 0) ^ change;
    return copy;
  });
  fc.assert(
    fc.property(fc.oneof(damaged, fc.uint8Array({ minLength: 40, maxLength: 40 })), (solution) => {
      expect(solvesHashPuzzle(prefix, 6, solution)).toBe(solvesByDefinition(prefix, 6, solution));
    }),
  );
});

test('the solution of one puzzle stays the same from version to version', () => {
  expect(solve(12)).toEqual(
    hexToBytes('00000000d700000003bf000000068500000000df000000004f000000031200000001070000000191'),
  );
});

test('a solver goes on from where another one stopped', () => {
  let [solver, slices] = [new HashPuzzleSolver(prefix, 10), 0];
  while (solver.work(100) === undefined) {
    solver = new HashPuzzleSolver(prefix, 10, solver.position);
    slices++;
  }
  expect(solver.work(1)).toEqual(solve(10));
  expect(slices).toBeGreaterThan(3);
});

test('a solver that goes on beyond 32 bits tries the next number', () => {
  const candidate = 0xffff_ffff;
  const solver = new HashPuzzleSolver(prefix, HASH_PUZZLE_BITS_MIN, {
    solved: 0,
    candidate,
    solution: new Uint8Array(40),
  });
  const solution = solver.work(10_000) ?? new Uint8Array(40);
  const number = Number(new DataView(solution.buffer).getBigUint64(0) >> 24n);
  expect(number).toBeGreaterThanOrEqual(candidate);
  expect(number).toBeLessThan(candidate + 40);
  expect(solvesByDefinition(prefix, HASH_PUZZLE_BITS_MIN, solution)).toBe(true);
});

test('progress goes from 0 to 1 and never back', () => {
  const solver = new HashPuzzleSolver(prefix, 8);
  const seen = [solver.progress];
  while (solver.work(8) === undefined) seen.push(solver.progress);
  expect(seen[0]).toBe(0);
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
  expect(solver.progress).toBe(1);
});

test('work does at most what it was asked for', () => {
  const solver = new HashPuzzleSolver(prefix, 20);
  solver.work(7);
  expect(solver.position).toMatchObject({ solved: 0, candidate: 7 });
});

test('an easier solution, one of another prefix, and one of another length do not fit', () => {
  const solution = solve(4);
  expect(solvesHashPuzzle(prefix, 16, solution)).toBe(false);
  expect(solvesHashPuzzle(utf8ToBytes('another'), 16, solve(16))).toBe(false);
  for (const length of [0, 39, 41]) {
    expect(solvesHashPuzzle(prefix, 4, new Uint8Array(length))).toBe(false);
  }
});

test.each([HASH_PUZZLE_BITS_MIN - 1, HASH_PUZZLE_BITS_MAX + 1, 8.5, Number.NaN])(
  '%p bits are refused',
  (bits) => {
    expect(() => new HashPuzzleSolver(prefix, bits)).toThrow(RangeError);
    expect(() => solvesHashPuzzle(prefix, bits, new Uint8Array(40))).toThrow(RangeError);
  },
);

test('a prefix that is too long, or no bytes at all, is refused', () => {
  expect(() => new HashPuzzleSolver(new Uint8Array(1_025), 8)).toThrow(RangeError);
  expect(() => solvesHashPuzzle('prefix' as unknown as Uint8Array, 8, new Uint8Array(40))).toThrow(TypeError);
});
