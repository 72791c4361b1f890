import { expect, test } from '@jest/globals';
import { nodeIdOf } from '@yakmesh/crypto';
import fc from 'fast-check';
import type { LimitVerdict } from '../src/limit-verdict.js';
import { ConnectionRateLimiter } from '../src/rate-limiter.js';

const MINUTE_MS = 60_000;
const SECOND_MS = 1_000;
const IP = '203.0.113.9';

type Check = (limiter: ConnectionRateLimiter, nowMs: number) => LimitVerdict;

/** How many of so many checks at one time are admitted. */
function admitted(times: number, check: (index: number) => LimitVerdict): number {
  return Array.from({ length: times }, (_, index) => check(index)).filter(({ allowed }) => allowed).length;
}

test('the page’s example: ten connections of an address are allowed in a minute, and then no more', () => {
  const limiter = new ConnectionRateLimiter({
    maxConnectionsPerMinute: 10,
    maxMessagesPerSecond: 50,
    maxHandshakesPerMinute: 5,
    banThreshold: 5,
    banDuration: 300_000,
  });
  expect(admitted(12, () => limiter.checkConnection(IP))).toBe(10);
  expect(limiter.checkConnection('203.0.113.10').allowed).toBe(true);
});

const checks: readonly (readonly [string, number, number, Check])[] = [
  ['connections', 10, MINUTE_MS, (limiter, nowMs) => limiter.checkConnection(IP, nowMs)],
  ['handshakes', 5, MINUTE_MS, (limiter, nowMs) => limiter.checkHandshake(IP, nowMs)],
  ['messages', 50, SECOND_MS, (limiter, nowMs) => limiter.checkMessage('alice', nowMs)],
  ['gossip', 25, SECOND_MS, (limiter, nowMs) => limiter.checkGossip('alice', nowMs)],
];

test.each(checks)(
  'D1: in no window are more than the limit of %s admitted, whatever the phase',
  (_name, limit, windowMs, check) => {
    const gaps = fc.array(
      fc.oneof(
        fc.constant(0),
        fc.nat({ max: Math.floor(windowMs / 3) }),
        fc.double({ min: 0, max: windowMs / 50, noNaN: true }),
      ),
      {
        maxLength: 200,
      },
    );
    const property = fc.property(gaps, (gapsMs) => {
      const limiter = new ConnectionRateLimiter({ banThreshold: Infinity });
      const admittedMs: number[] = [];
      let nowMs = 1_000_000;
      for (const gapMs of gapsMs) {
        nowMs += gapMs;
        const inWindow = admittedMs.filter((timeMs) => timeMs + windowMs > nowMs).length;
        const verdict = check(limiter, nowMs);
        expect(verdict.allowed).toBe(inWindow < limit);
        if (verdict.allowed) admittedMs.push(nowMs);
      }
    });
    fc.assert(property);
  },
);

test.each(checks)(
  'a refusal of %s says why and when to come again, and then they are admitted',
  (name, limit, windowMs, check) => {
    const limiter = new ConnectionRateLimiter();
    for (let count = 0; count < limit; count += 1)
      expect(check(limiter, 1_000)).toEqual({ allowed: true, retryAfterMs: 0 });
    const verdict = check(limiter, 1_010);
    expect(verdict).toEqual({
      allowed: false,
      code: `GUARD_${name.toUpperCase()}`,
      reason: expect.stringContaining('oo m'),
      retryAfterMs: windowMs - 10,
    });
    expect(check(limiter, 1_010 + verdict.retryAfterMs).allowed).toBe(true);
  },
);

test('D1: an attacker with an IPv6 /64 has one address, however many of its 2⁶⁴ it uses', () => {
  const limiter = new ConnectionRateLimiter({ banThreshold: Infinity });
  expect(admitted(1_000, (host) => limiter.checkConnection(`2001:db8:1:2::${host.toString(16)}`, 0))).toBe(
    10,
  );
  expect(limiter.checkConnection('2001:db8:1:3::1', 0).allowed).toBe(true);
});

test('D1: an attacker with an IPv6 /48 has eight addresses, and all IPv6 is not in one bucket', () => {
  const limiter = new ConnectionRateLimiter({ banThreshold: Infinity });
  expect(
    admitted(1_000, (network) => limiter.checkConnection(`2001:db8:1:${network.toString(16)}::1`, 0)),
  ).toBe(80);
  expect(limiter.checkConnection('2001:db8:1:ffff::1', 0).reason).toBe(
    "Too many connections of this address's network.",
  );
  expect(limiter.checkConnection('2001:db8:2::1', 0).allowed).toBe(true);
});

test('D1: a mapped IPv4 address is the IPv4 address', () => {
  const limiter = new ConnectionRateLimiter({ maxConnectionsPerMinute: 3 });
  expect(
    [IP, `::ffff:${IP}`, '::ffff:cb00:7109'].every((text) => limiter.checkConnection(text, 0).allowed),
  ).toBe(true);
  expect(limiter.checkConnection(`::ffff:${IP}`, 0).allowed).toBe(false);
});

test('an IPv4 /24 is limited as a whole only where that is asked for', () => {
  const connect = (limiter: ConnectionRateLimiter): number =>
    admitted(250, (host) => limiter.checkConnection(`203.0.113.${host}`, 0));
  expect(connect(new ConnectionRateLimiter())).toBe(250);
  expect(connect(new ConnectionRateLimiter({ ipv4SubnetMultiple: 4 }))).toBe(40);
});

test('D1: behind a trusted proxy each client has limits of its own, and the proxy is not banned with them', () => {
  const limiter = new ConnectionRateLimiter({ trustedProxies: ['10.0.0.0/8'] });
  const connect = (client: string): LimitVerdict => {
    const request = { headers: { 'x-forwarded-for': `1.1.1.1, ${client}` } };
    return limiter.checkConnection(limiter.clientAddress('10.0.0.1', request), 0);
  };
  expect(admitted(99, () => connect('198.51.100.66'))).toBe(10);
  expect(limiter.isBanned('198.51.100.66', 0)).toBe(true);
  expect(connect(IP).allowed).toBe(true);
  admitted(99, () => limiter.checkConnection('10.0.0.1', 0));
  expect(limiter.isBanned('10.0.0.1', 0)).toBe(false);
  expect(limiter.ban('10.0.0.1')).toBe(false);
});

test('the fifth refusal within ten minutes bans an address for five minutes', () => {
  const limiter = new ConnectionRateLimiter();
  admitted(14, () => limiter.checkConnection(IP, 0));
  expect(limiter.isBanned(IP, 0)).toBe(false);
  limiter.checkConnection(IP, 0);
  expect(limiter.checkConnection(IP, 100_000)).toEqual({
    allowed: false,
    code: 'GUARD_BANNED',
    reason: 'This address is banned for now.',
    retryAfterMs: 200_000,
  });
  expect(limiter.checkHandshake(IP, 299_999).code).toBe('GUARD_BANNED');
  expect(limiter.checkConnection(IP, 300_000).allowed).toBe(true);
});

test('refusals that lie more than ten minutes apart do not add up', () => {
  const limiter = new ConnectionRateLimiter({ maxConnectionsPerMinute: 0, banThreshold: 2 });
  for (let nowMs = 0; nowMs < 6_000_000; nowMs += 600_000) limiter.checkConnection(IP, nowMs);
  expect(limiter.isBanned(IP, 6_000_000)).toBe(false);
  limiter.checkConnection(IP, 5_999_999);
  expect(limiter.isBanned(IP, 6_000_000)).toBe(true);
});

test('a node that goes on sending beyond its limit is banned by its id alone', () => {
  const limiter = new ConnectionRateLimiter({ maxMessagesPerSecond: 2 });
  admitted(7, () => limiter.checkMessage('mallory', 0));
  expect(limiter.checkGossip('mallory', 5_000)).toMatchObject({
    code: 'GUARD_BANNED',
    retryAfterMs: 295_000,
  });
  expect(limiter.checkMessage('alice', 5_000).allowed).toBe(true);
});

test('asking how long a message must wait counts nothing', () => {
  const limiter = new ConnectionRateLimiter({ maxMessagesPerSecond: 1, maxGossipPerSecond: 1 });
  expect(limiter.messageRetryAfterMs('alice', 0)).toBe(0);
  limiter.checkMessage('alice', 0);
  limiter.checkGossip('alice', 0);
  for (let times = 0; times < 100; times += 1) {
    expect(limiter.messageRetryAfterMs('alice', 400)).toBe(600);
    expect(limiter.gossipRetryAfterMs('alice', 400)).toBe(600);
  }
  expect(limiter.checkMessage('alice', 1_000).allowed).toBe(true);
  limiter.ban('alice', 5_000, 1_000);
  expect(limiter.messageRetryAfterMs('alice', 2_000)).toBe(4_000);
});

test('an address, a node and a name are banned and unbanned by hand', () => {
  const limiter = new ConnectionRateLimiter();
  const nodeId = nodeIdOf(new Uint8Array(1_952));
  for (const key of [IP, '2001:db8::1', nodeId, 'memory-socket-1']) {
    expect(limiter.ban(key, 1_000, 0)).toBe(true);
    expect([limiter.isBanned(key, 999), limiter.isBanned(key, 1_000)]).toEqual([true, false]);
    limiter.ban(key, Infinity, 1_000);
    expect(limiter.isBanned(key, 1e12)).toBe(true);
    expect([limiter.unban(key), limiter.unban(key)]).toEqual([true, false]);
  }
  expect(limiter.size).toBe(0);
});

test('a name that is no address is banned on every way', () => {
  const limiter = new ConnectionRateLimiter();
  limiter.ban('socket', 1_000, 0);
  expect(limiter.checkConnection('socket', 0).code).toBe('GUARD_BANNED');
  expect(limiter.checkMessage('socket', 0).code).toBe('GUARD_BANNED');
});

test('a shorter ban does not shorten one in force', () => {
  const limiter = new ConnectionRateLimiter();
  limiter.ban(IP, 10_000, 0);
  limiter.ban(IP, 1_000, 0);
  expect(limiter.isBanned(IP, 9_999)).toBe(true);
});

test('strikes for other misdeeds lead to a ban, and unban forgets them', () => {
  const limiter = new ConnectionRateLimiter();
  for (let count = 0; count < 4; count += 1) limiter.strikeAddress(IP, 0);
  limiter.unban(IP);
  for (let count = 0; count < 4; count += 1) limiter.strikeAddress(IP, 0);
  expect(limiter.isBanned(IP, 0)).toBe(false);
  limiter.strikeAddress(IP, 0);
  expect(limiter.isBanned(IP, 0)).toBe(true);
});

test('a /48 is banned for refusals of its own, eight times as many as an address', () => {
  const limiter = new ConnectionRateLimiter();
  const connect = (network: number): LimitVerdict =>
    limiter.checkConnection(`2001:db8:1:${network.toString(16)}::1`, 0);
  admitted(80 + 39, connect);
  expect(limiter.isBanned('2001:db8:1:9999::1', 0)).toBe(false);
  connect(9_999);
  expect(limiter.isBanned('2001:db8:1:9999::1', 0)).toBe(true);
  expect(limiter.isBanned('2001:db8:2::1', 0)).toBe(false);
});

test('nothing is exempt unless it is said, and what is exempt is neither limited nor banned', () => {
  const connect = (limiter: ConnectionRateLimiter, address: string): number =>
    admitted(100, () => limiter.checkConnection(address, 0));
  expect(connect(new ConnectionRateLimiter(), '127.0.0.1')).toBe(10);
  const limiter = new ConnectionRateLimiter({ exempt: ['127.0.0.0/8', '2001:db8::/32'] });
  expect([
    connect(limiter, '::ffff:127.0.0.1'),
    connect(limiter, '2001:db8:1::1'),
    connect(limiter, IP),
  ]).toEqual([100, 100, 10]);
  expect(limiter.ban('127.0.0.1')).toBe(false);
});

test('an address whose link has lived long gets its allowance back', () => {
  const limiter = new ConnectionRateLimiter();
  admitted(10, () => limiter.checkConnection(IP, 0));
  limiter.forgiveAddress(IP);
  expect(limiter.checkConnection(IP, 1).allowed).toBe(true);
});

test('H8: a limit of 0 admits nothing and Infinity everything', () => {
  const none = new ConnectionRateLimiter({
    maxConnectionsPerMinute: 0,
    maxMessagesPerSecond: 0,
    banThreshold: Infinity,
  });
  expect(none.checkConnection(IP, 0)).toMatchObject({ allowed: false, retryAfterMs: Infinity });
  expect(none.messageRetryAfterMs('alice', 0)).toBe(Infinity);
  const all = new ConnectionRateLimiter({
    maxConnectionsPerMinute: Infinity,
    maxMessagesPerSecond: Infinity,
  });
  expect(admitted(1_000, () => all.checkConnection(IP, 0))).toBe(1_000);
  expect(admitted(1_000, () => all.checkMessage('alice', 0))).toBe(1_000);
});

test.each([
  { maxConnectionsPerMinute: -1 },
  { maxMessagesPerSecond: 1.5 },
  { maxHandshakesPerMinute: Number.NaN },
  { maxGossipPerSecond: 1e10 },
  { banThreshold: 0 },
  { banDuration: -1 },
  { banDuration: '5m' },
  { exempt: ['localhost'] },
  { trustedProxies: ['10.0.0.0/40'] },
  { maxConnections: 1 },
])('the options %j are refused', (options) => {
  expect(() => new ConnectionRateLimiter(options as object)).toThrow(
    expect.objectContaining({ code: 'DEFENSE_BAD_OPTION' }),
  );
});

test('a ban for no length of time is a mistake of the caller', () => {
  expect(() => new ConnectionRateLimiter().ban(IP, Number.NaN)).toThrow(
    expect.objectContaining({ code: 'DEFENSE_BAD_ARGUMENT' }),
  );
});
