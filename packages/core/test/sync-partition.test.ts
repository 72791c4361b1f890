import { expect, test } from '@jest/globals';
import { compareRecords } from '../src/sync/record-order.js';
import { ownershipOf, type CollectionRule } from '../src/sync/record-judge.js';
import { recordName } from '../src/sync/record-name.js';
import type { ReadRecord } from '../src/sync/record-proof.js';
import { SeededRandom } from '../src/testing/index.js';
import { ModelNode, reconcile } from './support/model-sync.js';

const SEEDS = 1_000;
const NODES = 4;
const WRITES = 40;
const HOUR_MS = 3_600_000;
const START_MS = 1_700_000_000_000;
const RULES: readonly CollectionRule[] = ['open', 'first-writer'];

test(`after a partition of an hour with both sides writing all stores are identical, in ${SEEDS} seeds`, async () => {
  const startMs = performance.now();
  let rounds = 0;
  for (let seed = 0; seed < SEEDS; seed += 1) rounds += await partition(seed);
  console.info(
    `${SEEDS} seeds of ${NODES} nodes, ${WRITES} writes in an hour, model signatures: identical after ` +
      `${(rounds / SEEDS).toFixed(1)} rounds on average, ${((performance.now() - startMs) / SEEDS).toFixed(1)} ms a seed`,
  );
}, 300_000);

/** Answers how many rounds it took after the partition until all were the same. */
async function partition(seed: number): Promise<number> {
  const random = new SeededRandom(`partition ${seed}`);
  const rule = RULES[seed % RULES.length] ?? 'open';
  let nowMs = START_MS;
  const nodes = Array.from({ length: NODES }, (_, index) => {
    const skewMs = random.below(100_000) - 50_000;
    return new ModelNode(`node ${index}`, random.fork(`node ${index}`), () => nowMs + skewMs, rule);
  });
  const written: ReadRecord[] = [];
  const side = (at: number): readonly ModelNode[] => nodes.filter((_, index) => index % 2 === at % 2);
  for (let write = 0; write < WRITES; write += 1) {
    nowMs += random.below((2 * HOUR_MS) / WRITES);
    const at = random.below(NODES);
    const node = nodes[at];
    if (node === undefined) continue;
    await writeOnce(node, side(at), random, written);
    // Within a side the periodic rounds go on.
    const [one, other] = side(random.below(2));
    if (random.below(3) === 0 && one !== undefined && other !== undefined) await reconcile(one, other);
  }
  nowMs += 200_000;
  let rounds = 0;
  while (new Set(nodes.map(({ fingerprint }) => fingerprint)).size > 1) {
    const [a, b] = [nodes[random.below(NODES)], nodes[random.below(NODES)]];
    if (a === undefined || b === undefined || a === b) continue;
    await reconcile(a, b);
    rounds += 1;
    if (rounds > 100) throw new Error(`seed ${seed}: the stores do not come together`);
  }
  expectWinners(nodes, written, rule, seed);
  return rounds;
}

/** Writes, overwrites or deletes a key; the broadcast reaches most of the writer's side. */
async function writeOnce(
  node: ModelNode,
  side: readonly ModelNode[],
  random: SeededRandom,
  written: ReadRecord[],
): Promise<void> {
  const key = `key ${random.below(12)}`;
  const outcome = await node.write('shared', key, random.below(5) === 0 ? undefined : random.u32());
  if (outcome !== 'take') return;
  const record = await node.record('shared', key);
  written.push(record);
  for (const other of side)
    if (other !== node && random.below(5) > 0)
      await other.keeper.take([record], { from: node.author.id, isProven: true });
}

/** The naive rule: of all that was ever written of a key, the one that the order puts last. */
function expectWinners(
  nodes: readonly ModelNode[],
  written: readonly ReadRecord[],
  rule: CollectionRule,
  seed: number,
): void {
  const winners = new Map<string, ReadRecord>();
  for (const record of written) {
    const best = winners.get(record.meta.name);
    if (best === undefined || compareRecords(record.meta, best.meta, ownershipOf(rule)) > 0)
      winners.set(record.meta.name, record);
  }
  const index = nodes[0]?.keeper.ledger.index;
  for (let key = 0; key < 12; key += 1) {
    const name = recordName('shared', `key ${key}`) ?? '';
    const claim = { seed, name, id: index?.get(name)?.id };
    expect(claim).toEqual({ seed, name, id: winners.get(name)?.meta.id });
  }
}
