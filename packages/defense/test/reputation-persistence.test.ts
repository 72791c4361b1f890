import { expect, test } from '@jest/globals';
import { memoryStore } from '@yakmesh/core/transport';
import { utf8ToBytes } from '@yakmesh/crypto';
import fc from 'fast-check';
import { BAN_MS_MAX } from '../src/node-standing.js';
import { ReputationTracker } from '../src/reputation-tracker.js';

const DAY_MS = 86_400_000;
const NOW_MS = 1_700_000_000_000;
const KEY = 'defense/reputation/000000';

function sample(): ReputationTracker {
  const reputation = new ReputationTracker();
  reputation.reportBadBehavior('banned', 'FORGED', 100, { address: '192.0.2.7' }, NOW_MS);
  reputation.reportBadBehavior('bad', 'SPAM', 30, {}, NOW_MS);
  for (let hour = 0; hour < 6; hour += 1)
    for (let report = 0; report < 10; report += 1)
      reputation.reportGoodBehavior('good', NOW_MS - hour * 3_600_000);
  return reputation;
}

test('what was saved is remembered by another tracker', async () => {
  const store = memoryStore();
  const [before, after] = [sample(), new ReputationTracker()];
  await before.save(store);
  expect(await after.load(store, NOW_MS)).toEqual({ restored: 3, skipped: 0 });
  expect(after.toJSON()).toEqual(before.toJSON());
  expect(after.getTrustLevel('banned', NOW_MS)).toBe('banned');
  expect(after.evidence('bad')).toEqual(before.evidence('bad'));
  after.registerNode('new', undefined, { address: '192.0.2.7' }, NOW_MS);
  expect(after.score('new', NOW_MS)).toBe(-25);
});

test('a save of thousands of nodes comes back whole, and a smaller one later leaves nothing of it', async () => {
  const store = memoryStore();
  const large = new ReputationTracker();
  for (let index = 0; index < 3_000; index += 1) large.registerNode(`node-${index}`, undefined, {}, NOW_MS);
  await large.save(store);
  const after = new ReputationTracker();
  expect(await after.load(store, NOW_MS)).toEqual({ restored: 3_000, skipped: 0 });
  await sample().save(store);
  expect(await new ReputationTracker().load(store, NOW_MS)).toEqual({ restored: 3, skipped: 0 });
});

test('what is known already is not overwritten by what was saved', async () => {
  const store = memoryStore();
  await sample().save(store);
  const reputation = new ReputationTracker();
  reputation.reportBadBehavior('good', 'FORGED', 100, {}, NOW_MS);
  expect(await reputation.load(store, NOW_MS)).toEqual({ restored: 2, skipped: 1 });
  expect(reputation.getTrustLevel('good', NOW_MS)).toBe('banned');
});

test('bad entries are skipped and counted, good ones beside them are taken', async () => {
  const { nodes, scopes } = sample().toJSON();
  const [good] = nodes;
  const bad = [
    null,
    7,
    'x',
    [],
    {},
    { ...good, score: 'many' },
    { ...good, peerId: '' },
    { ...good, level: 'god' },
  ];
  const reputation = new ReputationTracker();
  const saved = { version: 1, nodes: [...bad, ...nodes, { ...good, peerId: 'nan', bans: NaN }], scopes };
  expect(reputation.restore(saved, NOW_MS)).toEqual({ restored: 3, skipped: 9 });
});

test('a value that is damaged, too large or of another version is skipped and counted', async () => {
  for (const value of ['{"version":1,', '{"version":2,"nodes":[]}', 'null', '', ' '.repeat(2_097_153)]) {
    const store = memoryStore();
    await store.put(KEY, utf8ToBytes(value));
    expect(await new ReputationTracker().load(store, NOW_MS)).toEqual({ restored: 0, skipped: 1 });
  }
});

test('no saved ban outlasts a week from now, and no saved time lies ahead', () => {
  const { nodes, ...rest } = sample().toJSON();
  const far = nodes.map((node) => ({ ...node, bannedUntilMs: 9e15, scoreAtMs: 9e15, proofAtMs: 9e15 }));
  const reputation = new ReputationTracker();
  reputation.restore({ nodes: far, ...rest }, NOW_MS);
  expect(reputation.banRemainingMs('bad', NOW_MS)).toBe(BAN_MS_MAX);
  expect(reputation.getTrustLevel('bad', NOW_MS + BAN_MS_MAX + 10 * DAY_MS)).toBe('normal');
});

test('more saved nodes than may be known are cut, the newest kept', () => {
  const large = new ReputationTracker();
  for (let index = 0; index < 100; index += 1) large.registerNode(`node-${index}`, undefined, {}, NOW_MS);
  const small = new ReputationTracker({ maxNodes: 20 });
  const { skipped } = small.restore(large.toJSON(), NOW_MS);
  expect(skipped).toBe(80);
  expect(small.size).toBeLessThanOrEqual(20);
});

test('a failing store rejects as it does', async () => {
  const store = memoryStore({ bytesMax: 10 });
  await expect(sample().save(store)).rejects.toMatchObject({ code: 'STORE_FULL' });
});

test('nothing that JSON can hold throws or leaves a score out of bounds', () => {
  const entry = fc.record(
    {
      peerId: fc.oneof(fc.string(), fc.jsonValue()),
      score: fc.oneof(fc.double(), fc.jsonValue()),
      scoreAtMs: fc.oneof(fc.double(), fc.maxSafeNat()),
      level: fc.oneof(fc.constantFrom('trusted', 'normal', 'suspicious', 'banned'), fc.jsonValue()),
      bannedUntilMs: fc.oneof(fc.double(), fc.maxSafeNat()),
      bans: fc.oneof(fc.nat(9), fc.jsonValue()),
      isBlamed: fc.oneof(fc.boolean(), fc.jsonValue()),
      proofAtMs: fc.maxSafeNat(),
      scope: fc.oneof(fc.constant(null), fc.string(), fc.jsonValue()),
      evidence: fc.oneof(fc.jsonValue(), fc.array(fc.record({ code: fc.string(), weight: fc.double() }))),
    },
    { requiredKeys: ['peerId', 'score'] },
  );
  const saved = fc.oneof(
    fc.jsonValue(),
    fc.record({ version: fc.constant(1), nodes: fc.array(entry), scopes: fc.array(fc.jsonValue()) }),
  );
  fc.assert(
    fc.property(saved, (value) => {
      const reputation = new ReputationTracker({ maxNodes: 8 });
      reputation.restore(value, NOW_MS);
      expect(reputation.size).toBeLessThanOrEqual(8);
      for (const { peerId } of reputation.toJSON().nodes) {
        expect(Math.abs(reputation.score(peerId, NOW_MS))).toBeLessThanOrEqual(100);
        expect(reputation.evidence(peerId).length).toBeLessThanOrEqual(16);
        expect(reputation.banRemainingMs(peerId, NOW_MS)).toBeLessThanOrEqual(BAN_MS_MAX);
      }
    }),
  );
});
