import { expect, test } from '@jest/globals';
import { earlier } from '../src/transport/index.js';

test('of two deadlines the earlier one counts, and undefined is never', () => {
  expect([earlier(1, 2), earlier(2, 1), earlier(-1, 0)]).toEqual([1, 1, -1]);
  expect([earlier(undefined, 3), earlier(3, undefined), earlier(undefined, undefined)]).toEqual([
    3,
    3,
    undefined,
  ]);
});
