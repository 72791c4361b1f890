// Stories of 64 to 1,000 simulated nodes, one seed after another: whatever happens, nobody gets a message twice, and who is
// linked to all others gets every one. A file remembers the next seed, so that a later run goes on where this one ends;
// `SIM_SEED=<seed> npm run soak -- sim` tells one story again.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SeededRandom, simulate } from '@yakmesh/core/testing';
import { latencyMatrix } from '../../../tools/fixtures/latency/latency.mjs';

const STATE_FILE = fileURLToPath(new URL('../../../.nx/soak/sim.json', import.meta.url));
const MATRICES = ['planetlab490-t1', 'planetlab490-t9', 'planetlab490-t18', 'seattle99-t1-directed-mean'].map(
  latencyMatrix,
);
/** Every so many seeds a story is told twice, and must be the same. */
const TWICE_EVERY = 8;
/** Every so many seeds it is one of a thousand nodes. */
const LARGE_EVERY = 40;
const ROUNDS = 12;

const pick = (random, items) => items[random.below(items.length)];

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

/** One story; answers its trace and how often the live nodes were one mesh again when it was asked. */
async function story(seed) {
  const random = new SeededRandom(`soak ${seed}`);
  const nodes = seed % LARGE_EVERY === LARGE_EVERY - 1 ? 1_000 : pick(random, [64, 64, 100, 200]);
  const loss = pick(random, [0, 0.01, 0.03]);
  const world = await simulate({ nodes, seed, latency: pick(random, MATRICES), loss, maxPeers: 10 });
  await world.linkRandomly(5);
  const said = [];
  let whole = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    happen(world, random);
    for (let count = 0; count < 3; count += 1) {
      const [from] = world.some(1);
      said.push(world.broadcast(from, round));
      await world.pass(random.below(1_500));
    }
    const dead = world.nodes.filter(({ isAlive }) => !isAlive);
    if (dead.length > 0 && random.below(2) === 0)
      await world.restart(pick(random, dead), world.some(1)[0]).catch(() => undefined);
  }
  world.heal();
  if (await world.settle('60 s')) {
    whole += 1;
    const last = world.broadcast(world.some(1)[0]);
    await world.pass('15 s');
    const { share, missing } = world.reached(last);
    if (share < 1)
      throw new Error(
        `${missing.length} of ${world.alive.length} live nodes missed a broadcast: ${world.describe()}`,
      );
    said.push(last);
  }
  for (const message of said) {
    const { duplicates } = world.reached(message);
    if (duplicates.length > 0)
      throw new Error(`node ${duplicates[0].index} got a message twice: ${world.describe()}`);
  }
  return { trace: world.trace.hash, nodes, whole };
}

function remembered() {
  try {
    return JSON.parse(readFileSync(STATE_FILE, 'utf8')).next;
  } catch {
    return 0;
  }
}

export default {
  name: 'sim',
  async run({ minutes, log }) {
    const only = process.env.SIM_SEED;
    if (only !== undefined) return log(JSON.stringify(await story(Number(only))));
    const endMs = performance.now() + minutes * 60_000;
    const first = remembered();
    let seed = first;
    let whole = 0;
    for (; performance.now() < endMs; seed += 1) {
      const told = await story(seed);
      whole += told.whole;
      if (seed % TWICE_EVERY === 0) {
        const again = await story(seed);
        if (again.trace !== told.trace)
          throw new Error(`seed ${seed} gave ${told.trace}, and then ${again.trace}`);
      }
      mkdirSync(dirname(STATE_FILE), { recursive: true });
      writeFileSync(STATE_FILE, JSON.stringify({ next: seed + 1 }));
      if (seed % 10 === 0) log(`seed ${seed}: ${told.nodes} nodes, trace ${told.trace}`);
    }
    log(
      `${seed - first} stories from seed ${first} on; in ${whole} of them the mesh was whole again within a minute`,
    );
  },
};
