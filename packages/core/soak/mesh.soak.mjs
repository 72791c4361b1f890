// A thousand nodes on measured latencies, 1 % loss: who is reached, how fast, at what cost, what is left after half of them died at
// once, and what an hour of coming and going loses. Every node runs the real MeshNetwork on model links with model signatures.
// `npm run soak -- mesh --nodes 10000 --part steady --seed 1` takes another size and one part. A file remembers what is done: the
// same command goes on where the minutes of the one before were over.
import { cpus } from 'node:os';
import { PARTS } from './mesh/parts.mjs';
import { commit, Totals } from './mesh/state.mjs';

const NODES_DEFAULT = 1_000;

const row = (cells) => `| ${cells.map((cell) => cell ?? '').join(' | ')} |`;

/** Runs legs of a part until it is done or the time is over; answers its totals. */
async function played(part, { name, nodes, seed, endMs, log }) {
  const totals = new Totals({ nodes, seed, part: name });
  for (let state = totals.value; ;) {
    if (state?.isDone === true || (state !== undefined && performance.now() >= endMs)) return state;
    const leg = state?.leg ?? 0;
    const legSeed = leg === 0 ? seed : `${seed}, leg ${leg}`;
    state = { ...(await part.leg({ nodes, seed: legSeed, before: state, endMs, log })), leg: leg + 1 };
    totals.value = state;
  }
}

export default {
  name: 'mesh',
  minutes: 15,
  options: ['nodes', 'part'],
  async run({ minutes, seed, log, nodes = NODES_DEFAULT, part: wanted }) {
    const names = wanted === undefined ? Object.keys(PARTS) : wanted.split(',');
    for (const name of names)
      if (PARTS[name] === undefined)
        throw new RangeError(`There is no part ${name}, but ${Object.keys(PARTS).join(', ')}.`);
    const endMs = performance.now() + 60_000 * minutes;
    const broken = [];
    const left = [];
    log(`${cpus()[0].model}, Node ${process.version}, commit ${commit()}`);
    for (const name of names) {
      const part = PARTS[name];
      if (performance.now() >= endMs && new Totals({ nodes, seed, part: name }).value === undefined) {
        left.push(name);
        continue;
      }
      const state = await played(part, { name, nodes, seed, endMs, log });
      if (!state.isDone) left.push(name);
      log(row([`${nodes} nodes, seed ${seed}`, 'measured', 'goal']));
      log(row(['---', '---', '---']));
      for (const [what, measured, goal, isHeld = true] of part.claims(state, nodes)) {
        log(row([what, measured, isHeld ? goal : `${goal}: **not held**`]));
        if (!isHeld) broken.push(what);
      }
    }
    if (left.length > 0)
      log(`not done yet: npm run soak -- mesh --nodes ${nodes} --seed ${seed} --part ${left.join(',')}`);
    if (broken.length > 0) throw new Error(`not held: ${broken.join('; ')} (${nodes} nodes, seed ${seed})`);
  },
};
