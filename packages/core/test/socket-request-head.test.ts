import { afterEach, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { readHeadsFirst, REQUEST_HEAD_BYTES_MAX } from '../src/sockets/ws-request-head.js';

const REQUEST = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

interface World {
  readonly server: Server;
  readonly port: number;
  readonly requests: string[];
  readonly told: string[];
}

const servers: Server[] = [];

async function world(timeoutMs = 60_000): Promise<World> {
  const requests: string[] = [];
  const told: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${String(request.headers['x-note'] ?? '')}`.trim());
    request.socket.pause();
    response.writeHead(426, { Connection: 'close' }).end();
  });
  readHeadsFirst(server, 'connection', {
    timeoutMs,
    onLate: (socket) => {
      told.push('late');
      socket.destroy();
    },
    onMore: () => told.push('more'),
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port, requests, told };
}

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** Writes the parts, each once the one before has left, and resolves to what came until the connection was over. */
async function exchanged(port: number, ...parts: readonly string[]): Promise<string> {
  const socket: Socket = connect(port, '127.0.0.1');
  socket.setNoDelay(true);
  let answer = '';
  socket.on('data', (bytes) => (answer += String(bytes)));
  socket.on('error', () => undefined);
  const closed = once(socket, 'close').catch(() => undefined);
  for (const part of parts)
    await new Promise<void>((resolve) => socket.write(part, () => setImmediate(resolve)));
  await closed;
  return answer;
}

test('D7: of a thousand requests that come at once the server’s parser meets one, and the rest is told of once', async () => {
  const { port, requests, told } = await world();
  await exchanged(port, REQUEST.repeat(1_000));
  expect([requests, told]).toEqual([['GET'], ['more']]);
});

test('what comes behind the request after it was read is not read', async () => {
  const { port, requests, told } = await world();
  await exchanged(port, REQUEST, REQUEST.repeat(1_000));
  expect(requests).toEqual(['GET']);
  expect(told.length).toBeLessThanOrEqual(1);
});

test('a body behind its head blames nobody', async () => {
  const { port, requests, told } = await world();
  await exchanged(port, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody');
  expect([requests, told]).toEqual([['POST'], []]);
});

test('a head that comes byte by byte is answered as a whole', async () => {
  const { port, requests } = await world();
  const head = 'GET / HTTP/1.1\r\nHost: x\r\nX-Note: whole\r\n\r\n';
  expect(await exchanged(port, ...head)).toMatch(/^HTTP\/1\.1 426 /);
  expect(requests).toEqual(['GET whole']);
});

test('a head that does not come in time is told of, and never reaches the parser', async () => {
  const { port, requests, told } = await world(20);
  expect(await exchanged(port, REQUEST.slice(0, -1))).toBe('');
  expect([requests, told]).toEqual([[], ['late']]);
});

test('what is no request goes to the parser, which refuses it', async () => {
  const { port } = await world();
  expect(await exchanged(port, '\x16\x03\x01 hello')).toMatch(/^HTTP\/1\.1 400 /);
});

test('a head that does not end within 16 KiB goes to the parser, which refuses it', async () => {
  const { port } = await world();
  const line = `X-Long: ${'a'.repeat(REQUEST_HEAD_BYTES_MAX)}\r\n`;
  expect(await exchanged(port, `GET / HTTP/1.1\r\n${line}`)).toMatch(/^HTTP\/1\.1 431 /);
});

test('a client that says no more than half a head and ends is let go', async () => {
  const { server, port } = await world();
  const socket = connect(port, '127.0.0.1', () => socket.end('GET / HTT'));
  const [accepted] = (await once(server, 'connection')) as [Socket];
  await once(accepted, 'close');
  await new Promise<void>((resolve) =>
    server.getConnections((_error, count) => resolve(expect(count).toBe(0))),
  );
});
