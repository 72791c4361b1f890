import { expect, test } from '@jest/globals';
import { memoryMesh } from '../src/testing/index.js';

const OPTIONS = { reason: 'test' };

async function held() {
  const mesh = await memoryMesh({ nodes: ['a', 'b'], options: { maxPeers: 0 } });
  const [a, b] = [mesh.node('a'), mesh.node('b')];
  const letGo = await mesh.run(a.hold(b.nodeId, { ...OPTIONS, endpoint: mesh.url('b') }));
  return { mesh, a, b, letGo };
}

test('a held link that is lost is dialled again, beyond maxPeers as before', async () => {
  const { mesh, a, b } = await held();
  mesh.kill('b');
  await mesh.until('the loss is seen', () => !a.isConnectedTo(b.nodeId));
  await mesh.start('b');
  await mesh.until('it is back', () => a.isConnectedTo(b.nodeId), 10_000);
  await mesh.advance(60_000);
  expect(a.isConnectedTo(b.nodeId)).toBe(true);
  await mesh.stop();
});

test('a held link that is lost after it was let go is not dialled again', async () => {
  const { mesh, a, b, letGo } = await held();
  mesh.kill('b');
  await mesh.until('the loss is seen', () => !a.isConnectedTo(b.nodeId));
  letGo();
  await mesh.start('b');
  await mesh.advance(60_000);
  expect(a.isConnectedTo(b.nodeId)).toBe(false);
  await mesh.stop();
});

test('a node that was a neighbour before is held without saying where it is', async () => {
  const mesh = await memoryMesh({ nodes: ['a', 'b'], options: (name) => ({ publicHost: name }) });
  await mesh.connect('a', 'b');
  await mesh.advance(1_000);
  const [a, b] = [mesh.node('a'), mesh.node('b')];
  mesh.kill('b');
  await mesh.until('the loss is seen', () => !a.isConnectedTo(b.nodeId));
  await mesh.start('b');
  const letGo = await mesh.run(a.hold(b.nodeId, OPTIONS));
  expect(a.isConnectedTo(b.nodeId)).toBe(true);
  letGo();
  await mesh.stop();
});

test('a node has its own key', async () => {
  const mesh = await memoryMesh({ nodes: ['a'] });
  const a = mesh.node('a');
  expect(await mesh.run(a.keyOf(a.nodeId))).toHaveLength(1_952);
  await mesh.stop();
});
