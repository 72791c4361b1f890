// Nodes join, speak and leave without end: the hub's heap and handles must come back to where they were.
import { withPair } from '../bench/support/processes.mjs';

/** Fills the largest cache that traffic fills, 4,096 verified batch heads; from then on nothing may grow but noise. */
const WARM_UP_MESSAGES = 4_500;
const WARM_UP_ROUND_MS = 10_000;
const HEAP_GROWTH_BYTES_MAX = 2 * 1_048_576;
const ROUNDS = 12;

export default {
  name: 'churn',
  async run({ minutes, log }) {
    await withPair(process.execPath, async (hub, others) => {
      const { endpoint } = await hub.ask({ type: 'start', options: {} });
      await others.ask({ type: 'prepareChurn', identities: 32 });
      for (let heard = 0; heard < WARM_UP_MESSAGES;) {
        const { messages } = await others.ask({ type: 'churn', ms: WARM_UP_ROUND_MS, url: endpoint });
        heard += messages;
        log(`warming up: ${heard} of ${WARM_UP_MESSAGES} messages`);
      }
      await hub.ask({ type: 'count' });
      const roundMs = (minutes * 60_000) / ROUNDS;
      const heaps = [];
      let handles;
      for (let round = 0; round < ROUNDS; round += 1) {
        const { joins, messages } = await others.ask({ type: 'churn', ms: roundMs, url: endpoint });
        const memory = await hub.ask({ type: 'memory' });
        const { received } = await hub.ask({ type: 'count' });
        log(
          `round ${round + 1}: ${joins} joins, ${received} messages, heap ${(memory.heapUsed / 1e6).toFixed(1)} MB, ${memory.handles} handles`,
        );
        if (received < messages) throw new Error(`${messages} messages were sent, only ${received} arrived.`);
        if (memory.peers > 0) throw new Error(`${memory.peers} peers are still there after all have left.`);
        handles ??= memory.handles;
        if (memory.handles > handles) throw new Error(`Handles grew from ${handles} to ${memory.handles}.`);
        heaps.push(memory.heapUsed);
      }
      const growth = heaps.at(-1) - heaps[0];
      if (growth > HEAP_GROWTH_BYTES_MAX)
        throw new Error(`The heap grew by ${growth} bytes after the warm-up.`);
    });
  },
};
