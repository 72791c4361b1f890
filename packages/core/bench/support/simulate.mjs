// One simulation of many nodes with model cryptography, alone in its process; prints what it measured as JSON.
//   node --max-old-space-size=16000 --max-semi-space-size=64 packages/core/bench/support/simulate.mjs --nodes 10000
import { parseArgs } from 'node:util';
import { simulate } from '@yakmesh/core/testing';
import { latencyMatrix } from '../../../../tools/fixtures/latency/latency.mjs';

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '1000' },
    neighbours: { type: 'string', default: '5' },
    broadcasts: { type: 'string', default: '20' },
    /** Between two broadcasts, in milliseconds. */
    every: { type: 'string', default: '500' },
    loss: { type: 'string', default: '0.01' },
    seed: { type: 'string', default: '1' },
    latencies: { type: 'string', default: 'planetlab490-t1' },
    /** `random`: a random graph of that many neighbours; `join`: each joins through one that has joined before. */
    links: { type: 'string', default: 'random' },
  },
});
const nodes = Number(values.nodes);

const heapBytes = () => {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
};

let cpuBefore = process.cpuUsage();

/** What happened since the last time, by wall clock and by processor time: the latter is what counts where others use the machine too. */
function measured(world) {
  const { eventsPerSecond, events, realMs, bytes, bytesByClass, redundancy, deliveries } = world.measure();
  const { user, system } = process.cpuUsage(cpuBefore);
  cpuBefore = process.cpuUsage();
  const cpuMs = (user + system) / 1_000;
  return {
    events,
    realMs: Math.round(realMs),
    cpuMs: Math.round(cpuMs),
    eventsPerSecond: Math.round(eventsPerSecond),
    eventsPerCpuSecond: Math.round((1_000 * events) / cpuMs),
    deliveries,
    redundancy,
    bytes,
    bytesByClass,
  };
}

const empty = heapBytes();
const world = await simulate({
  nodes,
  seed: values.seed,
  latency: latencyMatrix(values.latencies),
  loss: Number(values.loss),
});
const started = heapBytes();
if (values.links === 'join') {
  await world.joinAll();
  await world.settle('60 s');
} else await world.linkRandomly(Number(values.neighbours));
const linked = heapBytes();
const linking = measured(world);
const ends = world.degrees().reduce((sum, degree) => sum + degree, 0);

const messages = [];
for (let count = 0; count < Number(values.broadcasts); count += 1) {
  const [from = world.node(0)] = world.some(1);
  messages.push(world.broadcast(from, new Uint8Array(256)));
  await world.pass(Number(values.every));
}
await world.pass('5 s');
const reaches = messages.map((message) => world.reached(message));
const worst = (pick) => Math.max(...reaches.map(pick));

console.log(
  JSON.stringify({
    nodes,
    seed: world.seed,
    trace: world.trace.hash,
    kibPerNode: (started - empty) / nodes / 1_024,
    kibPerLinkEnd: (linked - started) / ends / 1_024,
    neighbours: ends / nodes,
    linking,
    broadcasting: measured(world),
    shareMin: Math.min(...reaches.map(({ share }) => share)),
    duplicateDeliveries: reaches.reduce((sum, { duplicates }) => sum + duplicates.length, 0),
    msToHalf: worst((reach) => reach.msTo(0.5)),
    msTo99: worst((reach) => reach.msTo(0.99)),
    msToAll: worst((reach) => reach.msTo(1)),
  }),
);
