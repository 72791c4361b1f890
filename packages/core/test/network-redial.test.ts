import { expect, test } from '@jest/globals';
import { Identity } from '@yakmesh/crypto';
import { memoryMesh } from '../src/testing/index.js';
import { ending } from './support-network/cleanup.js';
import { pass, startNode, until } from './support-network/socket-world.js';

test.each([
  [45_000, 2_100],
  [300_000, 5_100],
])(
  'a peer that is away for %i ms is dialled again within %i ms of its return',
  async (outageMs, withinMs) => {
    for (const seed of [1, 2, 3]) {
      const mesh = await memoryMesh({ seed, nodes: ['a', 'b'] });
      await mesh.connect('a', 'b');
      await mesh.advance(1_000);
      mesh.kill('b');
      await mesh.until('the loss is seen', () => mesh.node('a').getPeers().length === 0);
      await mesh.advance(outageMs);
      await mesh.start('b');
      const backMs = mesh.clock.monotonicMs();
      await mesh.until('it is back', () => mesh.node('a').getPeers().length === 1, 40_000);
      expect(mesh.clock.monotonicMs() - backMs).toBeLessThan(withinMs);
      await mesh.stop();
    }
  },
);

test('a partition of 45 s heals, and messages pass again', async () => {
  const mesh = await memoryMesh({ nodes: ['a', 'b', 'c'] });
  await mesh.connectAll();
  const heal = mesh.network.partition(['a']);
  await mesh.advance(45_000);
  expect(mesh.node('a').getPeers()).toEqual([]);
  expect(mesh.node('b').getPeers()).toHaveLength(1);
  heal();
  await mesh.until(
    'the mesh is whole',
    () => mesh.nodes.every((node) => node.getPeers().length === 2),
    60_000,
  );
  const heard: unknown[] = [];
  for (const name of ['b', 'c']) mesh.node(name).on('gossip', ({ payload }) => heard.push(payload));
  await mesh.run(mesh.node('a').broadcast('again'));
  await mesh.advance(1_000);
  expect(heard).toEqual(['again', 'again']);
  await mesh.stop();
});

test('a peer that is gone for ever is dialled at most every 5 s, with jitter, and without a leak', async () => {
  const mesh = await memoryMesh({ nodes: ['a', 'b'] });
  await mesh.connect('a', 'b');
  mesh.kill('b');
  await mesh.advance(600_000);
  const timers = mesh.clock.pendingTimers;
  let dials = 0;
  mesh.node('a').on('peer:refused', () => (dials += 1));
  await mesh.advance(600_000);
  // Full jitter over 5 s: 2.5 s on average.
  expect(dials).toBeGreaterThan(180);
  expect(dials).toBeLessThan(320);
  expect(mesh.clock.pendingTimers).toBeLessThanOrEqual(timers + 2);
  await mesh.stop();
  expect(mesh.clock.pendingTimers).toBe(0);
});

test('a peer that refuses is asked again only after half a minute: no storm', async () => {
  const mesh = await memoryMesh({ nodes: ['a', 'b'] });
  await mesh.connect('a', 'b');
  mesh.kill('b');
  await mesh.start('b', { networkId: 'another' });
  let refusals = 0;
  mesh.node('a').on('peer:refused', ({ code }) => (refusals += code === 'MESH_NETWORK_MISMATCH' ? 1 : 0));
  await mesh.advance(600_000);
  expect(refusals).toBeGreaterThanOrEqual(9);
  expect(refusals).toBeLessThanOrEqual(21);
  await mesh.stop();
});

test('a connect that failed is the caller’s to repeat: nothing is dialled again', async () => {
  const mesh = await memoryMesh({ nodes: ['a'] });
  let dials = 0;
  mesh.node('a').on('peer:refused', () => (dials += 1));
  await expect(mesh.run(mesh.node('a').connect('ws://b:9001'))).rejects.toMatchObject({
    code: 'MESH_CONNECT_FAILED',
  });
  await mesh.advance(60_000);
  expect(dials).toBe(1);
  await mesh.stop();
});

test.each([1_000, 5_000])(
  'on real sockets a node that restarts after %i ms is linked again',
  async (outageMs) => {
    const identity = await Identity.generate();
    const [a, first] = [ending(await startNode()), await startNode({}, identity)];
    const wsPort = Number(new URL(first.getPublicEndpoint()).port);
    await a.connect(first.getPublicEndpoint());
    await first.stop();
    await until('the loss is seen', () => a.getPeers().length === 0);
    await pass(outageMs);
    const second = ending(await startNode({ wsPort, portRetries: 0 }, identity));
    await until('it is back', () => a.isConnectedTo(identity.nodeId), 15_000);
    const heard: unknown[] = [];
    second.on('gossip', ({ payload }) => heard.push(payload));
    await until('both know', () => second.getPeers().length === 1);
    await a.broadcast('again');
    await until('the message arrives', () => heard.length === 1);
  },
  40_000,
);
