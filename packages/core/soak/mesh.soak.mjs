// A thousand nodes on measured latencies, 1 % loss: who is reached, how fast, at what cost, and what is left after half of them
// died at once. Every node runs the real MeshNetwork on model links with model signatures. `MESH_NODES=10000 npm run soak -- mesh`
// takes another size, `MESH_PART=steady` measures the mesh that nobody leaves and nothing else.
import { simulate } from '@yakmesh/core/testing';
import { latencyMatrix } from '../../../tools/fixtures/latency/latency.mjs';

const NODES = Number(process.env.MESH_NODES ?? 1_000);
const IS_STEADY_ONLY = process.env.MESH_PART === 'steady';
const MAX_PEERS = 10;
const LOSS = 0.01;
/** Broadcasts that grow the tree, and those that are measured. */
const WARM_UP = 60;
const MEASURED = 100;
const PAIRS = 500;

const percent = (share) => `${(100 * share).toFixed(share === 1 ? 0 : 3)} %`;
const row = (cells) => `| ${cells.join(' | ')} |`;

/** One world, joined through one another and grown. */
async function grown(seed, log) {
  const world = await simulate({
    nodes: NODES,
    seed,
    latency: latencyMatrix('planetlab490-t1'),
    loss: LOSS,
    maxPeers: MAX_PEERS,
  });
  await world.joinAll(Math.max(1, 20_000 / NODES));
  await world.pass('60 s');
  await spoken(world, WARM_UP, 500);
  await world.pass('10 s');
  const degrees = world.degrees();
  log(
    `${NODES} nodes, seed ${seed}: ${Math.min(...degrees)} to ${Math.max(...degrees)} neighbours, ${(degrees.reduce((a, b) => a + b) / degrees.length).toFixed(1)} on average`,
  );
  world.measure();
  return world;
}

/** Broadcasts of random nodes, so many milliseconds apart. */
async function spoken(world, count, gapMs) {
  const said = [];
  for (let index = 0; index < count; index += 1) {
    said.push(world.broadcast(world.some(1)[0], { index, text: 'x'.repeat(200) }));
    await world.pass(gapMs);
  }
  return said;
}

/** What became of them, once they had ten seconds more. */
async function outcome(world, said) {
  await world.pass('10 s');
  const reached = said.map((message) => world.reached(message));
  const sorted = (share) => reached.map((reach) => reach.msTo(share)).sort((a, b) => a - b);
  const ms99 = sorted(0.99);
  return {
    share: reached.reduce((sum, { share }) => sum + share, 0) / reached.length,
    all: reached.filter(({ share }) => share === 1).length,
    doubled: reached.reduce((sum, { duplicates }) => sum + duplicates.length, 0),
    ms99: ms99.at(-1),
    ms99Median: ms99[ms99.length >> 1],
    inTime: ms99.filter((ms) => ms <= 1_000).length / ms99.length,
    ms50: sorted(0.5)[reached.length >> 1],
  };
}

/** A part of the processes dies at once; ten virtual seconds later the survivors speak. */
async function afterDeath(seed, log, share, how) {
  const world = await grown(seed, log);
  world[how](world.some(share));
  await world.pass('10 s');
  const result = await outcome(world, await spoken(world, 20, 250));
  return [
    `${percent(share)} ${how === 'kill' ? 'killed' : 'silent'} at once, 10 s later`,
    result.share,
    result.doubled,
    result.ms99,
  ];
}

async function acknowledged(world) {
  const sends = [];
  for (let index = 0; index < PAIRS; index += 1) {
    const [from, to] = world.some(2);
    sends.push(world.send(from, to, { index }, { ack: true }));
    await world.pass(50);
  }
  await world.pass('20 s');
  return sends.filter(({ outcome }) => outcome === 'sent').length / sends.length;
}

export default {
  name: 'mesh',
  minutes: 15,
  async run({ seed, log }) {
    const broken = [];
    const need = (name, isHeld) => isHeld || broken.push(name);
    const world = await grown(seed, log);
    const steady = await outcome(world, await spoken(world, MEASURED, 250));
    const measured = world.measure();
    log(row(['what', 'measured', 'goal']));
    log(row(['---', '---', '---']));
    log(row(['reached', percent(steady.share), '100 %']));
    log(row(['delivered twice', steady.doubled, '0']));
    log(row(['copies beyond the first of each delivery', measured.redundancy.toFixed(3), '≤ 0.05']));
    log(row(['99 % reached, slowest of all messages', `${Math.round(steady.ms99)} ms`, '≤ 1,000 ms']));
    log(row(['99 % reached, median of all messages', `${Math.round(steady.ms99Median)} ms`, '']));
    log(row(['messages that reached 99 % within 1 s', percent(steady.inTime), '']));
    log(row(['50 % reached, median', `${Math.round(steady.ms50)} ms`, '']));
    need('reached', steady.share === 1);
    need('twice', steady.doubled === 0);
    need('redundancy', measured.redundancy <= 0.05);
    need('99 % in 1 s', steady.ms99 <= 1_000);
    if (!IS_STEADY_ONLY) await rest(world, seed, log, need);
    if (broken.length > 0) throw new Error(`not held: ${broken.join(', ')} (seed ${seed})`);
  },
};

/** Direct messages, and what is left after many have died. */
async function rest(world, seed, log, need) {
  const share = await acknowledged(world);
  log(row([`acknowledged, ${PAIRS} random pairs`, percent(share), '≥ 99.99 %']));
  need('acknowledged', share >= 0.9999);
  const after = world.measure();
  log(`${Math.round(after.eventsPerSecond)} events a second; trace ${world.trace.hash}`);
  for (const [part, how, goal] of [
    [0.5, 'kill', 1],
    [0.8, 'kill', 0.99],
    [0.5, 'silence', 0],
  ]) {
    const [name, reached, doubled, ms99] = await afterDeath(seed, () => undefined, part, how);
    log(
      row([
        name,
        `${percent(reached)}, ${doubled} twice, 99 % in ${Math.round(ms99)} ms`,
        `≥ ${percent(goal)}`,
      ]),
    );
    need(name, reached >= goal && doubled === 0);
  }
}
