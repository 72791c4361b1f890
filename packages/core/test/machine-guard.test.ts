import { expect, test } from '@jest/globals';
import { nodeIdOf } from '@yakmesh/crypto';
import { DefaultGuard, type RateLimiterOptions } from '../src/mesh/default-guard.js';

const ADDRESS = '192.0.2.7';
const ORIGIN = nodeIdOf(new Uint8Array(1_952));

const codeOf = (verdict: ReturnType<DefaultGuard['connection']>): string =>
  verdict.allowed ? 'allowed' : verdict.code;

/** Verdicts on so many connections of one address at one time. */
function connect(guard: DefaultGuard, count: number, address = ADDRESS, nowMs = 0): string[] {
  return Array.from({ length: count }, () => codeOf(guard.connection(address, nowMs)));
}

test('the defaults: 10 connections and 5 handshakes of an address in a minute', () => {
  const guard = new DefaultGuard({});
  expect(connect(guard, 11).filter((code) => code === 'allowed')).toHaveLength(10);
  const handshakes = Array.from({ length: 6 }, () => codeOf(guard.handshake(ADDRESS, 0)));
  expect(handshakes).toEqual([...Array<string>(5).fill('allowed'), 'GUARD_HANDSHAKES']);
});

test('D1: the window slides: twice the limit never passes within a minute, wherever it begins', () => {
  const guard = new DefaultGuard({ banThreshold: 1_000 });
  const passed: number[] = [];
  for (let nowMs = 0; nowMs < 300_000; nowMs += 1_000)
    if (guard.connection(ADDRESS, nowMs).allowed) passed.push(nowMs);
  for (const start of passed)
    expect(passed.filter((at) => at >= start && at < start + 60_000).length).toBeLessThanOrEqual(10);
  expect(passed.length).toBeGreaterThan(40);
});

test('D1: IPv6 counts by /64, and a mapped IPv4 address as itself', () => {
  const guard = new DefaultGuard({});
  for (let count = 0; count < 10; count += 1)
    expect(guard.connection(`2001:db8:1:2::${count + 1}`, 0).allowed).toBe(true);
  expect(guard.connection('2001:db8:1:2:ffff::1', 0).allowed).toBe(false);
  expect(guard.connection('2001:db8:1:3::1', 0).allowed).toBe(true);
  connect(guard, 10, '198.51.100.1');
  expect(guard.connection('::ffff:198.51.100.1', 0).allowed).toBe(false);
});

test('loopback is exempt from the defaults, and from no limit that the caller set', () => {
  expect(connect(new DefaultGuard({}), 100, '127.0.0.1')).toEqual(Array(100).fill('allowed'));
  expect(connect(new DefaultGuard({ maxConnectionsPerMinute: 2 }), 3, '::1')[2]).toBe('GUARD_CONNECTIONS');
  const guard = new DefaultGuard({ maxHandshakesPerMinute: 1 });
  expect(guard.handshake('127.0.0.1', 0).allowed).toBe(true);
  expect(guard.handshake('127.0.0.1', 0).allowed).toBe(false);
});

test('messages are unlimited unless the caller says otherwise, and then count by their origin', () => {
  const free = new DefaultGuard({});
  for (let count = 0; count < 10_000; count += 1) expect(free.message(ORIGIN, 1, 0).allowed).toBe(true);
  const guard = new DefaultGuard({ maxMessagesPerSecond: 3 });
  const codes = Array.from({ length: 4 }, () => codeOf(guard.message(ORIGIN, 1, 0)));
  expect(codes).toEqual(['allowed', 'allowed', 'allowed', 'GUARD_MESSAGES']);
  expect(guard.message(ORIGIN, 1, 1_001).allowed).toBe(true);
});

test('five refusals ban an address for five minutes', () => {
  const guard = new DefaultGuard({});
  const codes = connect(guard, 16);
  expect(codes.slice(10)).toEqual([...Array<string>(5).fill('GUARD_CONNECTIONS'), 'GUARD_BANNED']);
  expect(codeOf(guard.connection(ADDRESS, 299_999))).toBe('GUARD_BANNED');
  expect(guard.connection(ADDRESS, 300_000).allowed).toBe(true);
});

test('proof of malice counts as a refusal, a suspicion does not', () => {
  const guard = new DefaultGuard({});
  guard.connection(ADDRESS, 0);
  for (let count = 0; count < 5; count += 1) guard.report({ address: ADDRESS }, 'GATE_REJECTED', 5, 0);
  expect(guard.connection(ADDRESS, 0).allowed).toBe(true);
  for (let count = 0; count < 5; count += 1) guard.report({ address: ADDRESS }, 'LINK_BAD_SIGNATURE', 100, 0);
  expect(codeOf(guard.connection(ADDRESS, 0))).toBe('GUARD_BANNED');
});

test('a ban that the caller asked for holds on loopback too', () => {
  const guard = new DefaultGuard({ banThreshold: 2 });
  for (let count = 0; count < 2; count += 1)
    guard.report({ address: '127.0.0.1' }, 'LINK_BAD_SIGNATURE', 100, 0);
  expect(codeOf(guard.connection('127.0.0.1', 0))).toBe('GUARD_BANNED');
});

test('a link that lived a minute gives its address its allowance back, a shorter one does not', () => {
  const guard = new DefaultGuard({});
  connect(guard, 10);
  guard.released({ address: ADDRESS, direction: 'inbound', livedMs: 59_999 });
  expect(guard.connection(ADDRESS, 0).allowed).toBe(false);
  guard.released({ address: ADDRESS, direction: 'inbound', livedMs: 60_000 });
  expect(guard.connection(ADDRESS, 0).allowed).toBe(true);
});

test('a verdict says how long to wait', () => {
  const guard = new DefaultGuard({});
  connect(guard, 10, ADDRESS, 10_000);
  const verdict = guard.connection(ADDRESS, 30_000);
  expect(verdict).toMatchObject({ allowed: false, retryAfterMs: 40_000 });
});

test('a limit of 0 allows nothing: it is no missing value', () => {
  const options: RateLimiterOptions = { maxConnectionsPerMinute: 0, maxMessagesPerSecond: 0 };
  const guard = new DefaultGuard(options);
  expect([guard.connection(ADDRESS, 0).allowed, guard.message(ORIGIN, 1, 0).allowed]).toEqual([false, false]);
});
