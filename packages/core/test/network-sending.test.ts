import { expect, test } from '@jest/globals';
import type { Failure } from '../src/index.js';
import { memoryMesh } from '../src/testing/index.js';
import { failure } from './support-network/failure.js';
import { isBuilt, runChild } from './support-network/child.js';

test('the naive program works: connect, then broadcast at once, arrives', async () => {
  const mesh = await memoryMesh({ nodes: ['a', 'b'] });
  const heard: unknown[] = [];
  mesh.node('b').on('gossip', ({ payload }) => heard.push(payload));
  void mesh.node('a').connect(mesh.url('b'));
  void mesh.node('a').broadcast('at once');
  await mesh.advance(1_000);
  expect(heard).toEqual(['at once']);
  await mesh.stop();
});

test('even start may be under way still', async () => {
  const mesh = await memoryMesh({ nodes: ['b'] });
  const a = await mesh.make('a');
  const heard: unknown[] = [];
  mesh.node('b').on('gossip', ({ payload }) => heard.push(payload));
  void a.start();
  void a.connect(mesh.url('b'));
  void a.broadcast('at once');
  await mesh.advance(1_000);
  expect(heard).toEqual(['at once']);
  await mesh.stop();
});

test('a connect that fails holds no broadcast back', async () => {
  const mesh = await memoryMesh({ nodes: ['a'] });
  const dial = failure(mesh.node('a').connect('ws://nowhere:1'));
  const result = await mesh.run(mesh.node('a').broadcast('to nobody'));
  expect(result.peersSent).toBe(0);
  expect(await mesh.run(dial)).toBe('MESH_CONNECT_FAILED');
  await mesh.stop();
});

test('broadcast tells how many took the message and who was skipped', async () => {
  const mesh = await memoryMesh({ nodes: ['a', 'b', 'c'] });
  await mesh.connect('a', 'b');
  await mesh.connect('a', 'c');
  await mesh.advance(100);
  mesh.network.stall('a', 'c');
  const block = new Uint8Array(60_000);
  const batch = () => Promise.all(Array.from({ length: 50 }, () => mesh.node('a').broadcast(block)));
  const first = batch();
  await mesh.advance(300);
  const results = await mesh.run(Promise.all([first, batch()]).then((batches) => batches.flat()));
  const skipped = results.flatMap((result) => result.skipped);
  expect(results.every(({ peersSent }) => peersSent >= 1)).toBe(true);
  expect(skipped.length).toBeGreaterThan(0);
  expect(new Set(skipped.map(({ nodeId, code }) => `${nodeId} ${code}`))).toEqual(
    new Set([`${mesh.node('c').nodeId} MESH_QUEUE_FULL`]),
  );
  expect(mesh.node('a').counters['messages:skipped']).toBe(skipped.length);
  await mesh.stop();
});

test('sendTo to a full queue rejects with MESH_QUEUE_FULL', async () => {
  const mesh = await memoryMesh({ nodes: ['a', 'b'] });
  await mesh.connect('a', 'b');
  await mesh.advance(100);
  mesh.network.stall('a', 'b');
  const block = new Uint8Array(500_000);
  const codes = await mesh.run(
    Promise.all(
      Array.from({ length: 12 }, () => failure(mesh.node('a').sendTo(mesh.node('b').nodeId, block))),
    ),
  );
  expect(codes[0]).toBe('no error');
  expect(codes.at(-1)).toBe('MESH_QUEUE_FULL');
  await mesh.stop();
});

test('failures are counted, emitted, and reject with a code', async () => {
  const mesh = await memoryMesh({ nodes: ['a', 'b'] });
  const told: Failure[] = [];
  const a = mesh.node('a');
  a.on('send:failed', (failed) => told.push(failed));
  expect(await mesh.run(failure(a.broadcast(new Uint8Array(100_000))))).toBe('MESH_TOO_LARGE');
  expect(await mesh.run(failure(a.sendTo(mesh.node('b').nodeId, 'stranger')))).toBe('MESH_UNREACHABLE');
  expect(await mesh.run(failure(a.sendTo('nobody' as never, 'nonsense')))).toBe('MESH_BAD_ARGUMENT');
  expect(await mesh.run(failure(a.connect('nonsense')))).toBe('MESH_BAD_ENDPOINT');
  expect(told.map(({ operation, code }) => `${operation} ${code}`)).toEqual([
    'broadcast MESH_TOO_LARGE',
    'sendTo MESH_UNREACHABLE',
    'sendTo MESH_BAD_ARGUMENT',
    'connect MESH_BAD_ENDPOINT',
  ]);
  expect(a.counters['failed:broadcast:MESH_TOO_LARGE']).toBe(1);
  await mesh.stop();
  expect(await failure(a.broadcast('late'))).toBe('MESH_STOPPED');
});

test('bytes beyond what may wait for a signature are MESH_BUSY too', async () => {
  const mesh = await memoryMesh({ nodes: ['a'] });
  const block = new Uint8Array(60_000);
  const codes = await mesh.run(
    Promise.all(Array.from({ length: 150 }, () => failure(mesh.node('a').broadcast(block)))),
  );
  expect(codes.filter((code) => code === 'MESH_BUSY')).toHaveLength(150 - 139);
  expect(await mesh.run(failure(mesh.node('a').broadcast(block)))).toBe('no error');
  await mesh.stop();
});

test('a queue of messages beyond what can be signed is MESH_BUSY', async () => {
  const mesh = await memoryMesh({ nodes: ['a'] });
  const codes = await mesh.run(
    Promise.all(Array.from({ length: 9_000 }, (_, n) => failure(mesh.node('a').broadcast(n)))),
  );
  expect(new Set(codes)).toEqual(new Set(['no error', 'MESH_BUSY']));
  await mesh.stop();
});

test('what nobody awaits never ends the process', async () => {
  expect(isBuilt()).toBe(true);
  const { code, lines } = await runChild('unawaited.mjs', ['--unhandled-rejections=strict']);
  expect(lines.at(-1)).toBe('alive 25 failures, 0 warnings');
  expect(code).toBe(0);
});
