import { expect, test } from '@jest/globals';
import { encodeNodeId } from '@yakmesh/crypto';
import { memoryMesh } from '../src/testing/index.js';
import { failure } from './support-network/failure.js';

test('a full node refuses the next peer with MESH_FULL, and says so itself', async () => {
  const mesh = await memoryMesh({
    nodes: ['a', 'b', 'c', 'd'],
    options: (name) => (name === 'a' ? { maxPeers: 2 } : {}),
  });
  const ends: unknown[] = [];
  mesh.node('a').on('peer:refused', ({ code, direction }) => ends.push([code, direction]));
  await mesh.connect('b', 'a');
  await mesh.connect('c', 'a');
  expect(await mesh.run(failure(mesh.node('d').connect(mesh.url('a'))))).toBe('MESH_FULL');
  await mesh.advance(1_000);
  expect(mesh.node('a').getPeers()).toHaveLength(2);
  expect(mesh.node('d').getPeers()).toEqual([]);
  expect(ends).toEqual([['LINK_FULL', 'inbound']]);
  await mesh.stop();
});

test('a full node does not dial either', async () => {
  const mesh = await memoryMesh({
    nodes: ['a', 'b', 'c'],
    options: (name) => (name === 'a' ? { maxPeers: 1 } : {}),
  });
  await mesh.connect('a', 'b');
  expect(await mesh.run(failure(mesh.node('a').connect(mesh.url('c'))))).toBe('MESH_FULL');
  expect(mesh.network.socketsOf('c')).toBe(0);
  await mesh.stop();
});

test('M7: with maxPeers 0 nobody is a peer', async () => {
  const mesh = await memoryMesh({
    nodes: ['a', 'b'],
    options: (name) => (name === 'a' ? { maxPeers: 0 } : {}),
  });
  expect(await mesh.run(failure(mesh.node('b').connect(mesh.url('a'))))).toBe('MESH_FULL');
  expect(await mesh.run(failure(mesh.node('a').connect(mesh.url('b'))))).toBe('MESH_FULL');
  await mesh.stop();
});

test('room that becomes free is given again', async () => {
  const mesh = await memoryMesh({
    nodes: ['a', 'b', 'c'],
    options: (name) => (name === 'a' ? { maxPeers: 1 } : {}),
  });
  await mesh.connect('b', 'a');
  await mesh.run(mesh.node('b').stop());
  await mesh.advance(100);
  await mesh.connect('c', 'a');
  await mesh.advance(100);
  expect(
    mesh
      .node('a')
      .getPeers()
      .map(({ nodeId }) => nodeId),
  ).toEqual([mesh.node('c').nodeId]);
  await mesh.stop();
});

test('a link that is held goes beyond maxPeers', async () => {
  const mesh = await memoryMesh({
    nodes: ['a', 'b', 'c'],
    options: (name) => (name === 'a' ? { maxPeers: 1 } : {}),
  });
  await mesh.connect('a', 'b');
  const hold = mesh.node('a').hold(mesh.node('c').nodeId, { reason: 'test', endpoint: mesh.url('c') });
  await mesh.run(hold);
  expect(mesh.node('a').getPeers()).toHaveLength(2);
  await mesh.stop();
});

test('M7: two dials at once never go beyond maxPeers', async () => {
  const mesh = await memoryMesh({
    nodes: ['a', 'b', 'c'],
    options: (name) => (name === 'a' ? { maxPeers: 1 } : {}),
  });
  const dials = ['b', 'c'].map((name) => failure(mesh.node('a').connect(mesh.url(name))));
  expect((await mesh.run(Promise.all(dials))).sort()).toEqual(['MESH_FULL', 'no error']);
  expect(mesh.node('a').getPeers()).toHaveLength(1);
  await mesh.stop();
});

test('at most 64 nodes are held, those counted that are being dialled; a failed hold gives its place back', async () => {
  const mesh = await memoryMesh({ nodes: ['a'] });
  const hold = (): Promise<string> => {
    const id = encodeNodeId(mesh.random.bytes(32));
    return failure(mesh.node('a').hold(id, { reason: 'test', endpoint: 'ws://nowhere:1' }));
  };
  const codes = await mesh.run(Promise.all(Array.from({ length: 66 }, hold)));
  expect(codes.filter((code) => code === 'MESH_HOLDS_FULL')).toHaveLength(2);
  expect(codes.filter((code) => code === 'MESH_CONNECT_FAILED')).toHaveLength(64);
  expect(await mesh.run(hold())).toBe('MESH_CONNECT_FAILED');
  await mesh.stop();
});
