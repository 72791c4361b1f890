import { expect, test } from '@jest/globals';
import type { MeshOptions } from '../src/index.js';
import { memoryMesh, type MemoryMesh } from '../src/testing/index.js';

test('endpoints that neighbours share are dialled until half of maxPeers is reached', async () => {
  const mesh = await star({ maxPeers: 4 });
  await mesh.advance(2_000);
  const counts = mesh.nodes.map((node) => node.getPeers().length);
  expect(Math.min(...counts.slice(1))).toBeGreaterThanOrEqual(2);
  expect(Math.max(...counts)).toBeLessThanOrEqual(4);
  await mesh.stop();
});

test('a hint is followed only with its own id expected: a liar gains nothing', async () => {
  const mesh = await memoryMesh({
    nodes: ['a', 'b', 'c', 'd'],
    // c finds nobody by itself, so that it is a's turn to dial.
    options: (name) => ({ publicHost: name === 'c' ? 'd' : name, maxPeers: name === 'c' ? 1 : 10 }),
  });
  // c says that it lives where d does.
  await mesh.connect('c', 'b');
  await mesh.connect('a', 'b');
  await mesh.advance(2_000);
  expect(mesh.node('a').isConnectedTo(mesh.node('d').nodeId)).toBe(false);
  expect(mesh.node('d').getPeers()).toEqual([]);
  expect(mesh.node('a').counters.LINK_PEER_MISMATCH).toBeGreaterThan(0);
  await mesh.stop();
});

test('a hint is not passed on before a handshake of one’s own', async () => {
  const mesh = await memoryMesh({
    nodes: ['a', 'b', 'c'],
    options: (name) => ({ publicHost: name, maxPeers: 2 }),
  });
  await mesh.connect('c', 'b');
  await mesh.connect('b', 'a');
  await mesh.advance(500);
  const told: unknown[] = [];
  const d = await mesh.start('d', { publicHost: 'd', maxPeers: 2 });
  d.on('peers', ({ peers }) => told.push(...(peers ?? []).map(({ nodeId }) => nodeId)));
  expect(mesh.node('a').isConnectedTo(mesh.node('c').nodeId)).toBe(false);
  await mesh.connect('d', 'a');
  await mesh.advance(500);
  expect(told).toEqual([mesh.node('b').nodeId]);
  await mesh.stop();
});

test('H7: a loopback endpoint is told to nobody on another machine, and not believed from one', async () => {
  const mesh = await memoryMesh({
    nodes: ['a', 'b', 'c'],
    options: (name) => (name === 'a' ? { publicHost: '127.0.0.1' } : { publicHost: name }),
  });
  const told: unknown[] = [];
  for (const name of ['b', 'c'])
    mesh.node(name).on('peers', ({ peers }) => told.push(...(peers ?? []).map(({ endpoint }) => endpoint)));
  await mesh.connect('a', 'b');
  await mesh.connect('c', 'b');
  await mesh.advance(2_000);
  expect(told.filter((endpoint) => String(endpoint).includes('127.0.0.1'))).toEqual([]);
  expect(
    mesh
      .node('b')
      .getPeers()
      .find(({ nodeId }) => nodeId === mesh.node('a').nodeId)?.endpoint,
  ).toBe('ws://127.0.0.1:9001');
  await mesh.stop();
});

test('nobody is told of nodes that do not want to be dialled', async () => {
  const mesh = await memoryMesh({ nodes: ['a', 'b', 'c'] });
  const told: unknown[] = [];
  for (const node of mesh.nodes) node.on('peers', ({ peers }) => told.push(...(peers ?? [])));
  await mesh.connect('a', 'b');
  await mesh.connect('c', 'b');
  await mesh.advance(2_000);
  expect(told).toEqual([]);
  expect(mesh.node('a').getPeers()).toHaveLength(1);
  await mesh.stop();
});

test.each([180_000, -180_000])(
  'a node whose clock is off by %i ms is told by clock:skew at both ends',
  async (skewMs) => {
    const mesh = await memoryMesh({ nodes: ['a', 'b'] });
    mesh.setClockSkew('b', skewMs);
    const skews: [string, string, number][] = [];
    for (const name of ['a', 'b'])
      mesh
        .node(name)
        .on('clock:skew', (skew) => skews.push([name, skew.nodeId, Math.round(skew.skewMs / 1_000)]));
    await mesh.connect('a', 'b');
    await mesh.advance(1_000);
    expect(skews).toEqual([
      ['a', mesh.node('b').nodeId, skewMs / 1_000],
      ['b', mesh.node('a').nodeId, -skewMs / 1_000],
    ]);
    await mesh.stop();
  },
);

test('messages from a clock that is two minutes ahead are refused and counted', async () => {
  const mesh = await memoryMesh({ nodes: ['a', 'b'] });
  mesh.setClockSkew('b', 130_000);
  await mesh.connect('a', 'b');
  await mesh.advance(100);
  const heard: unknown[] = [];
  mesh.node('a').on('gossip', ({ payload }) => heard.push(payload));
  await mesh.run(mesh.node('b').broadcast('from the future'));
  await mesh.advance(1_000);
  expect(heard).toEqual([]);
  expect(mesh.node('a').counters.PEER_FROM_FUTURE).toBe(1);
  expect(mesh.node('a').getPeers()).toHaveLength(1);
  await mesh.stop();
});

test('clocks that agree raise no clock:skew', async () => {
  const mesh = await memoryMesh({ nodes: ['a', 'b'], latencyMs: 500 });
  const skews: unknown[] = [];
  for (const node of mesh.nodes) node.on('clock:skew', (skew) => skews.push(skew));
  await mesh.connect('a', 'b');
  await mesh.advance(5_000);
  expect(skews).toEqual([]);
  await mesh.stop();
});

/** Five nodes that have all dialled the first. */
async function star(options: MeshOptions): Promise<MemoryMesh> {
  const mesh = await memoryMesh({
    nodes: ['hub', 'a', 'b', 'c', 'd'],
    options: (name) => ({ publicHost: name, ...options }),
  });
  for (const name of ['a', 'b', 'c', 'd']) await mesh.connect(name, 'hub');
  return mesh;
}
