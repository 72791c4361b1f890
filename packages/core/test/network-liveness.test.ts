import { expect, test } from '@jest/globals';
import { memoryMesh } from '../src/testing/index.js';

test('an idle peer that falls silent is dropped within pingInterval + 3 s', async () => {
  for (const pingInterval of [1_000, 30_000]) {
    const mesh = await memoryMesh({ nodes: ['a', 'b'], options: { pingInterval } });
    await mesh.connect('a', 'b');
    await mesh.advance(100);
    mesh.network.stall('b', 'a');
    const silentMs = mesh.clock.monotonicMs();
    await mesh.until('it is dropped', () => mesh.node('a').getPeers().length === 0, 40_000);
    expect(mesh.clock.monotonicMs() - silentMs).toBeLessThan(pingInterval + 3_000);
    await mesh.stop();
  }
});

test('an idle peer that answers stays, for hours', async () => {
  const mesh = await memoryMesh({ nodes: ['a', 'b'], latencyMs: 400 });
  await mesh.connect('a', 'b');
  const events: string[] = [];
  mesh.node('a').onPeer(({ type }) => events.push(type));
  await mesh.advance(3_600_000);
  expect(events).toEqual([]);
  expect(mesh.node('a').getPeers()[0]?.rttMs).toBeCloseTo(800, 0);
  await mesh.stop();
});

test('a peer that owes an acknowledgement is suspect after a second, and dropped after three probes', async () => {
  const mesh = await memoryMesh({ nodes: ['a', 'b'] });
  await mesh.connect('a', 'b');
  await mesh.advance(2_000);
  const events: [string, number][] = [];
  mesh.network.stall('b', 'a');
  const startMs = mesh.clock.monotonicMs();
  mesh.node('a').onPeer(({ type }) => events.push([type, mesh.clock.monotonicMs() - startMs]));
  await mesh.run(mesh.node('a').broadcast('anyone?'));
  await mesh.advance(5_000);
  expect(events.map(([type]) => type)).toEqual(['suspect', 'disconnected']);
  const [suspectMs = 0, goneMs = 0] = events.map(([, atMs]) => atMs);
  expect(suspectMs).toBeGreaterThanOrEqual(1_000);
  expect(suspectMs).toBeLessThan(1_500);
  expect(goneMs - suspectMs).toBeGreaterThanOrEqual(1_500);
  expect(goneMs - suspectMs).toBeLessThan(2_300);
  await mesh.stop();
});

test('a pause that ends in time clears the suspicion, and nothing is lost', async () => {
  const mesh = await memoryMesh({ nodes: ['a', 'b'] });
  await mesh.connect('a', 'b');
  await mesh.advance(2_000);
  const events: string[] = [];
  const heard: unknown[] = [];
  mesh.node('a').onPeer(({ type }) => events.push(type));
  mesh.node('b').on('gossip', ({ payload }) => heard.push(payload));
  const [there, back] = [mesh.network.stall('a', 'b'), mesh.network.stall('b', 'a')];
  await mesh.run(mesh.node('a').broadcast('patience'));
  await mesh.advance(1_600);
  there();
  back();
  await mesh.advance(10_000);
  expect(events).toEqual(['suspect']);
  expect(heard).toEqual(['patience']);
  expect(mesh.node('a').getPeers()).toHaveLength(1);
  await mesh.stop();
});
