import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { TimestampValidator } from '../src/timestamp-validator.js';

const NOW_MS = 1_700_000_000_000;

test('a timestamp is fresh from maxAge ago to maxFuture ahead, both included', () => {
  const timestamps = new TimestampValidator({ maxAge: 600_000, maxFuture: 120_000 });
  expect(timestamps.validate(NOW_MS - 600_000, NOW_MS)).toBe(true);
  expect(timestamps.validate(NOW_MS - 600_001, NOW_MS)).toBe(false);
  expect(timestamps.validate(NOW_MS + 120_000, NOW_MS)).toBe(true);
  expect(timestamps.validate(NOW_MS + 120_001, NOW_MS)).toBe(false);
});

test('what is no whole number of milliseconds is refused, whatever its type', () => {
  const timestamps = new TimestampValidator();
  const wrong = [
    NaN,
    Infinity,
    -Infinity,
    -1,
    NOW_MS + 0.5,
    2 ** 53,
    `${NOW_MS}`,
    undefined,
    null,
    BigInt(NOW_MS),
  ];
  for (const timestamp of [...wrong, new Date(NOW_MS), [NOW_MS]]) {
    expect(timestamps.validate(timestamp as number, NOW_MS)).toBe(false);
    expect(timestamps.explain(timestamp as number, NOW_MS).code).toBe('TIMESTAMP_MALFORMED');
  }
});

test('without a time it goes by the system clock', () => {
  const timestamps = new TimestampValidator({ maxAge: 600_000 });
  expect(timestamps.validate(Date.now())).toBe(true);
  expect(timestamps.validate(Date.now() - 700_000)).toBe(false);
});

test('explain tells the old from the early', () => {
  const timestamps = new TimestampValidator();
  expect(timestamps.explain(0, NOW_MS).code).toBe('TIMESTAMP_TOO_OLD');
  expect(timestamps.explain(2 * NOW_MS, NOW_MS).code).toBe('TIMESTAMP_FROM_FUTURE');
  expect(timestamps.explain(NOW_MS, NOW_MS)).toEqual({ valid: true });
});

test('options that cannot be used are refused', () => {
  expect(() => new TimestampValidator({ maxAge: -1 })).toThrow(/maxAge is a whole number/);
  expect(() => new TimestampValidator({ maxFuture: NaN })).toThrow(/maxFuture is a whole number/);
  expect(() => new TimestampValidator({ future: 1 } as object)).toThrow(/known are maxAge, maxFuture/);
});

test('explain and validate agree', () => {
  const timestamps = new TimestampValidator({ maxAge: 100, maxFuture: 50 });
  fc.assert(
    fc.property(fc.integer({ min: -200, max: 200 }), (offset) => {
      const isValid = timestamps.validate(NOW_MS + offset, NOW_MS);
      expect(isValid).toBe(offset >= -100 && offset <= 50);
      expect(timestamps.explain(NOW_MS + offset, NOW_MS).valid).toBe(isValid);
    }),
  );
});
