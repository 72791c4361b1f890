import { expect, test } from '@jest/globals';
import { memoryMesh } from '../src/testing/index.js';

test('real nodes on virtual time shake hands, gossip and stop without a timer left', async () => {
  const mesh = await memoryMesh({ nodes: ['a', 'b', 'c'] });
  await mesh.connectAll();
  const heard: unknown[] = [];
  mesh.node('c').on('gossip', (message) => heard.push(message.payload));
  const result = await mesh.run(mesh.node('a').broadcast({ hello: 'mesh' }));
  await mesh.advance(1_000);
  expect(heard).toEqual([{ hello: 'mesh' }]);
  expect(result.peersSent).toBe(2);
  await mesh.stop();
  expect(mesh.network.socketsOf('a')).toBe(0);
  expect(mesh.clock.pendingTimers).toBe(0);
});

test('the same seed gives the same order of events at the same times', async () => {
  const first = await timeline('seven');
  expect(await timeline('seven')).toEqual(first);
  expect(await timeline('eight')).not.toEqual(first);
});

async function timeline(seed: string): Promise<string[]> {
  const mesh = await memoryMesh({ seed, nodes: ['a', 'b'], latencyMs: (random) => 5 + random.unit() * 40 });
  const seen: string[] = [];
  mesh.network.capture(({ from, atMs, bytes }) => seen.push(`${from} ${bytes.length} @${atMs}`));
  await mesh.connect('a', 'b');
  await mesh.run(mesh.node('b').broadcast('hello'));
  await mesh.advance(5_000);
  await mesh.stop();
  return seen;
}
