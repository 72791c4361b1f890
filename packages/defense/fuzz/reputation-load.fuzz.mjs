// A saved reputation with whatever damage: never a throw, and what is taken over keeps every bound.
import { memoryStore } from '@yakmesh/core/transport';
import { bytesToUtf8, utf8ToBytes } from '@yakmesh/crypto';
import { must, target } from '../../../tools/fuzz-target.mjs';
import { BAN_MS_MAX, EVIDENCE_MAX, ReputationTracker } from '../dist/index.js';

const NOW_MS = 1_700_000_000_000;
const NODES = 16;
const KEY = 'defense/reputation/000000';
const LEVELS = ['trusted', 'normal', 'suspicious', 'banned'];

function sample() {
  const reputation = new ReputationTracker();
  reputation.reportBadBehavior('banned', 'FORGED', 100, { address: '192.0.2.7' }, NOW_MS);
  for (let index = 0; index < 3; index++) reputation.reportBadBehavior('bad', 'SPAM', 12, {}, NOW_MS);
  for (let index = 0; index < 9; index++) reputation.reportGoodBehavior('good', NOW_MS);
  reputation.reportBadBehavior('told', 'LIE', 3, { reporter: 'good' }, NOW_MS);
  return utf8ToBytes(JSON.stringify(reputation.toJSON()));
}

async function check(bytes, _prepared, random) {
  const store = memoryStore();
  await store.put(KEY, damagedJson(bytes, random));
  const reputation = new ReputationTracker({ maxNodes: NODES });
  const { restored, skipped } = await reputation.load(store, NOW_MS);
  must(Number.isInteger(restored) && Number.isInteger(skipped), 'what became of it is counted');
  must(reputation.size <= NODES, 'no more nodes than asked for');
  for (const { peerId } of reputation.toJSON().nodes) {
    must(LEVELS.includes(reputation.getTrustLevel(peerId, NOW_MS)), 'every node has a level');
    must(Math.abs(reputation.score(peerId, NOW_MS)) <= 100, 'every score is within its bounds');
    must(reputation.banRemainingMs(peerId, NOW_MS) <= BAN_MS_MAX, 'no ban is longer than the longest');
    must(reputation.evidence(peerId).length <= EVIDENCE_MAX, 'evidence is bounded');
    reputation.reportBadBehavior(peerId, 'SPAM', 10, { address: '192.0.2.7' }, NOW_MS);
    reputation.reportGoodBehavior(peerId, NOW_MS + BAN_MS_MAX);
  }
  const again = new ReputationTracker({ maxNodes: NODES });
  must(again.restore(reputation.toJSON(), NOW_MS + BAN_MS_MAX).skipped === 0, 'what was taken over is sound');
}

/** Damaged bytes are seldom JSON, so most runs damage single values of it instead. */
function damagedJson(bytes, random) {
  if (random(4) === 0) return bytes;
  const text = bytesToUtf8(sampleBytes) ?? '';
  const odd = [
    'null',
    '-1',
    '1e999',
    '9e15',
    '""',
    '[]',
    '{}',
    'true',
    '"normal"',
    '0.5',
    `"${'x'.repeat(300)}"`,
  ];
  const chance = 2 + random(20);
  const damage = (value) => (random(chance) === 0 ? odd[random(odd.length)] : value);
  return utf8ToBytes(text.replaceAll(/(?<=:)(?:"[^"]*"|-?[\d.e+]+|true|false|null)/g, damage));
}

const sampleBytes = sample();

export default target({
  name: 'reputation-load',
  prepare: () => ({ samples: [sampleBytes] }),
  check,
  cost: 4,
});
