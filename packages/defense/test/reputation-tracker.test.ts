import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BAN_MS_MAX } from '../src/node-standing.js';
import { ReputationTracker } from '../src/reputation-tracker.js';
import { rememberVerified } from '../src/verified-solutions.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOW_MS = 1_700_000_000_000;
const solution = (fill: number) => new Uint8Array(40).fill(fill);

function praise(reputation: ReputationTracker, peerId: string, hours: number, fromMs = NOW_MS): number {
  let nowMs = fromMs;
  for (let hour = 0; hour < hours; hour += 1) {
    for (let report = 0; report < 20; report += 1) reputation.reportGoodBehavior(peerId, nowMs);
    nowMs += HOUR_MS;
  }
  return nowMs;
}

test('a node of which nothing is known is normal, and asking does not make it known', () => {
  const reputation = new ReputationTracker();
  expect(reputation.getTrustLevel('alice')).toBe('normal');
  expect(reputation.score('alice')).toBe(0);
  expect(reputation.evidence('alice')).toEqual([]);
  expect(reputation.size).toBe(0);
});

test('D5: one report does not ban a newcomer, whatever its weight short of proof of malice', () => {
  for (const weight of [1, 10, 50, 99]) {
    const reputation = new ReputationTracker();
    reputation.registerNode('alice', undefined, {}, NOW_MS);
    reputation.reportBadBehavior('alice', 'PEER_BAD_PAYLOAD', weight, {}, NOW_MS);
    expect(reputation.getTrustLevel('alice', NOW_MS)).not.toBe('banned');
    expect(reputation.score('alice', NOW_MS)).toBe(-weight);
  }
});

test('D5: one report does not ban a newcomer from an address of ill repute either', () => {
  const reputation = new ReputationTracker();
  const origin = { address: '192.0.2.7' };
  for (let index = 0; index < 9; index += 1)
    reputation.reportBadBehavior(`mallory-${index}`, 'FORGED', 100, origin, NOW_MS);
  reputation.registerNode('alice', undefined, origin, NOW_MS);
  expect(reputation.score('alice', NOW_MS)).toBe(-40);
  reputation.reportBadBehavior('alice', 'SLOW', 99, origin, NOW_MS);
  expect(reputation.getTrustLevel('alice', NOW_MS)).toBe('suspicious');
});

test('proof of malice bans at once, even the trusted', () => {
  const reputation = new ReputationTracker();
  const nowMs = praise(reputation, 'alice', 7);
  expect(reputation.getTrustLevel('alice', nowMs)).toBe('trusted');
  reputation.reportBadBehavior('alice', 'FORGED_SIGNATURE', 100, {}, nowMs);
  expect(reputation.getTrustLevel('alice', nowMs)).toBe('banned');
  expect(reputation.score('alice', nowMs)).toBe(-100);
});

test('weights add up: ten reports of weight 10 ban', () => {
  const reputation = new ReputationTracker();
  for (let report = 0; report < 9; report += 1) reputation.reportBadBehavior('alice', 'SPAM', 10, {}, NOW_MS);
  expect(reputation.getTrustLevel('alice', NOW_MS)).toBe('suspicious');
  reputation.reportBadBehavior('alice', 'SPAM', 10, {}, NOW_MS);
  expect(reputation.getTrustLevel('alice', NOW_MS)).toBe('banned');
});

test('D5: a score decays by half a day towards neutral, the bad like the good', () => {
  const reputation = new ReputationTracker();
  reputation.reportBadBehavior('alice', 'SPAM', 40, {}, NOW_MS);
  expect(reputation.score('alice', NOW_MS + DAY_MS)).toBeCloseTo(-20);
  expect(reputation.score('alice', NOW_MS + 2 * DAY_MS)).toBeCloseTo(-10);
  const nowMs = praise(reputation, 'bob', 1);
  expect(reputation.score('bob', nowMs - HOUR_MS + DAY_MS)).toBeCloseTo(5);
});

test('good behaviour earns ten points an hour and no more, in any hour', () => {
  const reputation = new ReputationTracker();
  for (let report = 0; report < 1_000; report += 1)
    reputation.reportGoodBehavior('alice', NOW_MS + report * 1_000);
  expect(reputation.score('alice', NOW_MS + HOUR_MS - 1)).toBeLessThanOrEqual(10);
  expect(reputation.getTrustLevel('alice', praise(reputation, 'alice', 4))).toBe('normal');
});

test('trust is entered at 50 and kept down to 30', () => {
  const reputation = new ReputationTracker();
  const nowMs = praise(reputation, 'alice', 6) - HOUR_MS;
  expect(reputation.score('alice', nowMs)).toBeGreaterThan(50);
  expect(reputation.getTrustLevel('alice', nowMs + 0.6 * DAY_MS)).toBe('trusted');
  expect(reputation.score('alice', nowMs + 0.6 * DAY_MS)).toBeLessThan(50);
  expect(reputation.getTrustLevel('alice', nowMs + DAY_MS)).toBe('normal');
});

test('suspicion is entered at -20 and left above -10', () => {
  const reputation = new ReputationTracker();
  reputation.reportBadBehavior('alice', 'SPAM', 19, {}, NOW_MS);
  expect(reputation.getTrustLevel('alice', NOW_MS)).toBe('normal');
  reputation.reportBadBehavior('alice', 'SPAM', 1, {}, NOW_MS);
  expect(reputation.getTrustLevel('alice', NOW_MS)).toBe('suspicious');
  expect(reputation.getTrustLevel('alice', NOW_MS + DAY_MS)).toBe('suspicious');
  expect(reputation.getTrustLevel('alice', NOW_MS + DAY_MS + 1)).toBe('normal');
});

test('a ban ends, and leaves the node suspicious for a while', () => {
  const reputation = new ReputationTracker({ banDuration: HOUR_MS });
  reputation.reportBadBehavior('alice', 'FORGED', 100, {}, NOW_MS);
  expect(reputation.banRemainingMs('alice', NOW_MS)).toBe(HOUR_MS);
  expect(reputation.getTrustLevel('alice', NOW_MS + HOUR_MS - 1)).toBe('banned');
  expect(reputation.getTrustLevel('alice', NOW_MS + HOUR_MS)).toBe('suspicious');
  expect(reputation.getTrustLevel('alice', NOW_MS + HOUR_MS + 3 * DAY_MS)).toBe('normal');
});

test('each further ban lasts twice as long, up to a week', () => {
  const reputation = new ReputationTracker({ banDuration: 6 * HOUR_MS });
  const hours: number[] = [];
  let nowMs = NOW_MS;
  for (let ban = 0; ban < 12; ban += 1) {
    reputation.reportBadBehavior('alice', 'FORGED', 100, {}, nowMs);
    const remainingMs = reputation.banRemainingMs('alice', nowMs);
    hours.push(remainingMs / HOUR_MS);
    nowMs += remainingMs;
  }
  expect(hours.slice(0, 6)).toEqual([6, 12, 24, 48, 96, 168]);
  expect(Math.max(...hours) * HOUR_MS).toBe(BAN_MS_MAX);
});

test('bans are forgotten, one for each week without another', () => {
  const reputation = new ReputationTracker({ banDuration: HOUR_MS });
  for (const day of [0, 1, 2])
    reputation.reportBadBehavior('alice', 'FORGED', 100, {}, NOW_MS + day * DAY_MS);
  const laterMs = NOW_MS + 30 * DAY_MS;
  reputation.reportBadBehavior('alice', 'FORGED', 100, {}, laterMs);
  expect(reputation.banRemainingMs('alice', laterMs)).toBe(HOUR_MS);
});

test('D5: a new identity from an address of ill repute starts lower, and IPv6 counts by /64', () => {
  const reputation = new ReputationTracker();
  reputation.registerNode('mallory', undefined, { address: '2001:db8::1' }, NOW_MS);
  reputation.reportBadBehavior('mallory', 'FORGED', 100, {}, NOW_MS);
  reputation.registerNode('new', undefined, { address: '2001:db8::ffff' }, NOW_MS);
  expect(reputation.getTrustLevel('new', NOW_MS)).toBe('suspicious');
  reputation.registerNode('other', undefined, { address: '2001:db8:0:1::1' }, NOW_MS);
  expect(reputation.score('other', NOW_MS)).toBe(0);
});

test("D5: an address's ill repute fades as scores do", () => {
  const reputation = new ReputationTracker();
  reputation.reportBadBehavior('mallory', 'FORGED', 100, { address: '192.0.2.7' }, NOW_MS);
  reputation.registerNode('late', undefined, { address: '::ffff:192.0.2.7' }, NOW_MS + DAY_MS);
  expect(reputation.score('late', NOW_MS + DAY_MS)).toBeCloseTo(-12.5);
});

test('registering again changes nothing', () => {
  const reputation = new ReputationTracker();
  reputation.reportBadBehavior('alice', 'SPAM', 30, {}, NOW_MS);
  reputation.registerNode('alice', undefined, { address: '192.0.2.1' }, NOW_MS);
  expect(reputation.score('alice', NOW_MS)).toBe(-30);
});

test('D4: a solution that this process has not verified earns nothing', () => {
  const reputation = new ReputationTracker();
  expect(reputation.registerNode('alice', solution(1), {}, NOW_MS)).toBe(false);
  rememberVerified('bob', solution(2), NOW_MS);
  expect(reputation.registerNode('alice', solution(2), {}, NOW_MS)).toBe(false);
  expect(reputation.score('alice', NOW_MS)).toBe(0);
});

test('D4: a verified solution earns 20 points, once', () => {
  const reputation = new ReputationTracker();
  rememberVerified('carol', solution(3), NOW_MS);
  expect(reputation.registerNode('carol', solution(3), {}, NOW_MS)).toBe(true);
  expect(reputation.registerNode('carol', solution(3), {}, NOW_MS + 2 * DAY_MS)).toBe(false);
  expect(reputation.score('carol', NOW_MS)).toBe(20);
});

test('D5: work does not buy off misbehaviour: one proof a day, none for the banned, never beyond 20 points', () => {
  const reputation = new ReputationTracker();
  reputation.reportBadBehavior('dave', 'SPAM', 90, {}, NOW_MS);
  for (let proof = 0; proof < 5; proof += 1) {
    rememberVerified('dave', solution(proof), NOW_MS);
    reputation.registerNode('dave', solution(proof), {}, NOW_MS);
  }
  expect(reputation.score('dave', NOW_MS)).toBe(-70);
  reputation.reportBadBehavior('dave', 'FORGED', 100, {}, NOW_MS);
  rememberVerified('dave', solution(9), NOW_MS);
  expect(reputation.registerNode('dave', solution(9), {}, NOW_MS)).toBe(false);
  expect(reputation.getTrustLevel('dave', NOW_MS)).toBe('banned');
});

test('one peer that reports as much as it can makes nobody suspicious', () => {
  const reputation = new ReputationTracker();
  for (let hour = 0; hour < 24 * 14; hour += 1) {
    const nowMs = NOW_MS + hour * HOUR_MS;
    for (let report = 0; report < 5; report += 1)
      reputation.reportBadBehavior('alice', 'LIE', 100, { reporter: 'mallory' }, nowMs);
    expect(reputation.getTrustLevel('alice', nowMs)).toBe('normal');
  }
});

test('a thousand peers can make a node suspicious and never ban it', () => {
  const reputation = new ReputationTracker();
  for (let index = 0; index < 1_000; index += 1)
    reputation.reportBadBehavior('alice', 'LIE', 100, { reporter: `mallory-${index}` }, NOW_MS);
  expect(reputation.getTrustLevel('alice', NOW_MS)).toBe('suspicious');
  expect(reputation.score('alice', NOW_MS)).toBe(-50);
});

test('one peer takes 50 points an hour from all others together', () => {
  const reputation = new ReputationTracker();
  let lost = 0;
  for (let index = 0; index < 100; index += 1) {
    reputation.reportBadBehavior(`node-${index}`, 'LIE', 5, { reporter: 'mallory' }, NOW_MS);
    lost -= reputation.score(`node-${index}`, NOW_MS);
  }
  expect(lost).toBe(50);
});

test('what the suspicious and the banned report does not count', () => {
  const reputation = new ReputationTracker();
  reputation.reportBadBehavior('mallory', 'SPAM', 30, {}, NOW_MS);
  reputation.reportBadBehavior('alice', 'LIE', 5, { reporter: 'mallory' }, NOW_MS);
  expect(reputation.score('alice', NOW_MS)).toBe(0);
  expect(reputation.evidence('alice')).toEqual([]);
});

test('the last sixteen reports are kept as evidence', () => {
  const reputation = new ReputationTracker();
  for (let index = 0; index < 20; index += 1)
    reputation.reportBadBehavior('alice', `CODE_${index}`, 1, {}, NOW_MS + index);
  const evidence = reputation.evidence('alice');
  expect(evidence).toHaveLength(16);
  expect(evidence[0]).toEqual({ code: 'CODE_4', weight: 1, atMs: NOW_MS + 4, source: 'own' });
});

test('what peers tell does not push out what was seen here', () => {
  const reputation = new ReputationTracker();
  for (let index = 0; index < 8; index += 1) reputation.reportBadBehavior('alice', 'SEEN', 1, {}, NOW_MS);
  for (let index = 0; index < 100; index += 1)
    reputation.reportBadBehavior('alice', 'LIE', 1, { reporter: `mallory-${index}` }, NOW_MS);
  for (let index = 0; index < 4; index += 1) reputation.reportBadBehavior('alice', 'SEEN', 1, {}, NOW_MS);
  expect(reputation.evidence('alice').filter(({ code }) => code === 'SEEN')).toHaveLength(12);
});

test('D5: a flood of new identities forgets neither bans nor histories, and memory stays bounded', () => {
  const reputation = new ReputationTracker({ maxNodes: 64 });
  for (let index = 0; index < 16; index += 1) {
    reputation.reportBadBehavior(`banned-${index}`, 'FORGED', 100, {}, NOW_MS);
    reputation.reportBadBehavior(`bad-${index}`, 'SPAM', 60, {}, NOW_MS);
  }
  for (let index = 0; index < 10_000; index += 1) {
    reputation.registerNode(`new-${index}`, undefined, {}, NOW_MS);
    reputation.reportGoodBehavior(`new-${index}`, NOW_MS);
  }
  expect(reputation.size).toBe(64);
  for (let index = 0; index < 16; index += 1) {
    expect(reputation.getTrustLevel(`banned-${index}`, NOW_MS)).toBe('banned');
    expect(reputation.getTrustLevel(`bad-${index}`, NOW_MS)).toBe('suspicious');
  }
});

test('a forgotten node is a newcomer again', () => {
  const reputation = new ReputationTracker();
  reputation.reportBadBehavior('alice', 'FORGED', 100, {}, NOW_MS);
  expect(reputation.forget('alice')).toBe(true);
  expect(reputation.getTrustLevel('alice', NOW_MS)).toBe('normal');
});

test("a caller's mistakes are refused with a sentence that says what to give", () => {
  const reputation = new ReputationTracker();
  expect(() => reputation.registerNode('')).toThrow(/1 to 256 characters/);
  expect(() => reputation.reportBadBehavior('alice', 'X', NaN)).toThrow(/more than 0 and up to 100/);
  expect(() => reputation.reportBadBehavior('alice', 'X\n')).toThrow(/printable ASCII/);
  expect(() => reputation.reportBadBehavior('alice', 'X', 1, { by: 'bob' } as object)).toThrow(/reporter/);
  expect(() => new ReputationTracker({ halfLife: 1 })).toThrow(/halfLife is a whole number/);
});

test('without a time it goes by the system clock', () => {
  const reputation = new ReputationTracker();
  reputation.registerNode('alice');
  reputation.reportGoodBehavior('alice');
  reputation.reportBadBehavior('alice', 'FORGED', 100);
  expect(reputation.getTrustLevel('alice')).toBe('banned');
});

test('D5: left alone, a score only comes nearer to neutral, and a level only nearer to normal', () => {
  const report = fc.record({
    good: fc.boolean(),
    weight: fc.integer({ min: 1, max: 100 }),
    waitMs: fc.nat(DAY_MS),
  });
  const rank = { banned: 0, suspicious: 1, normal: 2, trusted: 3 };
  fc.assert(
    fc.property(fc.array(report, { maxLength: 40 }), fc.array(fc.nat(DAY_MS)), (reports, waits) => {
      const reputation = new ReputationTracker();
      let nowMs = NOW_MS;
      for (const { good, weight, waitMs } of reports) {
        nowMs += waitMs;
        if (good) reputation.reportGoodBehavior('alice', nowMs);
        else reputation.reportBadBehavior('alice', 'SPAM', weight, {}, nowMs);
        expect(Math.abs(reputation.score('alice', nowMs))).toBeLessThanOrEqual(100);
      }
      let [score, level] = [reputation.score('alice', nowMs), reputation.getTrustLevel('alice', nowMs)];
      for (const waitMs of waits) {
        nowMs += waitMs;
        const next = reputation.score('alice', nowMs);
        const nextLevel = reputation.getTrustLevel('alice', nowMs);
        expect(Math.abs(next)).toBeLessThanOrEqual(Math.abs(score));
        expect(next * score).toBeGreaterThanOrEqual(0);
        expect(Math.abs(rank[nextLevel] - 2)).toBeLessThanOrEqual(Math.abs(rank[level] - 2));
        [score, level] = [next, nextLevel];
      }
    }),
  );
});
