// How fast simulations run: events in a second of 1,000 real nodes on model links, and what a node and a link cost in memory.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { FastClock } from '@yakmesh/core/testing';
import { row } from './support/rows.mjs';

const SCRIPT = fileURLToPath(new URL('support/simulate.mjs', import.meta.url));
/** Young objects live long enough to die young: a simulation allocates hundreds of megabytes a second. */
const FLAGS = ['--expose-gc', '--max-semi-space-size=64', '--max-old-space-size=8000'];
const BARE_TIMERS = 50_000;
const BARE_MS = 4_000;
const NODES = 1_000;

/** The clock alone, with timers that do nothing but set themselves anew. */
async function bare() {
  const clock = new FastClock();
  let state = 1;
  const again = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    clock.setTimer(50 + (state % 1_000) / 10, again);
  };
  for (let count = 0; count < BARE_TIMERS; count += 1) clock.setTimer(count % 100, again);
  const before = performance.now();
  await clock.advance(BARE_MS);
  return (1_000 * clock.events) / (performance.now() - before);
}

export default {
  name: 'sim',
  async run(context) {
    const label = `Node ${process.versions.node}`;
    const results = { bare: [], linking: [], broadcasting: [], node: [], link: [] };
    for (let run = 0; run < context.runs; run += 1) {
      results.bare.push(await bare());
      const { stdout } = await promisify(execFile)(process.execPath, [
        ...FLAGS,
        SCRIPT,
        '--nodes',
        String(NODES),
      ]);
      const measured = JSON.parse(stdout);
      if (measured.shareMin < 1)
        throw new Error(`A broadcast reached only ${measured.shareMin} of the nodes.`);
      results.linking.push(measured.linking.eventsPerSecond);
      results.broadcasting.push(measured.broadcasting.eventsPerSecond);
      results.node.push(measured.kibPerNode);
      results.link.push(measured.kibPerLinkEnd);
      context.log(
        `  ${measured.broadcasting.eventsPerSecond} events/s, ${measured.broadcasting.eventsPerCpuSecond} a second of processor time`,
      );
    }
    return [
      row(context, 'simulated events, clock alone', label, results.bare, '1/s'),
      row(context, `simulated events, ${NODES} nodes broadcasting`, label, results.broadcasting, '1/s'),
      row(context, `simulated events, ${NODES} nodes linking`, label, results.linking, '1/s'),
      row(context, 'simulation, heap of a node', label, results.node, 'KiB'),
      row(context, 'simulation, heap of one end of a link', label, results.link, 'KiB'),
    ];
  },
};
