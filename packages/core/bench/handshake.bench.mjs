// The whole dial, from connect() to the peer's acceptance: wall time, and CPU of both processes together.
import { withPair } from './support/processes.mjs';
import { nodes, row } from './support/rows.mjs';

const WARM_UP = 10;
const HANDSHAKES = 40;

const measure = (node) =>
  withPair(node, async (server, client) => {
    const { endpoint } = await server.ask({ type: 'start', options: {} });
    await client.ask({ type: 'start', options: {} });
    await client.ask({ type: 'handshakes', count: WARM_UP, url: endpoint });
    const cpu = async () =>
      (await server.ask({ type: 'meters' })).cpuSeconds + (await client.ask({ type: 'meters' })).cpuSeconds;
    const before = await cpu();
    const { times } = await client.ask({ type: 'handshakes', count: HANDSHAKES, url: endpoint });
    return { times, cpuMs: ((await cpu()) - before) * (1_000 / HANDSHAKES) };
  });

async function onNode({ label, path }, context) {
  const medians = [];
  const tails = [];
  const cpus = [];
  for (let run = 0; run < context.runs; run += 1) {
    const { times, cpuMs } = await measure(path);
    medians.push(context.median(times));
    tails.push(context.quantile(times, 0.95));
    cpus.push(cpuMs);
    context.log(`  ${label}: handshake ${context.median(times).toFixed(1)} ms, CPU ${cpuMs.toFixed(1)} ms`);
  }
  return [
    row(context, 'handshake, median', label, medians, 'ms'),
    row(context, 'handshake, p95', label, tails, 'ms'),
    row(context, 'handshake, CPU of both ends', label, cpus, 'ms'),
  ];
}

export default {
  name: 'handshake',
  async run(context) {
    const results = [];
    for (const node of nodes(context)) results.push(...(await onNode(node, context)));
    return results;
  },
};
