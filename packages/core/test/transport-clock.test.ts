import { expect, test } from '@jest/globals';
import { CodedError, codeOf, silentLogger, systemClock } from '../src/transport/index.js';

test('the system clock shows whole wall milliseconds and never goes back', () => {
  const before = systemClock.monotonicMs();
  expect(Number.isInteger(systemClock.nowMs())).toBe(true);
  expect(Math.abs(systemClock.nowMs() - Date.now())).toBeLessThan(1_000);
  expect(systemClock.monotonicMs()).toBeGreaterThanOrEqual(before);
});

test('timers fire once and cleared ones do not; a delay beyond 2^31 - 1 ms does not fire at once', async () => {
  const fired: string[] = [];
  const cleared = systemClock.setTimer(0, () => fired.push('cleared'));
  const distant = systemClock.setTimer(2 ** 40, () => fired.push('distant'));
  systemClock.clearTimer(cleared);
  await new Promise<void>((resolve) => systemClock.setTimer(5, resolve));
  systemClock.clearTimer(distant);
  expect(fired).toEqual([]);
});

test('deferred calls come in order, after promises', async () => {
  const order: string[] = [];
  systemClock.defer(() => order.push('first'));
  const second = new Promise<void>((resolve) => systemClock.defer(resolve));
  await Promise.resolve();
  order.push('promise');
  await second;
  expect(order).toEqual(['promise', 'first']);
});

test('a coded error bears its code and cause, and codes are found on errors of any class', () => {
  const cause = new TypeError('inner');
  const error = new CodedError('STORE_FULL', 'no room', { cause });
  expect([error.code, error.cause, error.name, error.message]).toEqual([
    'STORE_FULL',
    cause,
    'CodedError',
    'no room',
  ]);
  expect(error).toBeInstanceOf(Error);
  expect([error, { code: 'X' }, { code: 5 }, null, 'text'].map(codeOf)).toEqual([
    'STORE_FULL',
    'X',
    undefined,
    undefined,
    undefined,
  ]);
});

test('the silent logger takes everything', () => {
  expect(silentLogger.error({ code: 'X' }, 'nothing')).toBeUndefined();
});
