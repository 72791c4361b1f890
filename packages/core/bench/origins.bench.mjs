// Signed 1 KB gossip in which each message has an origin, a key and a signature of its own: what a relay passes on.
import { withPair } from './support/processes.mjs';
import { nodes, row } from './support/rows.mjs';

const SECONDS_MAX = 30;
/** About two seconds' worth for each provider; signing them beforehand is not measured. */
const MESSAGES = { noble: 1_200, native: 8_000 };

const measure = (node, count) =>
  withPair(node, async (receiver, sender) => {
    const { endpoint } = await receiver.ask({ type: 'start', options: {} });
    await sender.ask({ type: 'presign', count, networkId: 'bench' });
    const startMs = performance.now();
    await sender.ask({ type: 'replay', url: endpoint });
    let received = 0;
    while (received < count) {
      if (performance.now() - startMs > 1_000 * SECONDS_MAX)
        throw new Error(`only ${received} of ${count} arrived`);
      await new Promise((resolve) => setTimeout(resolve, 20));
      received += (await receiver.ask({ type: 'count' })).received;
    }
    return count / ((performance.now() - startMs) / 1_000);
  });

export default {
  name: 'origins',
  async run(context) {
    const results = [];
    for (const { label, path } of nodes(context)) {
      const rates = [];
      for (let run = 0; run < context.runs; run += 1) {
        rates.push(await measure(path, path === context.newestNode ? MESSAGES.native : MESSAGES.noble));
        context.log(`  ${label}: ${Math.round(rates.at(-1))} messages/s, each of another origin`);
      }
      results.push(row(context, 'signed 1 KB gossip, each of another origin', label, rates, 'messages/s'));
    }
    return results;
  },
};
