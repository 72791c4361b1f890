import { expect, test } from '@jest/globals';
import { clusteringOf, MembershipNetwork, partsOf, type ModelMember } from './support/membership-network.js';

const neighboursOf = ({ neighbours }: ModelMember): Iterable<ModelMember> => neighbours;

test('1,000 nodes that join by one seed become one nearly regular graph, and the half that survives a crash heals', () => {
  const network = joined(1_000, 'thousand');
  network.advance(20_000);
  console.log('1,000 joined:', figures(network));
  expect(partsOf(network.live, neighboursOf)).toEqual([1_000]);
  expect(Math.min(...degreesOf(network))).toBeGreaterThanOrEqual(4);
  expect(Math.max(...degreesOf(network))).toBeLessThanOrEqual(10);
  expect(clusteringOf(network.live)).toBeLessThan(0.25);

  for (const member of network.live.filter((_, index) => index % 2 === 0)) network.kill(member);
  network.advance(10_000);
  console.log('10 s after half died:', figures(network));
  expect(partsOf(network.live, neighboursOf)).toEqual([500]);
  expect(Math.min(...degreesOf(network))).toBeGreaterThanOrEqual(4);
}, 60_000);

test('after 80 %% of the nodes have died at once at least 99 %% of the others are one mesh again within 10 s', () => {
  for (const seed of ['a', 'b']) {
    const network = joined(200, seed);
    network.advance(30_000);
    for (const member of network.live) if (network.random.unit() < 0.8) network.kill(member);
    network.advance(10_000);
    const [largest = 0] = partsOf(network.live, neighboursOf);
    console.log(`80 % of 200 died, seed ${seed}:`, figures(network));
    expect(largest / network.live.length).toBeGreaterThanOrEqual(0.99);
  }
}, 60_000);

test.each(['one', 'two', 'three'])(
  'views hold what they may, and nothing else, at every moment of churn (seed %s)',
  (seed) => {
    const network = joined(40, seed, 50);
    for (let round = 0; round < 40; round += 1) {
      const member = network.live[network.random.below(network.live.length)];
      if (member !== undefined && network.random.unit() < 0.5) network.kill(member);
      else network.join(network.add(), network.live[0] as ModelMember);
      network.advance(300);
      for (const each of network.live) expectSound(each);
    }
    network.advance(15_000);
    // Once nothing happens any more, each is known to whom it knows.
    for (const { machine, neighbours } of network.live) {
      const known = machine.active.all.map(({ neighbour }) => neighbour.nodeId);
      expect(new Set(known)).toEqual(new Set([...neighbours].map(({ nodeId }) => nodeId)));
    }
    expect(partsOf(network.live, neighboursOf)).toHaveLength(1);
    expect(network.faults).toEqual([]);
  },
  60_000,
);

test('nodes that nobody can dial are found by their own dials, and each has neighbours enough', () => {
  const network = new MembershipNetwork({ seed: 'nat', isDialable: (index) => index % 3 === 0 });
  const first = network.add();
  for (let index = 1; index < 150; index += 1) {
    network.join(network.add(), first);
    network.advance(50);
  }
  network.advance(60_000);
  expect(partsOf(network.live, neighboursOf)).toEqual([150]);
  expect(Math.min(...degreesOf(network))).toBeGreaterThanOrEqual(3);
  console.log('two of three cannot be dialled:', figures(network));
}, 60_000);

test('the same seed gives the same mesh', () => {
  const run = (): unknown => {
    const network = joined(40, 'again');
    network.advance(20_000);
    return [
      network.messages,
      network.dials,
      network.live.map(({ neighbours }) => [...neighbours].map(({ nodeId }) => nodeId)),
    ];
  };
  expect(run()).toEqual(run());
});

/** Nodes that have joined by the first one, one after the other. */
function joined(count: number, seed: string, everyMs = 20): MembershipNetwork {
  const network = new MembershipNetwork({ seed });
  const first = network.add();
  for (let index = 1; index < count; index += 1) {
    network.join(network.add(), first);
    network.advance(everyMs);
  }
  return network;
}

function expectSound({ nodeId, machine, neighbours }: ModelMember): void {
  const active = machine.active.all.map(({ neighbour }) => neighbour.nodeId);
  expect(neighbours.size).toBeLessThanOrEqual(10);
  expect(machine.passiveSize).toBeLessThanOrEqual(60);
  expect(active).not.toContain(nodeId);
  expect(machine.knows(nodeId)).toBe(false);
  for (const id of active) expect(machine.knows(id)).toBe(false);
}

const degreesOf = (network: MembershipNetwork): number[] =>
  network.live.map(({ neighbours }) => neighbours.size);

function figures(network: MembershipNetwork): string {
  const degrees = degreesOf(network);
  const mean = degrees.reduce((sum, degree) => sum + degree, 0) / degrees.length;
  const { messages, dials, refusedJoins } = network;
  return (
    `degrees ${Math.min(...degrees)} to ${Math.max(...degrees)}, mean ${mean.toFixed(2)}, clustering ` +
    `${clusteringOf(network.live).toFixed(3)}, ${messages} messages, ${dials} dials, ${refusedJoins} joins repeated, ` +
    `parts ${partsOf(network.live, neighboursOf).slice(0, 4).join(' ')}`
  );
}
