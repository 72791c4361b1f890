// What happens to a simulated mesh, and what must hold whatever happens. Simulations and soaks tell it.
import { SeededRandom, simulate } from '@yakmesh/core/testing';
import { latencyMatrix } from '../../../tools/fixtures/latency/latency.mjs';

const MATRICES = ['planetlab490-t1', 'planetlab490-t9', 'planetlab490-t18', 'seattle99-t1-directed-mean'].map(
  latencyMatrix,
);
const LOSSES = [0, 0.01, 0.03];
const MAX_PEERS = [4, 6, 8, 10];
/** The longest time between two things that happen. */
const GAP_MS_MAX = 4_500;
/** How long after its last misfortune a mesh must be whole again. */
const RECOVERY_MS = 15_000;
/** What a message may take to reach all of a mesh that is whole. */
const REACH_MS = 15_000;

export const pick = (random, items) => items[random.below(items.length)];

function happen(world, random) {
  const [node] = world.some(1);
  switch (random.below(7)) {
    case 0:
      return world.kill(world.some(1 + random.below(4)));
    case 1:
      return world.silence(node);
    case 2:
      return world.pause(node, 100 + random.below(4_000));
    case 3:
      return world.cut(world.some(0.1 + 0.3 * random.unit()));
    case 4:
      return world.cutOneWay(node);
    case 5:
      return world.heal();
    default:
      return world.drift(node, random.below(400) - 200);
  }
}

/** Something happens, a node speaks, one asks to be acknowledged, and now and then a dead one returns. */
async function round(world, random, said) {
  happen(world, random);
  said.push(world.broadcast(world.some(1)[0]));
  await world.pass(random.below(GAP_MS_MAX));
  const [from, to] = world.some(2);
  said.push(world.send(from, to, null, { ack: true }));
  const dead = world.nodes.filter(({ isAlive }) => !isAlive);
  if (dead.length > 0 && random.below(2) === 0)
    await world.restart(pick(random, dead), world.some(1)[0]).catch(() => undefined);
}

/**
 * One story of a mesh: links, misfortune upon misfortune, and then peace. Throws where a node got a message twice, where an
 * acknowledged one has not arrived, and where a broadcast after the recovery missed a live node; answers the trace.
 */
export async function tell({ seed, nodes, lifeMs }) {
  const random = new SeededRandom(`story ${seed}`);
  const loss = pick(random, LOSSES);
  const maxPeers = pick(random, MAX_PEERS);
  const world = await simulate({ nodes, seed, latency: pick(random, MATRICES), loss, maxPeers });
  await world.linkRandomly(maxPeers / 2);
  const said = [];
  while (world.nowMs < lifeMs - RECOVERY_MS - REACH_MS) await round(world, random, said);
  world.heal();
  await world.pass(RECOVERY_MS);
  const last = world.broadcast(world.some(1)[0]);
  said.push(last);
  await world.pass(REACH_MS);
  const { share, missing } = world.reached(last);
  if (share < 1)
    throw new Error(
      `${missing.length} of ${world.alive.length} live nodes missed a broadcast: ${world.describe()}`,
    );
  for (const message of said) requireOnce(world, message);
  const { events } = world.measure();
  return { trace: world.trace.hash, events, virtualMs: world.nowMs };
}

function requireOnce(world, message) {
  const { from, to, outcome } = message;
  const twice = world.nodes.find((node) => node !== from && message.deliveries(node) > 1);
  if (twice !== undefined)
    throw new Error(`node ${twice.index} got message ${message.number} twice: ${world.describe()}`);
  if (to !== undefined && outcome === 'sent' && message.deliveries(to) !== 1)
    throw new Error(
      `message ${message.number} was acknowledged and is not at node ${to.index}: ${world.describe()}`,
    );
}
