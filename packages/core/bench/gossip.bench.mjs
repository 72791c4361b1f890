// Signed gossip between two processes, beside raw `ws` between two processes, on this Node and on the newest one.
import { withPair } from './support/processes.mjs';
import { nodes, row } from './support/rows.mjs';

const WARM_UP_MS = 1_500;
const MEASURE_MS = 3_000;
const MESSAGE_BYTES = 1_024;

async function perSecond(receiver, sender, command) {
  const sending = sender.ask({ type: command, ms: WARM_UP_MS + MEASURE_MS + 500, bytes: MESSAGE_BYTES });
  await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS));
  await receiver.ask({ type: 'count' });
  await Promise.all([receiver, sender].map((peer) => peer.ask({ type: 'meters' })));
  const startMs = performance.now();
  await new Promise((resolve) => setTimeout(resolve, MEASURE_MS));
  const { received } = await receiver.ask({ type: 'count' });
  const seconds = (performance.now() - startMs) / 1_000;
  const meters = await Promise.all([receiver, sender].map((peer) => peer.ask({ type: 'meters' })));
  await sending;
  return { rate: received / seconds, delayMs: Math.max(...meters.map(({ p99Ms }) => p99Ms)) };
}

const signed = (node) =>
  withPair(node, async (receiver, sender) => {
    const { endpoint } = await receiver.ask({ type: 'start', options: {} });
    await sender.ask({ type: 'start', options: {} });
    await sender.ask({ type: 'connect', url: endpoint });
    return perSecond(receiver, sender, 'send');
  });

const raw = (node) =>
  withPair(node, async (receiver, sender) => {
    const { endpoint } = await receiver.ask({ type: 'rawListen' });
    await sender.ask({ type: 'rawConnect', url: endpoint });
    return perSecond(receiver, sender, 'rawSend');
  });

async function onNode(label, node, context) {
  const rates = [];
  const ratios = [];
  const raws = [];
  const delays = [];
  for (let run = 0; run < context.runs; run += 1) {
    const { rate, delayMs } = await signed(node);
    const { rate: rawRate } = await raw(node);
    context.log(
      `  ${label}: ${Math.round(rate)} signed/s, raw ws ${Math.round(rawRate)}/s, delay p99 ${delayMs.toFixed(1)} ms`,
    );
    rates.push(rate);
    raws.push(rawRate);
    ratios.push(rate / rawRate);
    delays.push(delayMs);
  }
  return [
    row(context, 'signed 1 KB gossip', label, rates, 'messages/s'),
    row(context, 'raw ws, 1 KB', label, raws, 'messages/s'),
    row(context, 'signed gossip / raw ws', label, ratios, 'ratio'),
    row(context, 'event-loop delay p99 while gossiping', label, delays, 'ms'),
  ];
}

export default {
  name: 'gossip',
  async run(context) {
    const results = [];
    for (const { label, path } of nodes(context)) results.push(...(await onNode(label, path, context)));
    return results;
  },
};
