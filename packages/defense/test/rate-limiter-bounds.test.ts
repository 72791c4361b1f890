import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from '@jest/globals';
import { ADDRESS_BANS_MAX, ADDRESS_BANS_RESERVED } from '../src/address-gate.js';
import { ADDRESSES_MAX, SITES_MAX } from '../src/address-limit.js';
import { BanList } from '../src/ban-list.js';
import { NODES_MAX } from '../src/node-gate.js';
import { ConnectionRateLimiter } from '../src/rate-limiter.js';

const MINUTE_MS = 60_000;
/** As the class says; what Node needs for itself meanwhile is in it. */
const HEAP_BYTES_MAX = 48 * 1_024 * 1_024;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function heapBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

const ipv4 = (index: number): string => `${11 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}.7`;
const ipv6 = (index: number): string =>
  `2a02:${(index >> 8).toString(16)}:${(index & 255).toString(16)}:1::9`;

test('D1: a million attacking addresses, IPv4 and IPv6, cost no more than the stated bounds', () => {
  const beforeBytes = heapBytes();
  const limiter = new ConnectionRateLimiter();
  for (let index = 0; index < 1_000_000; index += 1) {
    const address = index % 2 === 0 ? ipv4(index >> 1) : ipv6(index >> 1);
    // Some come again until they are banned: the costliest kind of attacker.
    for (let times = index % 100 === 0 ? 16 : 1; times > 0; times -= 1)
      limiter.checkConnection(address, index / 100);
    if (index % 10 !== 0) continue;
    limiter.checkHandshake(address, index / 100);
    limiter.nodeAuthenticated(address, `node-${index}`, index / 100);
    limiter.checkMessage(`node-${index}`, index / 1_000);
  }
  const grownBytes = heapBytes() - beforeBytes;
  const stats = limiter.stats();
  expect(stats.addresses).toBeLessThanOrEqual(ADDRESSES_MAX);
  expect(stats.sites).toBeLessThanOrEqual(2 * SITES_MAX);
  expect(stats.nodes).toBeLessThanOrEqual(NODES_MAX);
  expect(stats.strikes).toBeLessThanOrEqual(ADDRESSES_MAX + SITES_MAX + NODES_MAX);
  expect(stats.bannedAddresses).toBeLessThanOrEqual(ADDRESS_BANS_MAX);
  expect(stats.goodScopes).toBeLessThanOrEqual(4_096);
  expect(limiter.size).toBeLessThanOrEqual(90_112);
  expect(grownBytes).toBeLessThan(HEAP_BYTES_MAX);
});

test('an attacker with more addresses than there is room for cannot make the count of another forgotten', () => {
  const limiter = new ConnectionRateLimiter();
  for (let times = 0; times < 10; times += 1) limiter.checkConnection('203.0.113.9', 0);
  for (let index = 0; index < 2 * ADDRESSES_MAX; index += 1) limiter.checkConnection(ipv4(index), 1_000);
  expect(limiter.checkConnection('203.0.113.9', 2_000).allowed).toBe(false);
});

test('while there is no room, newcomers share few windows by where they come from, and none of them is blamed', () => {
  const limiter = new ConnectionRateLimiter();
  for (let index = 0; index < ADDRESSES_MAX; index += 1) limiter.checkConnection(ipv4(index), 0);
  let admitted = 0;
  for (let index = 0; index < 5_000; index += 1)
    if (limiter.checkConnection(`198.51.${index >> 8}.${index & 255}`, 1).allowed) admitted += 1;
  // All of one /16 is one window; another provider's newcomers have another, but for one in 256.
  expect(admitted).toBe(10);
  const others = Array.from({ length: 100 }, (_, index) =>
    limiter.checkConnection(`${100 + index}.1.1.1`, 1),
  );
  expect(others.filter(({ allowed }) => allowed).length).toBeGreaterThan(90);
  expect(limiter.stats().strikes).toBe(0);
  expect(limiter.checkConnection('198.51.1.1', 2).reason).toBe(
    'Too many connections of addresses that are new here.',
  );
});

test('as soon as a window’s length has passed, newcomers have windows of their own again', () => {
  const limiter = new ConnectionRateLimiter();
  for (let index = 0; index < ADDRESSES_MAX + 5_000; index += 1) limiter.checkConnection(ipv4(index), 0);
  for (let index = 0; index < 1_000; index += 1)
    expect(limiter.checkConnection(`198.51.${index >> 8}.${index & 255}`, MINUTE_MS).allowed).toBe(true);
});

test('bans of many addresses drive none out, and leave room for those made by hand', () => {
  const limiter = new ConnectionRateLimiter({ maxConnectionsPerMinute: 0, banThreshold: 1 });
  for (let index = 0; index < 30_000; index += 1) limiter.checkConnection(ipv4(index), 0);
  expect(limiter.isBanned(ipv4(0), 1)).toBe(true);
  const stats = limiter.stats();
  expect(stats.bannedAddresses).toBeLessThanOrEqual(ADDRESS_BANS_MAX - ADDRESS_BANS_RESERVED);
  for (let host = 0; host < 100; host += 1) expect(limiter.ban(`203.0.113.${host}`, 1_000, 1)).toBe(true);
});

test('a full list of bans takes new ones when old ones have ended', () => {
  const bans = new BanList(2);
  expect([bans.ban('a', 100, 0), bans.ban('b', 5_000, 0), bans.ban('c', 100, 50)]).toEqual([
    true,
    true,
    false,
  ]);
  expect([bans.ban('b', 6_000, 60), bans.untilMs('b', 60), bans.size]).toEqual([true, 6_000, 2]);
  expect([bans.ban('c', 9_000, 2_000), bans.untilMs('a', 2_000), bans.untilMs('b', 2_000)]).toEqual([
    true,
    0,
    6_000,
  ]);
});

test('names of any length cost no more than their beginning', () => {
  const limiter = new ConnectionRateLimiter();
  const beforeBytes = heapBytes();
  for (let index = 0; index < 200; index += 1) {
    const name = `${index} `.repeat(100_000);
    limiter.checkConnection(name, 0);
    limiter.checkMessage(name, 0);
    limiter.nodeAuthenticated(name, name, 0);
    limiter.ban(name, 1_000, 0);
  }
  expect(heapBytes() - beforeBytes).toBeLessThan(8 * 1_024 * 1_024);
});
