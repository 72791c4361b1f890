import { expect, test } from '@jest/globals';
import { createServer, get } from 'node:http';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Identity } from '@yakmesh/crypto';
import { WebSocket } from 'ws';
import { MeshNetwork, type MeshOptions } from '../src/index.js';
import { REQUESTS_PER_MINUTE_MAX } from '../src/mesh/admission.js';
import { CERTIFICATE, CERTIFICATE_KEY } from './support-network/certificate.js';
import { runChild } from './support-network/child.js';
import { ending } from './support-network/cleanup.js';
import { failure, thrown } from './support-network/failure.js';
import { takenPorts } from './support-network/servers.js';
import { startNode, until } from './support-network/socket-world.js';

const node = async (options: MeshOptions = {}): Promise<MeshNetwork> => ending(await startNode(options));
/** Writes to a port and resolves to all that came back before the connection was gone. */
const exchanged = (port: number, text: string): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    let answers = '';
    socket.on('data', (bytes) => (answers += String(bytes)));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answers));
  });
const portOf = (mesh: MeshNetwork): number => Number(new URL(mesh.getPublicEndpoint()).port);

test('a taken port leads to the next one, which the endpoint names', async () => {
  const taken = ending(await takenPorts(2));
  const mesh = await node({ wsPort: taken.first });
  expect(mesh.getPublicEndpoint()).toBe(`ws://127.0.0.1:${taken.first + 2}`);
});

test('portRetries counts the ports after the first', async () => {
  const taken = ending(await takenPorts(2));
  const within = await node({ wsPort: taken.first, portRetries: 2 });
  expect(portOf(within)).toBe(taken.first + 2);
  const beyond = startNode({ wsPort: taken.first, portRetries: 1 });
  expect(await failure(beyond)).toBe('MESH_NO_FREE_PORT');
  await expect(beyond).rejects.toThrow(`Ports ${taken.first} to ${taken.first + 1} are in use`);
});

test('with portRetries 0 only the first port is tried', async () => {
  const taken = ending(await takenPorts(1));
  expect(await failure(startNode({ wsPort: taken.first, portRetries: 0 }))).toBe('MESH_NO_FREE_PORT');
});

test('port 0 is any free port, a different one for each node', async () => {
  const [one, other] = [await node({ wsPort: 0 }), await node({ wsPort: 0, portRetries: 0 })];
  expect(portOf(one)).toBeGreaterThan(0);
  expect(portOf(one)).not.toBe(portOf(other));
});

test('an address that is not ours is an error of the system, not a taken port', async () => {
  expect(await failure(startNode({ host: '192.0.2.1' }))).toBe('EADDRNOTAVAIL');
});

test.each<[MeshOptions, (port: number) => string]>([
  [{}, (port) => `ws://127.0.0.1:${port}`],
  [{ host: '0.0.0.0' }, (port) => `ws://127.0.0.1:${port}`],
  [{ publicHost: 'node.example' }, (port) => `ws://node.example:${port}`],
  [{ publicHost: '203.0.113.7' }, (port) => `ws://203.0.113.7:${port}`],
  [{ publicHost: '2001:db8::7' }, (port) => `ws://[2001:db8::7]:${port}`],
  [{ publicHost: '[2001:db8::7]' }, (port) => `ws://[2001:db8::7]:${port}`],
  [{ publicHost: 'node.example', path: '/mesh' }, (port) => `ws://node.example:${port}/mesh`],
  [{ publicHost: 'wss://proxy.example/deep/path' }, () => 'wss://proxy.example/deep/path'],
  [{ publicHost: 'ws://proxy.example:8080' }, () => 'ws://proxy.example:8080'],
])('%j is shown with the real port', async (options, endpoint) => {
  const taken = ending(await takenPorts(1));
  const mesh = await node({ wsPort: taken.first, ...options });
  expect(mesh.getPublicEndpoint()).toBe(endpoint(taken.first + 1));
});

test('a node on IPv6 shows its address in brackets and can be dialled there', async () => {
  const mesh = await node({ host: '::1' });
  expect(mesh.getPublicEndpoint()).toMatch(/^ws:\/\/\[::1\]:\d+$/);
  const dialler = await node();
  expect((await dialler.connect(mesh.getPublicEndpoint())).nodeId).toBe(mesh.nodeId);
});

test('H7: without publicHost nobody is told an endpoint, with it the real port', async () => {
  const taken = ending(await takenPorts(1));
  const [silent, telling, peer] = [
    await node(),
    await node({ wsPort: taken.first, publicHost: 'node.example' }),
    await node(),
  ];
  for (const mesh of [silent, telling]) await mesh.connect(peer.getPublicEndpoint());
  await until('both are connected', () => peer.getPeers().length === 2);
  const endpoints = new Map(peer.getPeers().map(({ nodeId, endpoint }) => [nodeId, endpoint]));
  expect(endpoints.get(silent.nodeId)).toBeUndefined();
  expect(endpoints.get(telling.nodeId)).toBe(`ws://node.example:${taken.first + 1}`);
});

test('the endpoint is known from start to stop only', async () => {
  const mesh = new MeshNetwork(await Identity.generate(), { wsPort: 0 });
  expect(thrown(() => mesh.getPublicEndpoint())).toBe('MESH_NOT_STARTED');
  await Promise.all([mesh.start(), mesh.start()]);
  expect(portOf(mesh)).toBeGreaterThan(0);
  await mesh.stop();
  expect(thrown(() => mesh.getPublicEndpoint())).not.toBe('no error');
});

test('a path of our own is the only one that upgrades', async () => {
  const [mesh, dialler] = [await node({ path: '/mesh' }), await node()];
  const { port } = new URL(mesh.getPublicEndpoint());
  expect(await failure(dialler.connect(`ws://127.0.0.1:${port}/`))).toBe('MESH_CONNECT_FAILED');
  expect((await dialler.connect(mesh.getPublicEndpoint())).nodeId).toBe(mesh.nodeId);
});

test('plain HTTP is answered by the request handler, or told to upgrade', async () => {
  const plain = await node();
  const handling = await node({ requestHandler: (_request, response) => response.end('beacon') });
  expect(await fetched(portOf(plain))).toEqual([426, 'This port speaks WebSocket.\n']);
  expect(await fetched(portOf(handling))).toEqual([200, 'beacon']);
});

test('D7: requests that a client writes behind its first one are not answered', async () => {
  const mesh = await node();
  const answers = await exchanged(portOf(mesh), 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(10_000));
  expect(answers.split('426 Upgrade Required').length - 1).toBeLessThanOrEqual(1);
});

test('D7: a flood of requests costs its address the connection, and is counted', async () => {
  const mesh = await node({ requestHandler: (_request, response) => response.end('beacon') });
  const answers = await exchanged(portOf(mesh), 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(1_000));
  expect(answers.split('200 OK').length - 1).toBeLessThanOrEqual(REQUESTS_PER_MINUTE_MAX);
  expect(mesh.counters.PEER_HTTP_FLOOD).toBe(1);
});

test('D7: five connections that speak no HTTP ban their address', async () => {
  const mesh = await node({ rateLimiter: { banThreshold: 5 } });
  const answers = [];
  for (let round = 0; round < 5; round += 1) answers.push(await exchanged(portOf(mesh), 'EHLO mail\r\n\r\n'));
  expect(answers.map((answer) => answer.slice(9, 12))).toEqual(['400', '400', '400', '400', '400']);
  expect(await exchanged(portOf(mesh), 'EHLO mail\r\n\r\n')).toBe('');
  expect(mesh.counters).toMatchObject({ PEER_NOT_HTTP: 5, GUARD_BANNED: 1 });
});

test('a server that is given is shared: its requests stay its own, and stop leaves it running', async () => {
  const server = createServer((_request, response) => response.end('shared'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const [mesh, dialler] = [await node({ server, path: '/mesh' }), await node()];
  expect(mesh.getPublicEndpoint()).toBe(`ws://127.0.0.1:${port}/mesh`);
  await dialler.connect(mesh.getPublicEndpoint());
  expect(await fetched(port)).toEqual([200, 'shared']);
  await mesh.stop();
  expect(await fetched(port)).toEqual([200, 'shared']);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test('with tls it listens as wss', async () => {
  const mesh = await node({ tls: { cert: CERTIFICATE, key: CERTIFICATE_KEY } });
  expect(mesh.getPublicEndpoint()).toMatch(/^wss:\/\/127\.0\.0\.1:\d+$/);
  const client = new WebSocket(mesh.getPublicEndpoint(), { ca: CERTIFICATE });
  await new Promise((resolve, reject) => client.once('open', resolve).once('error', reject));
  client.terminate();
});

test('nodes shake hands over wss where the certificate is trusted', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'yakmesh-'));
  const path = join(folder, 'certificate.pem');
  await writeFile(path, CERTIFICATE);
  await writeFile(join(folder, 'key.pem'), CERTIFICATE_KEY);
  // Node reads further authorities at its start only.
  const { code, lines } = await runChild('secure.mjs', [], [folder], { NODE_EXTRA_CA_CERTS: path });
  await rm(folder, { recursive: true });
  expect(lines).toEqual(['connected over wss', 'heard hello']);
  expect(code).toBe(0);
});

test('a certificate that nobody vouches for is refused by the dialler', async () => {
  const [mesh, dialler] = [await node({ tls: { cert: CERTIFICATE, key: CERTIFICATE_KEY } }), await node()];
  expect(await failure(dialler.connect(mesh.getPublicEndpoint()))).toBe('MESH_CONNECT_FAILED');
});

test('M7: compression is never agreed to', async () => {
  const mesh = await node();
  const client = new WebSocket(mesh.getPublicEndpoint(), { perMessageDeflate: true });
  await new Promise((resolve, reject) => client.once('open', resolve).once('error', reject));
  expect(client.extensions).toBe('');
  client.terminate();
});

function fetched(port: number): Promise<[number | undefined, string]> {
  return new Promise((resolve, reject) => {
    get({ port, host: '127.0.0.1', agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => (body += text));
      response.on('end', () => resolve([response.statusCode, body]));
    }).on('error', reject);
  });
}
