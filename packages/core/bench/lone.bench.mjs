// What a single message waits for its batch beyond its own signature.
import { withPair } from './support/processes.mjs';
import { nodes, row } from './support/rows.mjs';

const MESSAGES = 100;

const measure = (node) =>
  withPair(node, async (receiver, sender) => {
    const { endpoint } = await receiver.ask({ type: 'start', options: {} });
    await sender.ask({ type: 'start', options: {} });
    await sender.ask({ type: 'connect', url: endpoint });
    await sender.ask({ type: 'lone', count: 20 });
    return sender.ask({ type: 'lone', count: MESSAGES });
  });

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

export default {
  name: 'lone',
  async run(context) {
    const results = [];
    for (const { label, path } of nodes(context)) {
      const waits = [];
      for (let run = 0; run < context.runs; run += 1) {
        const { signMs, sendMs } = await measure(path);
        // A signature's time is random (rejection sampling), so means are compared, not single calls.
        waits.push(mean(sendMs) - mean(signMs));
        context.log(
          `  ${label}: sent after ${mean(sendMs).toFixed(2)} ms, a signature takes ${mean(signMs).toFixed(2)} ms`,
        );
      }
      results.push(row(context, 'lone message, wait beyond its signature', label, waits, 'ms'));
    }
    return results;
  },
};
