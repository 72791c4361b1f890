import { expect, test } from '@jest/globals';
import { GOOD_NODE_LIFE_MS, GOOD_NODES_PER_SCOPE_MAX, GOOD_SCOPES_MAX } from '../src/good-nodes.js';
import { ConnectionRateLimiter } from '../src/rate-limiter.js';

const NAT = '203.0.113.9';
const DAY_MS = GOOD_NODE_LIFE_MS;

/** Another client behind the same address connects until the address is banned. */
function attack(limiter: ConnectionRateLimiter, nowMs: number, address = NAT): void {
  for (let count = 0; count < 50; count += 1) limiter.checkConnection(address, nowMs);
  expect(limiter.isBanned(address, nowMs)).toBe(true);
}

test('D1: an authenticated good node is not banned with its NAT', () => {
  const limiter = new ConnectionRateLimiter();
  limiter.nodeAuthenticated(NAT, 'alice', 0);
  attack(limiter, 1_000);
  expect(limiter.isShut(NAT, 61_000)).toBe(false);
  expect(limiter.checkConnection(NAT, 61_000).allowed).toBe(true);
  expect(limiter.checkHandshake(NAT, 61_000).allowed).toBe(true);
  expect(limiter.admitsNode(NAT, 'alice', 61_000).allowed).toBe(true);
  expect(limiter.admitsNode(NAT, 'mallory', 61_000)).toMatchObject({ allowed: false, code: 'GUARD_BANNED' });
});

test('for good nodes’ sake a banned address has a few connections a minute, and no more', () => {
  const limiter = new ConnectionRateLimiter({ maxHandshakesPerMinute: 5 });
  limiter.nodeAuthenticated(NAT, 'alice', 0);
  attack(limiter, 1_000);
  const passed = (nowMs: number): number =>
    Array.from({ length: 100 }, () => limiter.checkConnection(NAT, nowMs)).filter(({ allowed }) => allowed)
      .length;
  expect([passed(61_000), passed(62_000), passed(121_000)]).toEqual([5, 0, 5]);
  expect(limiter.checkConnection(NAT, 122_000)).toMatchObject({ code: 'GUARD_BANNED', retryAfterMs: 59_000 });
});

test('a banned address is shut for as long as its good nodes have no connection left', () => {
  const limiter = new ConnectionRateLimiter({ maxHandshakesPerMinute: 5 });
  limiter.nodeAuthenticated(NAT, 'alice', 0);
  attack(limiter, 1_000);
  for (let count = 0; count < 5; count += 1) limiter.checkConnection(NAT, 61_000);
  expect([61_001, 120_999, 121_000].map((nowMs) => limiter.isShut(NAT, nowMs))).toEqual([true, true, false]);
});

test('a rule that a banned address breaks elsewhere costs it a connection of its good nodes', () => {
  const limiter = new ConnectionRateLimiter({ maxHandshakesPerMinute: 5 });
  limiter.nodeAuthenticated(NAT, 'alice', 0);
  attack(limiter, 1_000);
  for (let count = 0; count < 5; count += 1) limiter.strikeAddress(NAT, 61_000);
  expect(limiter.isShut(NAT, 61_001)).toBe(true);
});

test('a banned address without good nodes is shut', () => {
  const limiter = new ConnectionRateLimiter();
  expect(limiter.isShut(NAT, 0)).toBe(false);
  attack(limiter, 0);
  expect(limiter.isShut(NAT, 1)).toBe(true);
});

test('whoever proves itself for the first time while the address is banned is not good there', () => {
  const limiter = new ConnectionRateLimiter();
  limiter.nodeAuthenticated(NAT, 'alice', 0);
  attack(limiter, 1_000);
  limiter.nodeAuthenticated(NAT, 'mallory', 2_000);
  expect(limiter.admitsNode(NAT, 'mallory', 2_000).allowed).toBe(false);
});

test('a node that misbehaved, or is banned itself, is good nowhere', () => {
  const limiter = new ConnectionRateLimiter();
  for (const nodeId of ['alice', 'mallory', 'trudy']) limiter.nodeAuthenticated(NAT, nodeId, 0);
  limiter.nodeAuthenticated('198.51.100.1', 'mallory', 0);
  limiter.nodeMisbehaved('mallory');
  limiter.ban('trudy', 10_000, 0);
  attack(limiter, 1_000);
  attack(limiter, 1_000, '198.51.100.1');
  const admits = (address: string, nodeId: string): boolean =>
    limiter.admitsNode(address, nodeId, 2_000).allowed;
  expect(['alice', 'mallory', 'trudy'].map((nodeId) => admits(NAT, nodeId))).toEqual([true, false, false]);
  expect(limiter.isShut('198.51.100.1', 2_000)).toBe(true);
});

test('a node is good for a day after it was last proven', () => {
  const limiter = new ConnectionRateLimiter();
  limiter.nodeAuthenticated(NAT, 'alice', 0);
  limiter.nodeAuthenticated(NAT, 'alice', DAY_MS / 2);
  attack(limiter, 1.5 * DAY_MS - 1_000);
  expect(limiter.admitsNode(NAT, 'alice', 1.5 * DAY_MS - 1).allowed).toBe(true);
  expect(limiter.admitsNode(NAT, 'alice', 1.5 * DAY_MS).allowed).toBe(false);
  expect(limiter.isShut(NAT, 1.5 * DAY_MS)).toBe(true);
});

test('many new identities behind one address drive no good node out, until its day is over', () => {
  const limiter = new ConnectionRateLimiter();
  limiter.nodeAuthenticated(NAT, 'alice', 0);
  for (let index = 0; index < 1_000; index += 1) limiter.nodeAuthenticated(NAT, `sybil-${index}`, 1_000);
  limiter.ban(NAT, 60_000, 2_000);
  const admits = (nodeId: string, nowMs: number): boolean => limiter.admitsNode(NAT, nodeId, nowMs).allowed;
  expect(admits('alice', 2_000)).toBe(true);
  expect(admits(`sybil-${GOOD_NODES_PER_SCOPE_MAX - 2}`, 2_000)).toBe(true);
  expect(admits(`sybil-${GOOD_NODES_PER_SCOPE_MAX - 1}`, 2_000)).toBe(false);
  limiter.nodeAuthenticated(NAT, 'bob', DAY_MS + 500);
  limiter.ban(NAT, 60_000, DAY_MS + 500);
  expect(admits('bob', DAY_MS + 500)).toBe(true);
});

test('many addresses drive no address with good nodes out, and those of one IPv6 /48 are one', () => {
  const limiter = new ConnectionRateLimiter();
  limiter.nodeAuthenticated(NAT, 'alice', 0);
  for (let network = 0; network < 20_000; network += 1)
    limiter.nodeAuthenticated(`2001:db8:1:${network.toString(16)}::1`, 'mallory', 1);
  expect(limiter.stats().goodScopes).toBe(2);
  for (let site = 0; site < 20_000; site += 1)
    limiter.nodeAuthenticated(`2001:db9:${site.toString(16)}::1`, 'mallory', 2);
  expect(limiter.stats().goodScopes).toBe(GOOD_SCOPES_MAX);
  attack(limiter, 3);
  expect(limiter.admitsNode(NAT, 'alice', 4).allowed).toBe(true);
  limiter.nodeMisbehaved('mallory');
  expect(limiter.stats().goodScopes).toBe(1);
});
