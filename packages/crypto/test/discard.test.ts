import { createCipheriv } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { discard } from '../src/discard-node.js';
import { discardBytes } from '../src/index.js';

const ciphertext = (bytes: number): Uint8Array =>
  createCipheriv('aes-256-gcm', new Uint8Array(32), new Uint8Array(12)).update(new Uint8Array(bytes));

test('the memory of what OpenSSL filled is gone at once, whatever this Node has for that', () => {
  for (let count = 0; count < 3; count += 1) {
    const array = ciphertext(16_384);
    discard(array);
    expect([array.length, array.buffer.byteLength]).toEqual([0, 0]);
  }
});

test('a part of an array is left alone', () => {
  const array = ciphertext(16_384);
  discard(array.subarray(0, 8_192));
  expect(array).toHaveLength(16_384);
});

test('whoever has the last view of a whole array can give its memory back', () => {
  const array = new Uint8Array(65_536);
  discardBytes(array.subarray());
  expect(array).toHaveLength(0);
  expect(() => discardBytes('65,536' as never)).toThrow(new TypeError('array must be a Uint8Array'));
});
