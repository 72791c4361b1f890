import { expect, test } from '@jest/globals';
import { clusteringOf, MembershipNetwork, partsOf, type ModelMember } from './support/membership-network.js';

const neighboursOf = ({ neighbours }: ModelMember): Iterable<ModelMember> => neighbours;

test('1,000 nodes that join one after the other by one seed become one nearly regular graph of random links', () => {
  const startMs = performance.now();
  const network = joined(Number(process.env.N ?? 1000), 'thousand', Number(process.env.EVERY ?? 20));
  network.advance(Number(process.env.T ?? 60000));
  const degrees = network.live.map(({ neighbours }) => neighbours.size);
  const clustering = clusteringOf(network.live);
  console.log({
    wall: performance.now() - startMs,
    min: Math.min(...degrees),
    max: Math.max(...degrees),
    mean: degrees.reduce((a, b) => a + b, 0) / degrees.length,
    clustering,
    messages: network.messages,
    refused: network.refusedJoins,
    parts: partsOf(network.live, neighboursOf).length,
    dials: network.dials,
    faults: network.faults.length,
    histogram: degrees.reduce<Record<number, number>>((h, d) => ({ ...h, [d]: (h[d] ?? 0) + 1 }), {}),
  });
  const [seed] = network.members;
  console.log(seed?.machine.active.all.map((m) => [m.neighbour.isInbound, m.degree, network.member(m.neighbour.nodeId)?.neighbours.size, m.neighbour.isKept]));
  expect(partsOf(network.live, neighboursOf)).toHaveLength(1);
});

/** Nodes that have joined by the first one, one every 20 ms. */
function joined(count: number, seed: string, everyMs = 20): MembershipNetwork {
  const network = new MembershipNetwork({ seed });
  const first = network.add();
  for (let index = 1; index < count; index += 1) {
    network.join(network.add(), first);
    network.advance(everyMs);
  }
  return network;
}
