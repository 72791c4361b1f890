import { afterEach, expect, test } from '@jest/globals';
import { silentLogger } from '@yakmesh/core/transport';
import { bytesToHex } from '@yakmesh/crypto';
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { callNode } from '../../src/control/control-client.js';
import type { ControlHandler } from '../../src/control/control-connection.js';
import { tokenPathOf } from '../../src/control/control-place.js';
import { ControlServer } from '../../src/control/control-server.js';
import { createToken } from '../../src/control/token.js';
import { NodeError } from '../../src/errors.js';
import { temporaryFolder } from '../temporary-folder.js';

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface World {
  readonly dataDir: string;
  readonly controlPath: string;
  readonly token: Uint8Array;
  readonly server: ControlServer;
}

const echo: ControlHandler = async ({ method, params }) => {
  if (method === 'join') throw new NodeError('NODE_CONTROL_BAD_REQUEST', 'not today');
  return { method, params };
};

async function serve(handler: ControlHandler = echo): Promise<World> {
  const folder = temporaryFolder();
  cleanups.push(() => folder.remove());
  const dataDir = folder.path;
  const controlPath = join(dataDir, 'control.sock');
  const token = await createToken(tokenPathOf(dataDir));
  const server = await ControlServer.listen({ path: controlPath, token, handler, log: silentLogger });
  cleanups.push(() => server.end());
  return { dataDir, controlPath, token, server };
}

/** Sends text and gives all that is answered until the server ends the connection. */
function converse({ controlPath }: World, ...texts: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(controlPath);
    let answer = '';
    socket.setEncoding('utf8').on('data', (text: string) => (answer += text));
    socket.once('error', reject);
    socket.once('end', () => socket.end());
    socket.once('close', () => resolve(answer));
    for (const text of texts) socket.write(text);
  });
}

function greeting({ token }: World): string {
  return `{"yakmesh":1,"token":"${bytesToHex(token)}"}\n`;
}

function opened(world: World): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(world.controlPath, () => resolve(socket));
    socket.once('error', reject);
    cleanups.push(() => socket.destroy());
  });
}

test('who shows the token is answered, with results, errors and their codes', async () => {
  const world = await serve();
  expect(await callNode(world, 'peers', {})).toEqual({ method: 'peers', params: {} });
  const failing = callNode(world, 'join', { endpoint: 'x' });
  await expect(failing).rejects.toMatchObject({ code: 'NODE_CONTROL_BAD_REQUEST', message: 'not today' });
});

test('socket and token file are their owner’s alone', async () => {
  const { dataDir, controlPath } = await serve();
  expect(statSync(controlPath).mode & 0o777).toBe(0o600);
  expect(statSync(tokenPathOf(dataDir)).mode & 0o777).toBe(0o600);
  expect(readFileSync(tokenPathOf(dataDir), 'utf8')).toMatch(/^[0-9a-f]{64}\n$/);
});

test.each([
  ['another token', `{"yakmesh":1,"token":"${'0'.repeat(64)}"}\n`],
  ['a short token', '{"yakmesh":1,"token":"00"}\n'],
  ['no token', '{"yakmesh":1}\n'],
  ['a request first', '{"id":1,"method":"status"}\n'],
  ['no JSON', 'GET / HTTP/1.1\r\n\n'],
])('who begins with %s is turned away and gets nothing done', async (_what, text) => {
  let calls = 0;
  const world = await serve(async () => (calls += 1));
  const answer = await converse(world, text, '{"id":1,"method":"stop","params":{}}\n');
  expect(JSON.parse(answer)).toMatchObject({ error: { code: 'NODE_CONTROL_DENIED' } });
  expect(calls).toBe(0);
});

test('a greeting without an end is cut off after 1,024 bytes, a request after a mebibyte', async () => {
  const world = await serve();
  expect(await converse(world, 'x'.repeat(2_000))).toMatch(/NODE_CONTROL_BAD_REQUEST.*1024 bytes/);
  const long = await converse(world, greeting(world), `{"id":1,"method":"${'x'.repeat(1_100_000)}`);
  expect(long.split('\n')[1]).toMatch(/NODE_CONTROL_BAD_REQUEST.*1048576 bytes/);
});

test.each([
  '{}\n',
  '[]\n',
  '{"id":-1,"method":"peers"}\n',
  '{"id":1,"method":7}\n',
  '{"id":1,"method":"peers","params":[]}\n',
  '\n',
  '{"id":1,"method":"peers","params":{"__proto__":{}}}\n',
])('the line %j is no request, and ends the connection', async (line) => {
  const world = await serve();
  const [, answer = ''] = (await converse(world, greeting(world), line)).split('\n');
  expect(JSON.parse(answer)).toMatchObject({ error: { code: 'NODE_CONTROL_BAD_REQUEST' } });
});

test('requests are done one after the other, and no more than 16 wait', async () => {
  let running = 0;
  let most = 0;
  const world = await serve(async () => {
    most = Math.max(most, (running += 1));
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
  });
  const request = (id: number): string => `{"id":${id},"method":"peers"}\n`;
  const socket = await opened(world);
  const answers = new Promise<string>((resolve) => {
    let text = '';
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      if (text.includes('"id":9')) resolve(text);
    });
  });
  socket.write(greeting(world) + Array.from({ length: 10 }, (_, id) => request(id)).join(''));
  expect((await answers).match(/"id":\d/g)).toEqual(Array.from({ length: 10 }, (_, id) => `"id":${id}`));
  expect(most).toBe(1);
  const flood = await converse(
    world,
    greeting(world) + Array.from({ length: 40 }, (_, id) => request(id)).join(''),
  );
  expect(flood).toMatch(/NODE_CONTROL_BAD_REQUEST/);
});

test('the seventeenth client is told that the node is busy', async () => {
  const world = await serve();
  const clients = await Promise.all(Array.from({ length: 16 }, () => opened(world)));
  // Until the sixteenth has been accepted, a further one might come first.
  await new Promise((resolve) => clients.at(-1)?.write(greeting(world), () => setTimeout(resolve, 50)));
  await expect(callNode(world, 'peers', {})).rejects.toMatchObject({ code: 'NODE_CONTROL_BUSY' });
});

test('who says nothing is cut off after two seconds', async () => {
  const world = await serve();
  expect(await converse(world)).toMatch(/NODE_CONTROL_TIMEOUT/);
});

test('a client that goes aborts what it asked for', async () => {
  const aborted: unknown[] = [];
  let asked: () => void = () => undefined;
  const isAsked = new Promise<void>((resolve) => (asked = resolve));
  const world = await serve(async (_request, { signal }) => {
    asked();
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    aborted.push(signal.reason);
  });
  const controller = new AbortController();
  const call = callNode(world, 'peers', {}, { signal: controller.signal });
  await isAsked;
  controller.abort(new Error('enough'));
  await expect(call).rejects.toThrow('enough');
  await world.server.end();
  expect(aborted).toHaveLength(1);
});

test('events reach who listens, and those that it does not take are left out and not kept', async () => {
  const told: boolean[] = [];
  const world = await serve(async (_request, { tell }) => {
    tell({ number: 1 });
    const large = { text: 'x'.repeat(1_000_000) };
    for (let count = 0; count < 20; count += 1) told.push(tell(large));
  });
  const socket = await opened(world);
  socket.pause();
  const answered = new Promise((resolve) =>
    socket.write(`${greeting(world)}{"id":1,"method":"listen"}\n`, resolve),
  );
  await answered;
  while (told.length < 20) await new Promise((resolve) => setImmediate(resolve));
  expect([told[0], told.at(-1)]).toEqual([true, false]);
  const events: unknown[] = [];
  const other = await serve(async (_request, { tell }) => void tell({ number: 1 }));
  await callNode(other, 'listen', {}, { onEvent: (event) => events.push(event) });
  expect(events).toEqual([{ number: 1 }]);
});

test('a large request may follow its greeting at once', async () => {
  const world = await serve(async ({ params }) => ({ length: String(params['payload']).length }));
  const payload = 'x'.repeat(500_000);
  expect(await callNode(world, 'send', { payload })).toEqual({ length: 500_000 });
});

test('a node that does not answer in time gives a code', async () => {
  const world = await serve(() => new Promise(() => undefined));
  const call = callNode(world, 'peers', {}, { timeoutMs: 50 });
  await expect(call).rejects.toMatchObject({ code: 'NODE_CONTROL_TIMEOUT' });
});

test('a token file that others can read is not used', async () => {
  const world = await serve();
  chmodSync(tokenPathOf(world.dataDir), 0o644);
  await expect(callNode(world, 'peers', {})).rejects.toMatchObject({
    code: 'NODE_CONTROL_DENIED',
    message: expect.stringMatching(/chmod 600/),
  });
});

test('a token is not shown to what is no socket', async () => {
  const world = await serve();
  const controlPath = join(world.dataDir, 'file');
  writeFileSync(controlPath, '');
  await expect(callNode({ ...world, controlPath }, 'peers', {})).rejects.toMatchObject({
    code: 'NODE_CONTROL_DENIED',
  });
});

test('where no node runs, the client says so', async () => {
  const folder = temporaryFolder();
  cleanups.push(() => folder.remove());
  const place = { dataDir: folder.path, controlPath: join(folder.path, 'control.sock') };
  await expect(callNode(place, 'peers', {})).rejects.toMatchObject({ code: 'NODE_NOT_RUNNING' });
  await createToken(tokenPathOf(folder.path));
  await expect(callNode(place, 'peers', {})).rejects.toMatchObject({ code: 'NODE_NOT_RUNNING' });
});

test('a path where another program listens or a file lies is left alone', async () => {
  const folder = temporaryFolder();
  cleanups.push(() => folder.remove());
  const [taken, file] = [join(folder.path, 'taken'), join(folder.path, 'file')];
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(taken, resolve));
  cleanups.push(() => other.close());
  writeFileSync(file, 'kept');
  const options = { token: new Uint8Array(32), handler: echo, log: silentLogger };
  for (const path of [taken, file])
    await expect(ControlServer.listen({ ...options, path })).rejects.toMatchObject({
      code: 'NODE_CONTROL_IN_USE',
    });
  expect(readFileSync(file, 'utf8')).toBe('kept');
});

test('closing removes the socket, lets nobody in, and still answers who is in', async () => {
  let answer: () => void = () => undefined;
  const world = await serve(() => new Promise((resolve) => (answer = () => resolve({}))));
  const call = callNode(world, 'stop', {});
  while (String(answer) === String(() => undefined)) await new Promise((resolve) => setImmediate(resolve));
  world.server.close();
  while (existsSync(world.controlPath)) await new Promise((resolve) => setImmediate(resolve));
  await expect(callNode(world, 'peers', {})).rejects.toMatchObject({ code: 'NODE_NOT_RUNNING' });
  answer();
  expect(await call).toEqual({});
});
