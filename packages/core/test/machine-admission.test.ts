import { expect, test } from '@jest/globals';
import { Admission, CONNECTS_PER_MINUTE_MAX } from '../src/mesh/admission.js';
import { Counters } from '../src/mesh/counters.js';
import { DefaultGuard, type RateLimiterOptions } from '../src/mesh/default-guard.js';
import { VirtualClock } from '../src/testing/index.js';

const BAN_THRESHOLD = 5;

function admissionOf(options: RateLimiterOptions = {}) {
  const counters = new Counters();
  const clock = new VirtualClock();
  return {
    counters,
    admission: new Admission({
      guard: new DefaultGuard(options),
      clock,
      counters,
      handshakesPerSecond: () => 16,
    }),
  };
}

/** How many of so many TCP connections at once are read. */
function readOf(admission: Admission, address: string, count: number): number {
  return Array.from({ length: count }, () => admission.admits(address)).filter((isRead) => isRead).length;
}

test('D1: an address that connects and says nothing, again and again, is banned', () => {
  const { admission, counters } = admissionOf();
  const read = readOf(admission, '203.0.113.1', 2 * CONNECTS_PER_MINUTE_MAX);
  expect(read).toBe(CONNECTS_PER_MINUTE_MAX + BAN_THRESHOLD - 1);
  expect(counters.get('PEER_CONNECT_FLOOD')).toBe(BAN_THRESHOLD);
  expect(readOf(admission, '203.0.113.2', 1)).toBe(1);
});

test('this machine’s own addresses may connect as often as they like', () => {
  const { admission } = admissionOf();
  expect(readOf(admission, '127.0.0.1', 1_000)).toBe(1_000);
});
