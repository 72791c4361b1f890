import { expect, test } from '@jest/globals';
import type { MeshOptions } from '../src/index.js';
import { memoryMesh, type MemoryMesh } from '../src/testing/index.js';
import { failure } from './support-network/failure.js';

const OLD = { networkId: 'net', networkFingerprint: 'old' };
const NEW = { networkId: 'net', networkFingerprint: 'new' };
/** A node of the new version that still takes the old one. */
const ROLLING: MeshOptions = { ...NEW, acceptNetworks: [OLD] };

test.each<[string, MeshOptions, MeshOptions]>([
  ['no label at all', {}, {}],
  ['null and absent', { networkId: null, networkFingerprint: null }, {}],
  ['the same id', { networkId: 'net' }, { networkId: 'net' }],
  ['the same id and fingerprint', OLD, OLD],
])('%s: they connect', async (_what, a, b) => {
  const mesh = await pair(a, b);
  expect(await dialled(mesh)).toBe('no error');
  await mesh.stop();
});

test.each<[string, MeshOptions, MeshOptions]>([
  ['another fingerprint', OLD, NEW],
  ['a fingerprint where the other has none', OLD, { networkId: 'net' }],
  ['no fingerprint where the other has one', { networkId: 'net' }, OLD],
  ['another id', { networkId: 'one' }, { networkId: 'two' }],
  ['an id where the other has none', { networkId: 'net' }, {}],
  ['an empty id where the other has none', { networkId: '' }, {}],
  [
    'id and fingerprint swapped',
    { networkId: 'x', networkFingerprint: 'y' },
    { networkId: 'y', networkFingerprint: 'x' },
  ],
  ['the same text as id and as fingerprint', { networkId: 'x' }, { networkFingerprint: 'x' }],
])('%s is MESH_NETWORK_MISMATCH on both sides', async (_what, a, b) => {
  const mesh = await pair(a, b);
  const refusals: unknown[] = [];
  for (const name of ['a', 'b'])
    mesh.node(name).on('peer:refused', ({ code, direction }) => refusals.push([code, direction]));
  expect(await dialled(mesh)).toBe('MESH_NETWORK_MISMATCH');
  await mesh.advance(100);
  expect(refusals).toHaveLength(2);
  expect(refusals).toEqual(
    expect.arrayContaining([
      ['MESH_NETWORK_MISMATCH', 'inbound'],
      ['MESH_NETWORK_MISMATCH', 'outbound'],
    ]),
  );
  expect([mesh.node('a').getPeers(), mesh.node('b').getPeers()]).toEqual([[], []]);
  await mesh.stop();
});

test.each([
  ['the old one dials', OLD, ROLLING],
  ['the new one dials', ROLLING, OLD],
])('a rolling upgrade where %s: gossip and direct messages pass both ways', async (_what, a, b) => {
  const mesh = await pair(a, b);
  expect(await dialled(mesh)).toBe('no error');
  await mesh.advance(100);
  for (const [from, to] of [
    ['a', 'b'],
    ['b', 'a'],
  ] as const) {
    const heard: unknown[] = [];
    for (const type of ['gossip', 'message'])
      mesh.node(to).on(type, ({ payload }, _link, nodeId) => heard.push([payload, nodeId]));
    const { nodeId } = mesh.node(from);
    const result = await mesh.run(mesh.node(from).broadcast('to all'));
    await mesh.run(mesh.node(from).sendTo(mesh.node(to).nodeId, 'to you'));
    await mesh.advance(1_000);
    expect(result.peersSent).toBe(1);
    expect(heard).toEqual([
      ['to all', nodeId],
      ['to you', nodeId],
    ]);
  }
  await mesh.stop();
});

test('in a rolling upgrade an old node is heard behind a new one, and new ones hear everything once', async () => {
  const options = (name: string): MeshOptions => (name === 'a' ? OLD : ROLLING);
  const mesh = await memoryMesh({ nodes: ['a', 'b', 'c'], options });
  await mesh.connect('a', 'b');
  await mesh.connect('b', 'c');
  await mesh.advance(100);
  const heard: string[] = [];
  for (const name of ['a', 'b', 'c'])
    mesh.node(name).on('gossip', ({ payload }) => heard.push(`${name} ${String(payload)}`));
  await mesh.run(mesh.node('a').broadcast('old'));
  await mesh.run(mesh.node('b').broadcast('new'));
  await mesh.advance(1_000);
  expect(heard.sort()).toEqual(['a new', 'b old', 'c new', 'c old']);
  await mesh.stop();
});

test('a node that accepts a network which others do not is refused by those', async () => {
  const mesh = await pair(
    { ...NEW, acceptNetworks: [{ networkId: 'third', networkFingerprint: null }] },
    OLD,
  );
  expect(await dialled(mesh)).toBe('MESH_NETWORK_MISMATCH');
  await mesh.stop();
});

test('another KEM is MESH_VERSION_MISMATCH on both sides', async () => {
  const mesh = await pair({}, { kem: 'ML-KEM-768' });
  const codes: string[] = [];
  for (const name of ['a', 'b']) mesh.node(name).on('peer:refused', ({ code }) => codes.push(code));
  expect(await dialled(mesh)).toBe('MESH_VERSION_MISMATCH');
  await mesh.advance(100);
  expect(codes).toEqual(['MESH_VERSION_MISMATCH', 'MESH_VERSION_MISMATCH']);
  await mesh.stop();
});

test('a network on ML-KEM-768 works', async () => {
  const mesh = await pair({ kem: 'ML-KEM-768' }, { kem: 'ML-KEM-768' });
  expect(await dialled(mesh)).toBe('no error');
  await mesh.stop();
});

function pair(a: MeshOptions, b: MeshOptions): Promise<MemoryMesh> {
  return memoryMesh({ nodes: ['a', 'b'], options: (name) => (name === 'a' ? a : b) });
}

function dialled(mesh: MemoryMesh): Promise<string> {
  return mesh.run(failure(mesh.node('a').connect(mesh.url('b'))));
}
