// Stories of 64 to 1,000 simulated nodes, one seed after another, as `npm run simulate` tells them of two sizes. A file remembers
// the next seed, so that a later run goes on where this one ends; `SIM_SEED=<seed> npm run soak -- sim` tells one story again.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SeededRandom } from '@yakmesh/core/testing';
import { pick, tell } from '../simulate/story.mjs';

const STATE_FILE = fileURLToPath(new URL('../../../.nx/soak/sim.json', import.meta.url));
/** Every so many seeds a story is told twice, and must be the same. */
const TWICE_EVERY = 8;
/** Every so many seeds it is one of a thousand nodes. */
const LARGE_EVERY = 40;
const SIZES = [64, 64, 100, 200];
const LIVES_MS = [60_000, 90_000];

async function story(seed) {
  const random = new SeededRandom(`soak ${seed}`);
  const nodes = seed % LARGE_EVERY === LARGE_EVERY - 1 ? 1_000 : pick(random, SIZES);
  return { nodes, ...(await tell({ seed: `soak ${seed}`, nodes, lifeMs: pick(random, LIVES_MS) })) };
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
    for (; performance.now() < endMs; seed += 1) {
      const told = await story(seed);
      if (seed % TWICE_EVERY === 0) {
        const again = await story(seed);
        if (again.trace !== told.trace)
          throw new Error(`seed ${seed} gave ${told.trace}, and then ${again.trace}`);
      }
      mkdirSync(dirname(STATE_FILE), { recursive: true });
      writeFileSync(STATE_FILE, JSON.stringify({ next: seed + 1 }));
      if (seed % 10 === 0) log(`seed ${seed}: ${told.nodes} nodes, trace ${told.trace}`);
    }
    log(`${seed - first} stories from seed ${first} on`);
  },
};
