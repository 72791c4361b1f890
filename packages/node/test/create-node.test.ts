import { afterEach, expect, test } from '@jest/globals';
import { MessageTypes } from '@yakmesh/core';
import { memoryStore } from '@yakmesh/core/transport';
import { Identity } from '@yakmesh/crypto';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createNode, type YakmeshNode } from '../src/create-node.js';
import { saveIdentity } from '../src/identity-file.js';
import type { NodeOptions } from '../src/options.js';
import { temporaryFolder } from './temporary-folder.js';

const LOOPBACK = { wsPort: 0, host: '127.0.0.1' } as const;
const nodes: YakmeshNode[] = [];

afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.stop()));
});

async function create(options: NodeOptions): Promise<YakmeshNode> {
  const node = await createNode(options);
  nodes.push(node);
  return node;
}

test('two nodes meet and one hears the other', async () => {
  const [alice, bob] = [await create({ mesh: LOOPBACK }), await create({ mesh: LOOPBACK })];
  await Promise.all([alice.start(), bob.start()]);
  const heard = new Promise((resolve) =>
    alice.mesh.on(MessageTypes.GOSSIP, (message, _link, from) => resolve([message.payload, from])),
  );
  await bob.mesh.connect(alice.mesh.getPublicEndpoint());
  await bob.mesh.broadcast('hello mesh!');
  expect(await heard).toEqual(['hello mesh!', bob.identity.nodeId]);
});

test('a node without identity gets a fresh one, wiped when it stops, twice if need be', async () => {
  const node = await create({ mesh: LOOPBACK });
  await node.start();
  await node.stop();
  await node.stop();
  const signed = node.identity.sign(new Uint8Array(1), { context: new Uint8Array(0) });
  await expect(signed).rejects.toMatchObject({ code: 'IDENTITY_DESTROYED' });
});

test('an identity that was given stays usable after the node has stopped', async () => {
  const identity = await Identity.generate();
  const node = await create({ identity, mesh: LOOPBACK });
  await node.start();
  await node.stop();
  expect((await identity.sign(new Uint8Array(1), { context: new Uint8Array(0) })).length).toBe(3_309);
});

test('the path of an identity file makes the node that identity', async () => {
  const folder = temporaryFolder();
  const identity = await Identity.generate();
  const path = join(folder.path, 'identity');
  await saveIdentity(path, identity, { passphrase: 'secret' });
  const node = await create({ identity: path, passphrase: 'secret', mesh: LOOPBACK });
  folder.remove();
  expect(node.identity.nodeId).toBe(identity.nodeId);
});

test.each([
  [{ wsPort: 1 }, /Unknown option "wsPort".*go into mesh/],
  [{ identity: {} }, /identity is an identity/],
  [{ identity: '' }, /identity is an identity/],
  [{ passphrase: 'x' }, /give its path/],
  [{ identity: 'file', passphrase: 1 }, /passphrase is a string/],
  [{ mesh: 7 }, /mesh is an object/],
])('options %j are refused with a sentence that helps', async (options, message) => {
  const created = createNode(options as NodeOptions);
  await expect(created).rejects.toMatchObject({
    code: 'NODE_BAD_OPTION',
    message: expect.stringMatching(message),
  });
});

test('an unknown option of the mesh is refused by the mesh', async () => {
  const created = createNode({ mesh: { prot: 1 } as NodeOptions['mesh'] });
  await expect(created).rejects.toMatchObject({ code: 'MESH_BAD_OPTION' });
});

test('a port in use beyond portRetries fails the start with a code and leaves a stopped node', async () => {
  const server = createServer();
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  const node = await create({ mesh: { wsPort: port, host: '127.0.0.1', portRetries: 0 } });
  await expect(node.start()).rejects.toMatchObject({ code: 'MESH_NO_FREE_PORT' });
  await expect(node.mesh.broadcast('x')).rejects.toMatchObject({ code: 'MESH_STOPPED' });
  await new Promise((resolve) => server.close(resolve));
});

test('a node limits strangers by @yakmesh/defense: the mesh announces and keeps its limit on messages', async () => {
  const node = await create({ mesh: LOOPBACK, defense: { gates: [{ connection: () => false }] } });
  const stranger = await create({ mesh: LOOPBACK });
  await Promise.all([node.start(), stranger.start()]);
  const dial = stranger.mesh.connect(node.mesh.getPublicEndpoint());
  await expect(dial).rejects.toMatchObject({ code: 'LINK_DENIED' });
  expect(node.mesh.counters.GUARD_GATE).toBe(1);
  expect(node.guard?.messagesPerSecond).toBe(50);
});

test('what mesh.rateLimiter says holds in that guard too, and what defense says stands over it', async () => {
  const mesh = { ...LOOPBACK, rateLimiter: { maxConnectionsPerMinute: 1, banThreshold: 99 } };
  const node = await create({ mesh, defense: { rateLimiter: { maxConnectionsPerMinute: 2 } } });
  const dialler = await create({ mesh: LOOPBACK });
  await Promise.all([node.start(), dialler.start()]);
  const codes: string[] = [];
  for (let dial = 0; dial < 4; dial += 1) {
    const connecting = dialler.mesh.connect(node.mesh.getPublicEndpoint());
    codes.push(
      await connecting.then(
        () => 'connected',
        ({ code }: { code: string }) => code,
      ),
    );
  }
  expect(codes).toEqual(['connected', 'connected', 'MESH_RATE_LIMITED', 'MESH_RATE_LIMITED']);
});

test('D5: with a store, a ban outlives the process of the node that spoke it', async () => {
  const store = memoryStore({ entriesMax: 1_000, bytesMax: 1_000_000 });
  const malicious = await create({ mesh: LOOPBACK });
  await malicious.start();
  const { nodeId } = malicious.identity;
  const restarts: string[] = [];
  for (const _start of ['first', 'second']) {
    const node = await create({ mesh: { ...LOOPBACK, store } });
    await node.start();
    const dial = malicious.mesh.connect(node.mesh.getPublicEndpoint());
    restarts.push(
      await dial.then(
        () => 'connected',
        ({ code }: { code: string }) => code,
      ),
    );
    node.mesh.open('exam/1', {}).report(nodeId, 'EXAM_FORGED', 100);
    await node.stop();
  }
  expect(restarts).toEqual(['connected', 'LINK_DENIED']);
});

test('defense: false leaves the mesh to the guard of core', async () => {
  const node = await create({ mesh: LOOPBACK, defense: false });
  await node.start();
  expect(node.mesh.counters).toEqual({});
});

test.each([
  [{ defense: 1 }, /defense is an object/],
  [{ defense: { limits: {} } }, /Unknown option "limits"/],
  [{ defense: {}, mesh: { guard: {} } }, /either defense or mesh\.guard/],
])('createNode refuses %j', async (options, message) => {
  await expect(createNode(options as NodeOptions)).rejects.toThrow(message);
});
