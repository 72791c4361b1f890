import { beforeEach, expect, test } from '@jest/globals';
import { Identity } from '@yakmesh/crypto';
import { MeshNetwork, type MeshOptions } from '../src/index.js';
import { ending } from './support-network/cleanup.js';
import { failure } from './support-network/failure.js';
import { httpServer, tcpServer, webSocketServer } from './support-network/servers.js';
import { startNode, until } from './support-network/socket-world.js';

const node = async (options: MeshOptions = {}): Promise<MeshNetwork> => ending(await startNode(options));

let mesh: MeshNetwork;

beforeEach(async () => {
  mesh = await node();
});

test('connect resolves to the peer’s identity', async () => {
  const peer = await node({ publicHost: 'peer.example' });
  const { port } = new URL(peer.getPublicEndpoint());
  const identity = await mesh.connect(`ws://127.0.0.1:${port}`);
  expect(identity.nodeId).toBe(peer.nodeId);
  expect(identity.publicKey).toHaveLength(1_952);
  expect(identity.endpoint).toBe(`ws://peer.example:${port}`);
  expect(mesh.isConnectedTo(peer.nodeId)).toBe(true);
});

test('the expected id may ride in the fragment or be an option', async () => {
  const [one, other] = [await node(), await node()];
  expect((await mesh.connect(`${one.getPublicEndpoint()}/#${one.nodeId}`)).nodeId).toBe(one.nodeId);
  expect((await mesh.connect(other.getPublicEndpoint(), { expected: other.nodeId })).nodeId).toBe(
    other.nodeId,
  );
});

test('a peer under another id than expected is LINK_PEER_MISMATCH', async () => {
  const peer = await node();
  const { nodeId } = await Identity.generate();
  expect(await failure(mesh.connect(`${peer.getPublicEndpoint()}/#${nodeId}`))).toBe('LINK_PEER_MISMATCH');
  expect(await failure(mesh.connect(peer.getPublicEndpoint(), { expected: nodeId }))).toBe(
    'LINK_PEER_MISMATCH',
  );
  expect(mesh.getPeers()).toEqual([]);
});

test.each([
  '',
  'localhost:9001',
  'http://localhost:9001',
  'ws://',
  'ws://user:secret@host:1/',
  'ws://localhost:99999',
  'ws://localhost:9001/#yak1notanid',
  'ws://localhost:9001/#somewhere',
])('%p is MESH_BAD_ENDPOINT', async (endpoint) => {
  expect(await failure(mesh.connect(endpoint))).toBe('MESH_BAD_ENDPOINT');
});

test('what is no text is MESH_BAD_ENDPOINT too, and an expected id that is none MESH_BAD_ARGUMENT', async () => {
  expect(await failure(mesh.connect(undefined as never))).toBe('MESH_BAD_ENDPOINT');
  expect(await failure(mesh.connect('ws://127.0.0.1:1', { expected: 'yak1' as never }))).toBe(
    'MESH_BAD_ARGUMENT',
  );
});

test('a port where nobody listens is MESH_CONNECT_FAILED', async () => {
  const server = await tcpServer();
  await server.close();
  expect(await failure(mesh.connect(server.url))).toBe('MESH_CONNECT_FAILED');
});

test('a plain web server is MESH_CONNECT_FAILED', async () => {
  const server = ending(await httpServer());
  expect(await failure(mesh.connect(server.url))).toBe('MESH_CONNECT_FAILED');
});

test('H5: a TCP server that never answers is MESH_TIMEOUT, after the time that was given', async () => {
  const server = ending(await tcpServer());
  const startedMs = performance.now();
  expect(await failure(mesh.connect(server.url, { timeoutMs: 300 }))).toBe('MESH_TIMEOUT');
  expect(performance.now() - startedMs).toBeLessThan(2_000);
});

test('H5: a WebSocket server that never speaks is MESH_TIMEOUT', async () => {
  const server = ending(await webSocketServer(() => undefined));
  expect(await failure(mesh.connect(server.url, { timeoutMs: 300 }))).toBe('MESH_TIMEOUT');
});

test.each(['before', 'while'])('an abort %s the dial is MESH_ABORTED', async (when) => {
  const server = ending(await tcpServer());
  const controller = new AbortController();
  if (when === 'before') controller.abort();
  const dial = mesh.connect(server.url, { signal: controller.signal });
  setImmediate(() => controller.abort());
  expect(await failure(dial)).toBe('MESH_ABORTED');
});

test.each([
  ['random bytes', Buffer.alloc(1_000, 0xa5)],
  ['an empty message', Buffer.alloc(0)],
  ['text', 'hello'],
  ['too much for a handshake', Buffer.alloc(9_000)],
  ['too much for a record', Buffer.alloc(100_000)],
])(
  'a WebSocket server that sends %s is refused with a code, and the node goes on',
  async (_what, garbage) => {
    const server = ending(
      await webSocketServer((socket) => void socket.once('message', () => socket.send(garbage))),
    );
    expect(await failure(mesh.connect(server.url))).toMatch(/^(LINK|MESH)_/);
    const peer = await node();
    expect((await mesh.connect(peer.getPublicEndpoint())).nodeId).toBe(peer.nodeId);
  },
);

test('H5: a server that closes mid-way ends the dial', async () => {
  const server = ending(await webSocketServer((socket) => void socket.once('message', () => socket.close())));
  expect(await failure(mesh.connect(server.url))).toBe('LINK_CLOSED');
});

test('H7: a node that dials itself hears LINK_SELF, and has no peer', async () => {
  expect(await failure(mesh.connect(mesh.getPublicEndpoint()))).toBe('LINK_SELF');
  expect(mesh.getPeers()).toEqual([]);
});

test('H7: connecting twice keeps one link and answers the same identity', async () => {
  const peer = await node();
  const answers = await Promise.all([1, 2, 3].map(() => mesh.connect(peer.getPublicEndpoint())));
  expect(new Set(answers.map(({ nodeId }) => nodeId))).toEqual(new Set([peer.nodeId]));
  await until(
    'one link is left at both ends',
    () => mesh.getPeers().length === 1 && peer.getPeers().length === 1,
  );
});

test('before start and after stop there is no dialling', async () => {
  const idle = new MeshNetwork(await Identity.generate(), { wsPort: 0 });
  expect(await failure(idle.connect(mesh.getPublicEndpoint()))).toBe('MESH_NOT_STARTED');
  await idle.stop();
  expect(await failure(idle.connect(mesh.getPublicEndpoint()))).toBe('MESH_STOPPED');
  expect(await failure(idle.start())).toBe('MESH_STOPPED');
});
