import { expect, test } from '@jest/globals';
import { simulate, type Simulation, type SimulationOptions } from '../src/testing/index.js';

async function linked(options: SimulationOptions, neighbours = 4): Promise<Simulation> {
  const world = await simulate(options);
  await world.linkRandomly(neighbours);
  return world;
}

test('32 nodes with real cryptography hear a broadcast once each, lossy lines or not', async () => {
  const world = await linked({ nodes: 32, seed: 64, crypto: 'real', latency: 30, loss: 0.01 }, 3);
  const message = world.broadcast(world.node(5), 'hello');
  await world.pass('3 s');
  const reach = world.reached(message);
  expect({ share: reach.share, duplicates: reach.duplicates.length, where: world.describe() }).toMatchObject({
    share: 1,
    duplicates: 0,
  });
}, 180_000);

test('120 model nodes lose a third of themselves, and those that are still linked hear everything', async () => {
  const world = await linked({ nodes: 120, seed: 200, latency: 40, loss: 0.01 }, 6);
  const before = world.broadcast(world.node(0));
  await world.pass('2 s');
  expect(world.reached(before).share).toBe(1);
  world.kill(world.some(1 / 3, world.nodes.slice(1)));
  await world.pass('1 s');
  const after = world.broadcast(world.node(0));
  await world.pass('2 s');
  const reach = world.reached(after);
  expect(world.alive).toHaveLength(120 - 40);
  expect(reach.share).toBeGreaterThan(0.98);
  expect(reach.duplicates).toEqual([]);
}, 180_000);

async function busyHour(seed: number): Promise<string> {
  const world = await linked({ nodes: 40, seed, latency: (random) => 10 + 60 * random.unit(), loss: 0.02 });
  for (let round = 0; round < 5; round += 1) {
    world.broadcast(world.some(1)[0] ?? world.node(0), round);
    world.pause(world.node(3), '300 ms');
    await world.pass('1 s');
    world.cut(world.nodes.slice(0, 5));
    await world.pass('2 s');
    world.heal();
  }
  world.kill(world.some(5));
  await world.pass('10 s');
  return `${world.trace.hash} after ${world.trace.steps}`;
}

test('the same seed gives the same trace, and another seed another', async () => {
  const first = await busyHour(1);
  expect(await busyHour(1)).toBe(first);
  expect(await busyHour(2)).not.toBe(first);
}, 180_000);

test('a process that dies is noticed at once, and a host that vanishes within seconds', async () => {
  const world = await linked({ nodes: 12, seed: 7, latency: 25 });
  const [killed, silent] = [world.node(2), world.node(3)];
  const knowing = (nodeId: string): number =>
    world.alive.filter(({ mesh }) => mesh.getPeers().some((peer) => peer.nodeId === nodeId)).length;
  world.kill(killed);
  await world.pass('100 ms');
  expect(knowing(killed.nodeId)).toBe(0);
  world.silence(silent);
  world.broadcast(world.node(0));
  await world.pass('500 ms');
  expect(knowing(silent.nodeId)).toBeGreaterThan(0);
  // What it owes an answer for a second is suspect, and given up after three probes.
  await world.pass('4 s');
  expect(knowing(silent.nodeId)).toBe(0);
});

test('a dead node that starts again with its store is the same node, and gets what it missed and what is said from then on', async () => {
  const world = await linked({ nodes: 10, seed: 8, latency: 15 });
  const node = world.node(4);
  const { nodeId } = node;
  world.kill(node);
  // What was said within five seconds after its last save counts as seen.
  await world.pass('5 s');
  const missed = world.broadcast(world.node(0));
  await world.pass('1 s');
  await world.restart(node, world.node(1));
  const heard = world.broadcast(world.node(0));
  await world.pass('2 s');
  expect(node.mesh.nodeId).toBe(nodeId);
  expect(missed.deliveries(node)).toBe(1);
  expect(heard.deliveries(node)).toBe(1);
  expect(world.reached(missed).share).toBe(1);
});

test('nodes that start again together take as long as the slowest of them, and each is told of its own failure', async () => {
  const world = await linked({ nodes: 10, seed: 8, latency: 15 });
  const [first, second, third] = [world.node(4), world.node(5), world.node(6)];
  world.kill([first, second, third]);
  await world.pass('5 s');
  const startMs = world.nowMs;
  const outcomes = await world.restartAll([
    { node: first, through: world.node(0) },
    { node: second, through: third },
    { node: third },
    { node: world.node(0) },
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected']);
  expect(world.nowMs - startMs).toBeLessThan(1_000);
  const message = world.broadcast(world.node(0));
  await world.pass('5 s');
  expect(world.reached(message).share).toBe(1);
});

test('a paused process is late and loses nothing', async () => {
  const world = await linked({ nodes: 8, seed: 9, latency: 10 }, 3);
  const node = world.node(5);
  world.pause(node, '800 ms');
  const message = world.broadcast(world.node(0));
  await world.pass('700 ms');
  expect(message.deliveries(node)).toBe(0);
  await world.pass('1 s');
  expect(message.deliveries(node)).toBe(1);
  expect(node.mesh.getPeers().length).toBeGreaterThanOrEqual(3);
});

test('a link that is cut in one direction only is given up by both ends', async () => {
  const world = await simulate({ nodes: 2, seed: 10, latency: 10 });
  await world.link(world.node(0), world.node(1));
  await world.pass('1 s');
  world.cutOneWay(world.node(0), world.node(1));
  world.broadcast(world.node(0));
  // One end owes an answer at once; the other asks after thirty seconds of silence.
  await world.pass('40 s');
  expect(world.degrees()).toEqual([0, 0]);
  world.heal();
  await world.pass('10 s');
  expect(world.degrees()).toEqual([1, 1]);
});

test('a full node refuses, and a node that joins asks others', async () => {
  const world = await simulate({ nodes: 30, seed: 11, latency: 10, maxPeers: 4 });
  await world.joinAll();
  await world.pass('2 s');
  expect(Math.max(...world.degrees())).toBeLessThanOrEqual(4);
  expect(Math.min(...world.degrees())).toBeGreaterThanOrEqual(1);
});

test('a direct message of a megabyte’s half comes in pieces and whole', async () => {
  const world = await simulate({ nodes: 2, seed: 12, latency: 20 });
  await world.link(world.node(0), world.node(1));
  await world.pass('1 s');
  world.measure();
  const message = world.send(world.node(0), world.node(1), new Uint8Array(500_000));
  await world.pass('2 s');
  expect(message.outcome).toBe('sent');
  expect(message.deliveries(world.node(1))).toBe(1);
  expect(world.measure().bytesByClass['payload']).toBeGreaterThan(500_000);
});

test('clocks that are far apart are told of it', async () => {
  const world = await simulate({ nodes: 2, seed: 13, latency: 10 });
  const skews: number[] = [];
  world.node(0).mesh.on('clock:skew', ({ skewMs }) => skews.push(Math.round(skewMs / 1_000)));
  world.skew(world.node(1), 200_000);
  await world.link(world.node(0), world.node(1));
  await world.pass('1 s');
  expect(skews).toEqual([200]);
});

test('a simulation stops without a timer left', async () => {
  const world = await linked({ nodes: 10, seed: 14, latency: 10 }, 3);
  await world.stop();
  await world.pass('1 min');
  expect(world.clock.pendingTimers).toBe(0);
});

test('more nodes than real cryptography can bear are refused', async () => {
  await expect(simulate({ nodes: 65, crypto: 'real' })).rejects.toThrow('1 to 64 nodes');
});
