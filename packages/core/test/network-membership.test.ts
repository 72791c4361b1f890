import { expect, test } from '@jest/globals';
import type { MeshNetwork } from '../src/index.js';
import { memoryMesh, type MemoryMesh } from '../src/testing/index.js';
import { memoryStore } from '../src/transport/index.js';
import { partsOf } from './support/membership-network.js';
import { failure } from './support-network/failure.js';

const NODES = 64;

test('64 nodes that join by one seed are one mesh of degrees 4 to 10, and half of them still are within 10 s of losing the others', async () => {
  const names = Array.from({ length: NODES }, (_, index) => `n${index}`);
  const mesh = await memoryMesh({ nodes: names, latencyMs: 5, options: (name) => ({ publicHost: name }) });
  for (const name of names.slice(1)) await join(mesh, name, 'n0');
  await mesh.advance(15_000);
  const degrees = degreesOf(mesh.nodes);
  console.log('joined', summary(degrees));
  expect(partsOf(mesh.nodes, neighboursIn(mesh))).toEqual([NODES]);
  expect(Math.min(...degrees)).toBeGreaterThanOrEqual(4);
  expect(Math.max(...degrees)).toBeLessThanOrEqual(10);

  for (const name of names.filter((_, index) => index % 2 === 0)) mesh.kill(name);
  const startMs = mesh.clock.monotonicMs();
  const isOne = (): boolean => partsOf(mesh.nodes, neighboursIn(mesh)).length === 1;
  await mesh.until('one mesh again', isOne, 10_000);
  console.log('healed after', mesh.clock.monotonicMs() - startMs, 'ms', summary(degreesOf(mesh.nodes)));
  await mesh.advance(10_000);
  console.log('10 s later', summary(degreesOf(mesh.nodes)));
  expect(isOne()).toBe(true);
  expect(Math.min(...degreesOf(mesh.nodes))).toBeGreaterThanOrEqual(4);
  await mesh.stop();
  expect(mesh.clock.pendingTimers).toBe(0);
}, 240_000);

test('a returning node with a store finds the mesh though its seed is dead', async () => {
  const store = memoryStore();
  const mesh = await memoryMesh({ nodes: ['seed', 'a', 'b'], options: (name) => ({ publicHost: name }) });
  await mesh.start('c', { store });
  for (const name of ['a', 'b', 'c']) await mesh.connect(name, 'seed');
  await mesh.until('everyone knows everyone', () => degreesOf(mesh.nodes).every((degree) => degree === 3));
  mesh.kill('seed');
  await mesh.run(mesh.node('c').stop());
  await mesh.advance(5_000);
  const c = await mesh.start('c', { store });
  await mesh.until('it is back', () => c.getPeers().length === 2, 1_500);
  await mesh.stop();
});

test('five nodes that know one of them become a full mesh', async () => {
  const mesh = await memoryMesh({
    nodes: ['a', 'b', 'c', 'd', 'e'],
    options: (name) => ({ publicHost: name }),
  });
  for (const name of ['b', 'c', 'd', 'e']) await mesh.connect(name, 'a');
  await mesh.until('a full mesh', () => degreesOf(mesh.nodes).every((degree) => degree === 4), 3_000);
  await mesh.stop();
});

test('nodes that cannot be dialled join by their own dials, and nobody else dials them', async () => {
  const names = Array.from({ length: 14 }, (_, index) => `n${index}`);
  const isPublic = (name: string): boolean => Number(name.slice(1)) % 2 === 0;
  const mesh = await memoryMesh({
    nodes: names,
    options: (name) => (isPublic(name) ? { publicHost: name } : {}),
  });
  for (const name of names.slice(1)) await join(mesh, name, 'n0');
  await mesh.advance(20_000);
  expect(partsOf(mesh.nodes, neighboursIn(mesh))).toEqual([14]);
  for (const name of names.filter((each) => !isPublic(each))) {
    const directions = mesh
      .node(name)
      .getPeers()
      .map(({ direction }) => direction);
    expect(directions.length).toBeGreaterThanOrEqual(4);
    expect(directions.every((direction) => direction === 'outbound')).toBe(true);
  }
  await mesh.stop();
}, 120_000);

test('who has failed to dial an endpoint tells nobody of it, although its node is a neighbour', async () => {
  // a and c look for nobody by themselves, so that b is the one who tries.
  const mesh = await memoryMesh({
    nodes: ['hub', 'a', 'b'],
    options: (name) => ({
      publicHost: name === 'a' ? 'nowhere' : name,
      maxPeers: name === 'a' ? 2 : 10,
    }),
  });
  await mesh.connect('a', 'hub');
  await mesh.connect('b', 'hub');
  await mesh.advance(5_000);
  expect(mesh.node('b').counters['remote:MESH_CONNECT_FAILED'] ?? 0).toBeGreaterThan(0);
  await mesh.connect('a', 'b');
  await mesh.advance(100);
  expect(mesh.node('b').isConnectedTo(mesh.node('a').nodeId)).toBe(true);
  const c = await mesh.start('c', { publicHost: 'c', maxPeers: 1 });
  const told: unknown[] = [];
  c.on('peers', ({ peers }) => told.push(...(peers ?? []).map(({ endpoint }) => endpoint)));
  await mesh.connect('c', 'b');
  await mesh.advance(2_000);
  expect(told).toEqual(['ws://hub:9001']);
  await mesh.stop();
}, 120_000);

test('a held link takes no neighbour’s place at either end', async () => {
  const mesh = await memoryMesh({ nodes: ['a', 'b', 'c', 'd'], options: { maxPeers: 1 } });
  await mesh.connect('a', 'b');
  await mesh.connect('c', 'd');
  const holding = mesh.node('a').hold(mesh.node('c').nodeId, { reason: 'test', endpoint: mesh.url('c') });
  const letGo = await mesh.run(holding);
  await mesh.advance(1_000);
  expect(degreesOf(mesh.nodes)).toEqual([2, 1, 2, 1]);
  // Let go, it counts as any other, and there is no room for it.
  letGo();
  await mesh.advance(1_000);
  expect(degreesOf(mesh.nodes)).toEqual([1, 1, 1, 1]);
  await mesh.stop();
});

/** Joins as an application would: a seed that has no room just now is asked again. */
async function join(mesh: MemoryMesh, name: string, seed: string): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    if ((await mesh.run(failure(mesh.node(name).connect(mesh.url(seed))))) === 'no error') return;
    await mesh.advance(100);
  }
  throw new RangeError(`${name} could not join`);
}

function neighboursIn(mesh: MemoryMesh): (node: MeshNetwork) => Iterable<MeshNetwork> {
  const byId = new Map(mesh.nodes.map((node) => [node.nodeId, node]));
  return (node) =>
    node.getPeers().flatMap(({ nodeId }) => {
      const other = byId.get(nodeId);
      return other === undefined ? [] : [other];
    });
}

const degreesOf = (nodes: readonly MeshNetwork[]): number[] => nodes.map((node) => node.getPeers().length);

function summary(degrees: readonly number[]): string {
  const mean = degrees.reduce((sum, degree) => sum + degree, 0) / degrees.length;
  return `degrees ${Math.min(...degrees)} to ${Math.max(...degrees)}, mean ${mean.toFixed(1)}`;
}
