import { expect, test } from '@jest/globals';
import {
  rememberVerified,
  takeVerified,
  VERIFIED_SOLUTION_AGE_MAX_MS,
  VERIFIED_SOLUTIONS_MAX,
} from '../src/verified-solutions.js';

const NOW_MS = 1_800_000_000_000;

function solution(number: number): Uint8Array {
  const bytes = new Uint8Array(40);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

test('a verified solution is credited once', () => {
  rememberVerified('alice', solution(1), NOW_MS);
  expect(takeVerified('alice', solution(1), NOW_MS + 5)).toBe(true);
  expect(takeVerified('alice', solution(1), NOW_MS + 6)).toBe(false);
});

test('D4: a solution that was never verified, or is somebody else’s, is not credited', () => {
  rememberVerified('alice', solution(2), NOW_MS);
  expect(takeVerified('bob', solution(2), NOW_MS)).toBe(false);
  expect(takeVerified('alice', solution(3), NOW_MS)).toBe(false);
  expect(takeVerified('alice', solution(2), NOW_MS)).toBe(true);
});

test('a verified solution waits ten minutes and no longer', () => {
  rememberVerified('alice', solution(4), NOW_MS);
  rememberVerified('alice', solution(5), NOW_MS);
  expect(takeVerified('alice', solution(4), NOW_MS + VERIFIED_SOLUTION_AGE_MAX_MS)).toBe(true);
  expect(takeVerified('alice', solution(5), NOW_MS + VERIFIED_SOLUTION_AGE_MAX_MS + 1)).toBe(false);
});

test('the oldest of too many leaves uncredited, and the newest stay', () => {
  for (let number = 0; number <= VERIFIED_SOLUTIONS_MAX; number += 1) {
    rememberVerified('flood', solution(number), NOW_MS);
  }
  expect(takeVerified('flood', solution(0), NOW_MS)).toBe(false);
  expect(takeVerified('flood', solution(1), NOW_MS)).toBe(true);
  expect(takeVerified('flood', solution(VERIFIED_SOLUTIONS_MAX), NOW_MS)).toBe(true);
});

test.each([
  ['a string', 'solution'],
  ['nothing', undefined],
  ['a shorter array', new Uint8Array(39)],
  ['an array of numbers', Array(40).fill(0)],
])('%s is no solution and is not credited', (_, wrong) => {
  rememberVerified('alice', wrong as Uint8Array, NOW_MS);
  expect(takeVerified('alice', wrong as Uint8Array, NOW_MS)).toBe(false);
});

test('a name of any length but a bounded one is not kept', () => {
  const name = 'a'.repeat(257);
  rememberVerified(name, solution(6), NOW_MS);
  expect(takeVerified(name, solution(6), NOW_MS)).toBe(false);
});
