// The mesh that the parts of the soak `mesh` begin with, and what becomes of messages in it.
import { simulate } from '@yakmesh/core/testing';
import { latencyMatrix } from '../../../../tools/fixtures/latency/latency.mjs';

const MAX_PEERS = 10;
const LOSS = 0.01;
/** Broadcasts that grow the tree, and those that are measured; of a large mesh fewer. */
const WARM_UP = 60;
const MEASURED = 100;
const LARGE = 2_000;
const LARGE_MEASURED = 20;
/** The joins of all nodes are spread over so long, but follow one another by a millisecond at least. */
const JOINS_MS = 20_000;

export const percent = (share) => `${(100 * share).toFixed(share === 1 ? 0 : 3)} %`;
export const seconds = (ms) => `${(ms / 1_000).toFixed(2)} s`;
export const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

/** How many messages are measured. */
export const measured = (nodes) => (nodes > LARGE ? LARGE_MEASURED : MEASURED);

/** PlanetLab latencies, 1 % of the packets lost, joined through one another and grown. */
export async function grown({ nodes, seed, log }) {
  const world = await simulate({
    nodes,
    seed,
    latency: latencyMatrix('planetlab490-t1'),
    loss: LOSS,
    maxPeers: MAX_PEERS,
  });
  await world.joinAll(Math.max(1, JOINS_MS / nodes));
  await world.pass('60 s');
  await spoken(world, Math.min(WARM_UP, measured(nodes)), 500);
  await world.pass('10 s');
  const degrees = world.degrees();
  log(
    `${nodes} nodes, seed ${seed}: ${Math.min(...degrees)} to ${Math.max(...degrees)} neighbours, ${(sum(degrees) / nodes).toFixed(1)} on average`,
  );
  world.measure();
  return world;
}

/** Broadcasts of random nodes, so many milliseconds apart. */
export async function spoken(world, count, gapMs) {
  const said = [];
  for (let index = 0; index < count; index += 1) {
    said.push(world.broadcast(world.some(1)[0], { index, text: 'x'.repeat(200) }));
    await world.pass(gapMs);
  }
  return said;
}

/** What became of them, once they had ten seconds more; times in rising order. */
export async function outcome(world, said) {
  await world.pass('10 s');
  const reached = said.map((message) => world.reached(message));
  const times = (share) => reached.map((reach) => reach.msTo(share)).sort((a, b) => a - b);
  const others = world.alive.length - 1;
  const each = reached.flatMap(({ msTo }) =>
    Array.from({ length: others }, (_, index) => msTo((index + 0.5) / others)),
  );
  return {
    share: sum(reached.map(({ share }) => share)) / reached.length,
    doubled: sum(reached.map(({ duplicates }) => duplicates.length)),
    ms99: times(0.99),
    ms50: times(0.5),
    each99: quantile(
      each.sort((a, b) => a - b),
      0.99,
    ),
  };
}

/** Of numbers in rising order, the one that this share of them does not exceed. */
export function quantile(sorted, share) {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}

/** Each live node's neighbours. */
export function neighbourhoods(world) {
  const byId = new Map(world.alive.map((node) => [node.nodeId, node]));
  const neighboursOf = ({ mesh }) => mesh.getPeers().flatMap(({ nodeId }) => byId.get(nodeId) ?? []);
  return new Map(world.alive.map((node) => [node, neighboursOf(node)]));
}

/** The fewest links that lead from one node to another. */
export function hopsBetween(neighbourhoods, from, to) {
  const hops = new Map([[from, 0]]);
  for (const [at, distance] of hops) {
    if (at === to) return distance;
    for (const next of neighbourhoods.get(at) ?? []) if (!hops.has(next)) hops.set(next, distance + 1);
  }
  return Infinity;
}
