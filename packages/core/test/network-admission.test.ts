import { expect, test } from '@jest/globals';
import { connect as connectTcp } from 'node:net';
import { WebSocket } from 'ws';
import type { Guard, GuardLink, GuardRelease, GuardVerdict } from '../src/transport/index.js';
import { LOBBY_MAX, LOBBY_PER_ADDRESS_MAX } from '../src/sockets/ws-lobby.js';
import { memoryMesh } from '../src/testing/index.js';
import { ending } from './support-network/cleanup.js';
import { failure } from './support-network/failure.js';
import { startNode } from './support-network/socket-world.js';

const ALLOWED: GuardVerdict = { allowed: true };
const NO: GuardVerdict = { allowed: false, code: 'TEST_NO', reason: 'no', retryAfterMs: Infinity };

/** Allows all but what a test says. */
function guardWith(rules: Partial<Guard>): Guard {
  return {
    connection: () => ALLOWED,
    handshake: () => ALLOWED,
    message: () => ALLOWED,
    report: () => undefined,
    ...rules,
  };
}

test('a guard may turn a connection away for good: HTTP 403, LINK_DENIED at the dialler', async () => {
  const server = ending(await startNode({ guard: guardWith({ connection: () => NO }) }));
  const dialler = ending(await startNode({}));
  expect(await failure(dialler.connect(server.getPublicEndpoint()))).toBe('LINK_DENIED');
  expect(server.counters.TEST_NO).toBe(1);
});

test('a connection refused for a while gets HTTP 429 with Retry-After', async () => {
  const guard = guardWith({ connection: () => ({ ...NO, retryAfterMs: 1_500 }) });
  const server = ending(await startNode({ guard }));
  const refusal = await new Promise((resolve) => {
    const socket = new WebSocket(server.getPublicEndpoint());
    socket.on('error', () => undefined);
    socket.on('unexpected-response', (_request, response) => {
      resolve([response.statusCode, response.headers['retry-after']]);
    });
  });
  expect(refusal).toEqual([429, '2']);
});

test('D1: behind a trusted proxy the guard names the client, and every limit counts that address', async () => {
  const seen: string[] = [];
  const guard = guardWith({
    clientAddress: (remote, { headers }) => `${String(headers['x-forwarded-for'])} via ${remote}`,
    connection: (address) => {
      seen.push(address);
      return ALLOWED;
    },
    handshake: (address) => {
      seen.push(address);
      return NO;
    },
  });
  const server = ending(await startNode({ guard }));
  const socket = new WebSocket(server.getPublicEndpoint(), {
    headers: { 'X-Forwarded-For': '198.51.100.9' },
  });
  await new Promise((resolve) => socket.once('open', resolve));
  expect(seen).toEqual(['198.51.100.9 via 127.0.0.1']);
  socket.terminate();
});

test('a gate sees the headers of the request, so it can look at Origin', async () => {
  const guard = guardWith({
    connection: (_address, _nowMs, request) =>
      request?.headers['origin'] === 'https://evil.example' ? NO : ALLOWED,
  });
  const server = ending(await startNode({ guard }));
  const statuses = await Promise.all(
    ['https://evil.example', 'https://good.example'].map(
      (origin) =>
        new Promise((resolve) => {
          const socket = new WebSocket(server.getPublicEndpoint(), { origin });
          socket.on('error', () => undefined);
          socket.on('unexpected-response', (_request, response) => resolve(response.statusCode));
          socket.on('open', () => {
            socket.terminate();
            resolve('open');
          });
        }),
    ),
  );
  expect(statuses).toEqual([403, 'open']);
});

test('nothing is read of a banned address: its TCP connection is cut', async () => {
  const server = ending(
    await startNode({ guard: guardWith({ isBanned: (address) => address === '127.0.0.9' }) }),
  );
  const port = Number(new URL(server.getPublicEndpoint()).port);
  const socket = connectTcp({ port, host: '127.0.0.1', localAddress: '127.0.0.9' });
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('close', resolve));
  expect(server.counters.GUARD_BANNED).toBe(1);
  const friend = ending(await startNode({}));
  expect(await failure(friend.connect(server.getPublicEndpoint()))).toBe('no error');
});

test('TCP connections that ask for nothing are bounded, each address’s and all, and an honest peer still comes in', async () => {
  const server = ending(await startNode({}));
  const port = Number(new URL(server.getPublicEndpoint()).port);
  let cut = 0;
  const idle = Array.from({ length: LOBBY_PER_ADDRESS_MAX + 6 + LOBBY_MAX }, (_, index) => {
    const host = index < LOBBY_PER_ADDRESS_MAX + 6 ? 1 : 2 + (index % 100);
    const socket = connectTcp({ port, host: '127.0.0.1', localAddress: `127.0.2.${host}` });
    socket.on('error', () => undefined);
    socket.once('close', () => (cut += 1));
    return socket;
  });
  const friend = ending(await startNode({}));
  expect(await failure(friend.connect(server.getPublicEndpoint()))).toBe('no error');
  while (cut < 6 + LOBBY_PER_ADDRESS_MAX) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(idle.filter(({ destroyed }) => !destroyed).length).toBeLessThanOrEqual(LOBBY_MAX);
  for (const socket of idle) socket.destroy();
});

test('a node that is not wanted hears LINK_DENIED under the keys of the handshake, on whichever side the rule is', async () => {
  const mesh = await memoryMesh({ nodes: ['a'] });
  let unwanted: string | undefined;
  const guard = guardWith({ peer: ({ nodeId }) => (nodeId === unwanted ? NO : ALLOWED) });
  const b = await mesh.start('b', { guard });
  unwanted = mesh.node('a').nodeId;
  expect(await mesh.run(failure(mesh.node('a').connect(mesh.url('b'))))).toBe('LINK_DENIED');
  expect(await mesh.run(failure(b.connect(mesh.url('a'))))).toBe('LINK_DENIED');
  expect(b.counters.TEST_NO).toBe(2);
  unwanted = undefined;
  expect(await mesh.run(failure(mesh.node('a').connect(mesh.url('b'))))).toBe('no error');
  await mesh.stop();
});

test('a guard may forbid a dial', async () => {
  const mesh = await memoryMesh({ nodes: ['a', 'b'] });
  const c = await mesh.start('c', {
    guard: guardWith({ dial: ({ host }) => (host === 'b' ? NO : ALLOWED) }),
  });
  expect(await mesh.run(failure(c.connect(mesh.url('b'))))).toBe('LINK_DENIED');
  expect(await mesh.run(failure(c.connect(mesh.url('a'))))).toBe('no error');
  await mesh.stop();
});

test('the guard hears of each link once it is proven, and of its end with the node’s name', async () => {
  const mesh = await memoryMesh({ nodes: ['a'] });
  const links: GuardLink[] = [];
  const releases: GuardRelease[] = [];
  const guard = guardWith({
    link: (link) => {
      links.push(link);
      return ALLOWED;
    },
    released: (release) => void releases.push(release),
  });
  await mesh.start('b', { guard });
  await mesh.run(mesh.node('a').connect(mesh.url('b')));
  const { nodeId } = mesh.node('a');
  expect(links).toEqual([{ nodeId, address: 'a', direction: 'inbound' }]);
  await mesh.advance(2_000);
  await mesh.run(mesh.node('a').stop());
  await mesh.advance(2_000);
  expect(releases).toMatchObject([{ nodeId, address: 'a', direction: 'inbound' }]);
  await mesh.stop();
});

test('a link that the guard does not allow once proven is refused with LINK_DENIED', async () => {
  const mesh = await memoryMesh({ nodes: ['a'] });
  const b = await mesh.start('b', { guard: guardWith({ link: () => NO }) });
  expect(await mesh.run(failure(mesh.node('a').connect(mesh.url('b'))))).toBe('LINK_DENIED');
  expect(b.getPeers()).toEqual([]);
  await mesh.stop();
});

test('a report that makes a neighbour unwanted ends its link', async () => {
  const mesh = await memoryMesh({ nodes: ['a'] });
  let isBanned = false;
  const guard = guardWith({
    report: () => (isBanned = true),
    peer: () => (isBanned ? NO : ALLOWED),
  });
  const b = await mesh.start('b', { guard });
  await mesh.run(mesh.node('a').connect(mesh.url('b')));
  await mesh.until('the link', () => b.getPeers().length === 1);
  const codes: string[] = [];
  mesh.node('a').on('peer:disconnected', (_peer, code) => codes.push(code));
  b.open('exam/1', {}).report(mesh.node('a').nodeId, 'EXAM_BAD', 50);
  await mesh.advance(2_000);
  expect(codes).toEqual(['LINK_DENIED']);
  expect(b.getPeers()).toEqual([]);
  await mesh.stop();
});

test('H1: a node is never blamed for what an unproven stranger does in its name', async () => {
  const subjects: unknown[] = [];
  const server = ending(
    await startNode({ guard: guardWith({ report: (subject) => void subjects.push(subject) }) }),
  );
  const socket = new WebSocket(server.getPublicEndpoint());
  await new Promise((resolve) => socket.once('open', resolve));
  socket.send(new Uint8Array(40));
  await new Promise((resolve) => socket.once('close', resolve));
  expect(subjects).toEqual([{ nodeId: undefined, address: '127.0.0.1' }]);
});
