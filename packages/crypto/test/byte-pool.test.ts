import { expect, test } from '@jest/globals';
import { BytePool } from '../src/index.js';

test('an array that was given back, or a part of it, is taken next', () => {
  const pool = new BytePool(8, 2);
  const array = pool.take();
  pool.give(array.subarray(2, 5));
  expect(pool.take().buffer).toBe(array.buffer);
  expect(pool.take().buffer).not.toBe(array.buffer);
});

test('an array given twice is taken once', () => {
  const pool = new BytePool(8, 2);
  const array = pool.take();
  pool.give(array);
  pool.give(array);
  expect(pool.spares).toBe(1);
});

test('no more arrays wait than the pool was made for, and none of another length', () => {
  const pool = new BytePool(8, 2);
  pool.give(new Uint8Array(9));
  pool.give(new Uint8Array(new SharedArrayBuffer(8)));
  expect(pool.spares).toBe(0);
  for (const array of [pool.take(), pool.take(), pool.take()]) pool.give(array);
  expect(pool.spares).toBe(2);
});
