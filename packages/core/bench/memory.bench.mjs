// Memory of a hub per idle peer: (RSS at 100 idle peers − RSS at 0) / 100, after garbage collection.
import { withPair } from './support/processes.mjs';
import { nodes, row } from './support/rows.mjs';

const PEERS = 100;

const measure = (node) =>
  withPair(node, async (hub, others) => {
    const { endpoint } = await hub.ask({ type: 'start', options: {} });
    // One link first, so that code and pools that every node has once are there at 0.
    await others.ask({ type: 'start', options: {} });
    await others.ask({ type: 'handshakes', count: 30, url: endpoint });
    const before = await hub.ask({ type: 'memory' });
    await others.ask({ type: 'idlePeers', count: PEERS, url: endpoint });
    const after = await hub.ask({ type: 'memory' });
    if (after.peers !== PEERS) throw new Error(`${after.peers} of ${PEERS} peers are connected`);
    return {
      rss: (after.rss - before.rss) / PEERS / 1_024,
      heap: (after.heapUsed - before.heapUsed) / PEERS / 1_024,
    };
  });

export default {
  name: 'memory',
  async run(context) {
    const results = [];
    for (const { label, path } of nodes(context)) {
      const resident = [];
      const heap = [];
      for (let run = 0; run < context.runs; run += 1) {
        const perPeer = await measure(path);
        resident.push(perPeer.rss);
        heap.push(perPeer.heap);
        context.log(
          `  ${label}: ${perPeer.rss.toFixed(0)} KiB resident, ${perPeer.heap.toFixed(0)} KiB heap a peer`,
        );
      }
      results.push(row(context, 'memory per idle peer, resident', label, resident, 'KiB'));
      results.push(row(context, 'memory per idle peer, heap', label, heap, 'KiB'));
    }
    return results;
  },
};
