// Direct messages between random pairs: who is acknowledged, over how many links, and what the search for ways costs.
import { grown, hopsBetween, neighbourhoods, percent } from './world.mjs';

/** As many as it takes to say 99.99 %. */
const PAIRS = 10_000;
const ROUND_PAIRS = 100;
/** So often it is said how far they are: all of them take hours. */
const TOLD_PAIRS = 1_000;
const GAP_MS = 50;
const ACKNOWLEDGED_MIN = 0.9999;
const STRETCH_MAX = 1.5;

const forwarded = (world) =>
  world.nodes.reduce((total, { mesh }) => total + (mesh.counters['messages:forwarded'] ?? 0), 0);

/** Messages between pairs drawn at random; how many links lead from one to the other at least. */
async function round(world, count) {
  const sends = [];
  const links = neighbourhoods(world);
  let hops = 0;
  for (let index = 0; index < count; index += 1) {
    const [from, to] = world.some(2);
    hops += hopsBetween(links, from, to);
    sends.push(world.send(from, to, { index }, { ack: true }));
    await world.pass(GAP_MS);
  }
  return { sends, hops };
}

export const routes = {
  async leg({ nodes, seed, before, endMs, log }) {
    const totals = before ?? {
      pairs: 0,
      acknowledged: 0,
      hopsLeast: 0,
      hopsTaken: 0,
      searchBytes: 0,
      virtualMs: 0,
    };
    const world = await grown({ nodes, seed, log });
    const forwardedBefore = forwarded(world);
    const sends = [];
    let hopsLeast = 0;
    while (totals.pairs + sends.length < PAIRS && performance.now() < endMs) {
      const told = await round(world, Math.min(ROUND_PAIRS, PAIRS - totals.pairs - sends.length));
      sends.push(...told.sends);
      hopsLeast += told.hops;
      if (sends.length % TOLD_PAIRS === 0) log(`${totals.pairs + sends.length} of ${PAIRS} pairs …`);
    }
    await world.pass('30 s');
    const { bytesByClass, virtualMs } = world.measure();
    const acknowledged = sends.filter(({ outcome }) => outcome === 'sent').length;
    for (const { from, to, outcome } of sends)
      if (outcome !== 'sent')
        log(
          `node ${from.index} to node ${to.index}: ${outcome.error?.code ?? outcome} (${world.describe()})`,
        );
    const pairs = totals.pairs + sends.length;
    return {
      pairs,
      acknowledged: totals.acknowledged + acknowledged,
      // The message goes there, and its acknowledgement comes back.
      hopsLeast: totals.hopsLeast + 2 * hopsLeast,
      hopsTaken: totals.hopsTaken + 2 * sends.length + forwarded(world) - forwardedBefore,
      searchBytes: totals.searchBytes + (bytesByClass['protocol route/1'] ?? 0),
      virtualMs: totals.virtualMs + virtualMs,
      isDone: pairs >= PAIRS,
    };
  },
  claims({ pairs, acknowledged, hopsLeast, hopsTaken, searchBytes, virtualMs }, nodes) {
    const share = acknowledged / pairs;
    const stretch = hopsTaken / hopsLeast;
    const perNode = searchBytes / nodes / (virtualMs / 1_000);
    return [
      [
        `acknowledged, of ${pairs} random pairs`,
        `${acknowledged}, ${percent(share)}`,
        `≥ ${100 * ACKNOWLEDGED_MIN} %`,
        share >= ACKNOWLEDGED_MIN,
      ],
      [
        'links that messages and acknowledgements took, of the fewest',
        `${(hopsLeast / 2 / pairs).toFixed(2)} × ${stretch.toFixed(3)}`,
        `≤ × ${STRETCH_MAX}`,
        stretch <= STRETCH_MAX,
      ],
      [
        'searches for ways (route/1)',
        `${(searchBytes / pairs / 1_000).toFixed(1)} kB a message in the whole mesh, ${(perNode / 1_000).toFixed(1)} kB/s a node`,
      ],
    ];
  },
};
