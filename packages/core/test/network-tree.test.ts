import { expect, test } from '@jest/globals';
import {
  copiesIn,
  Ears,
  line,
  meshOf,
  namesOf,
  randomGraph,
  ring,
  sumOf,
  type Edge,
} from './support/tree-mesh.js';

const NODES = 30;
const WARM_UP = 8;
const BROADCASTS = 20;

/** With the longest latency of a link: on a ring half a turn must take less than the wait for what was announced. */
const GRAPHS: [string, Edge[], number][] = [
  ['a line', line(NODES), 35],
  ['a ring', ring(NODES), 10],
  ['a random graph of degree 5', randomGraph(NODES, 45, 'graph'), 35],
];

test.each(GRAPHS)(
  'on %s of 30 nodes a broadcast costs each node no more than 1.05 copies once the tree has grown',
  async (name, edges, latestMs) => {
    const mesh = await meshOf(NODES, edges, {
      latencyMs: (random) => latestMs * (0.2 + 0.8 * random.unit()),
    });
    const ears = new Ears(mesh, namesOf(NODES));
    for (let n = 0; n < WARM_UP; n += 1) {
      void mesh.node(`n${(7 * n) % NODES}`).broadcast(`warm ${n}`);
      await mesh.advance(3_000);
    }
    const before = copiesIn(mesh);
    for (let n = 0; n < BROADCASTS; n += 1) {
      void mesh.node(`n${(11 * n) % NODES}`).broadcast(n);
      await mesh.advance(1_000);
    }
    const copies = (copiesIn(mesh) - before) / (BROADCASTS * (NODES - 1));
    console.log(`${name}: ${copies.toFixed(3)} copies for each node and broadcast`);
    for (const [index, node] of namesOf(NODES).entries()) {
      const expected = Array.from({ length: BROADCASTS }, (_, n) => n).filter(
        (n) => (11 * n) % NODES !== index,
      );
      expect(ears.values(node).filter((value) => typeof value === 'number')).toEqual(expected);
    }
    expect(copies).toBeLessThanOrEqual(1.05);
    await mesh.stop();
    expect(mesh.clock.pendingTimers).toBe(0);
  },
  120_000,
);

test('a neighbour in the tree that dies is replaced within a second by one that announces', async () => {
  // n0 – n1 – n3 is fast, n0 – n2 – n3 slow: after the first broadcasts n2 is lazy to n3.
  const mesh = await meshOf(4, [[0, 1], [1, 3], [0, 2], [2, 3]], { latencyMs: 5 }); // prettier-ignore
  mesh.network.setLatency('n2', 'n3', 40);
  const ears = new Ears(mesh, ['n3']);
  for (let n = 0; n < 5; n += 1) {
    void mesh.node('n0').broadcast(n);
    await mesh.advance(1_000);
  }
  mesh.kill('n1');
  void mesh.node('n0').broadcast('after the death');
  const startMs = mesh.clock.monotonicMs();
  await mesh.until('the message', () => ears.values('n3').includes('after the death'), 1_000);
  console.log(`repaired within ${mesh.clock.monotonicMs() - startMs} ms`);
  await mesh.stop();
});

test('a neighbour in the tree that falls silent is replaced within a second too', async () => {
  const mesh = await meshOf(4, [[0, 1], [1, 3], [0, 2], [2, 3]], { latencyMs: 5 }); // prettier-ignore
  mesh.network.setLatency('n2', 'n3', 40);
  const ears = new Ears(mesh, ['n3']);
  for (let n = 0; n < 5; n += 1) {
    void mesh.node('n0').broadcast(n);
    await mesh.advance(1_000);
  }
  const heal = mesh.network.partition(['n1']);
  void mesh.node('n0').broadcast('in the silence');
  await mesh.until('the message', () => ears.values('n3').includes('in the silence'), 1_000);
  heal();
  await mesh.advance(10_000);
  expect(ears.values('n3').filter((value) => value === 'in the silence')).toHaveLength(1);
  await mesh.stop();
});

test('a flood goes over every link and prunes none', async () => {
  const mesh = await meshOf(4, [[0, 1], [1, 2], [2, 3], [3, 0], [0, 2]]); // prettier-ignore
  for (let n = 0; n < 3; n += 1) {
    await mesh.run(mesh.node('n0').broadcast(n));
    await mesh.advance(1_000);
  }
  const before = copiesIn(mesh);
  const flooded = await mesh.run(mesh.node('n0').broadcast('urgent', { mode: 'flood', priority: 4 }));
  await mesh.advance(1_000);
  // n0 sends to three; n1 and n3 each send to n2, n2 to both.
  expect([flooded.peersSent, copiesIn(mesh) - before]).toEqual([3, 7]);
  const [tree, duplicates] = [copiesIn(mesh), sumOf(mesh, 'PEER_DUPLICATE')];
  await mesh.run(mesh.node('n0').broadcast('routine'));
  await mesh.advance(1_000);
  expect([copiesIn(mesh) - tree, sumOf(mesh, 'PEER_DUPLICATE') - duplicates]).toEqual([3, 0]);
  await mesh.stop();
});

test('a way that is clearly faster takes the place of the one in the tree', async () => {
  const mesh = await meshOf(3, [[0, 1], [1, 2], [0, 2]], { latencyMs: 5 }); // prettier-ignore
  const ears = new Ears(mesh, ['n2']);
  mesh.network.setLatency('n0', 'n2', 60);
  for (let n = 0; n < 3; n += 1) {
    void mesh.node('n0').broadcast(n);
    await mesh.advance(1_000);
  }
  // The tree goes by n1, whose link grows slow while the direct one is fast now.
  mesh.network.setLatency('n1', 'n2', 220);
  mesh.network.setLatency('n0', 'n2', 5);
  for (let n = 3; n < 20; n += 1) {
    void mesh.node('n0').broadcast(n);
    await mesh.advance(1_000);
  }
  const startMs = mesh.clock.monotonicMs();
  void mesh.node('n0').broadcast('last');
  await mesh.until('it', () => ears.values('n2').includes('last'), 100);
  console.log(`the tree has changed to a way of ${mesh.clock.monotonicMs() - startMs} ms`);
  await mesh.stop();
});

test('own messages that wait for a limit go once to each neighbour, however many ways there are', async () => {
  const limit = 20;
  const mesh = await meshOf(3, [[0, 1], [1, 2], [0, 2]], { options: { rateLimiter: { maxConnectionsPerMinute: 1_000_000, maxHandshakesPerMinute: 1_000_000, maxMessagesPerSecond: limit } } }); // prettier-ignore
  const ears = new Ears(mesh, ['n1', 'n2']);
  for (let n = 0; n < 3; n += 1) {
    void mesh.node('n0').broadcast(`warm ${n}`);
    await mesh.advance(1_000);
  }
  const before = sumOf(mesh, 'PEER_DUPLICATE');
  for (let n = 0; n < 5 * limit; n += 1) void mesh.node('n0').broadcast(n);
  await mesh.advance(10_000);
  const all = Array.from({ length: 5 * limit }, (_, n) => n);
  for (const name of ['n1', 'n2'])
    expect(ears.values(name).filter((value) => typeof value === 'number')).toEqual(all);
  expect(sumOf(mesh, 'PEER_DUPLICATE') - before).toBeLessThanOrEqual(0.1 * all.length);
  await mesh.stop();
});
