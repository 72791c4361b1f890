import { expect, test } from '@jest/globals';
import { memoryMesh } from '../src/testing/index.js';
import { runChild } from './support-network/child.js';
import { failure } from './support-network/failure.js';

test('stop twice is one stop, and stop before start is fine', async () => {
  const mesh = await memoryMesh({ nodes: ['a', 'b'] });
  await mesh.connect('a', 'b');
  const a = mesh.node('a');
  await mesh.run(Promise.all([a.stop(), a.stop()]));
  await a.stop();
  const idle = await mesh.make('c');
  await mesh.run(idle.stop());
  expect(await mesh.run(failure(idle.start()))).toBe('MESH_STOPPED');
  await mesh.stop();
  expect(mesh.clock.pendingTimers).toBe(0);
});

test('the other end hears of a stop at once', async () => {
  const mesh = await memoryMesh({ nodes: ['a', 'b'] });
  await mesh.connect('a', 'b');
  await mesh.advance(100);
  const codes: string[] = [];
  mesh.node('b').on('peer:disconnected', (_peer, code) => codes.push(code));
  await mesh.run(mesh.node('a').stop());
  await mesh.advance(20);
  expect(codes).toEqual(['LINK_CLOSED']);
  await mesh.stop();
});

test('what was said before stop still arrives', async () => {
  const mesh = await memoryMesh({ nodes: ['a', 'b'] });
  await mesh.connect('a', 'b');
  await mesh.advance(100);
  const heard: unknown[] = [];
  mesh.node('b').on('gossip', ({ payload }) => heard.push(payload));
  await mesh.run(mesh.node('a').broadcast('last words'));
  await mesh.run(mesh.node('a').stop());
  await mesh.advance(1_000);
  expect(heard).toEqual(['last words']);
  await mesh.stop();
});

test('stop during start rejects the start, and nothing listens afterwards', async () => {
  const mesh = await memoryMesh({ nodes: ['b'] });
  const a = await mesh.make('a');
  const start = failure(a.start());
  await mesh.run(a.stop());
  expect(await mesh.run(start)).toBe('MESH_STOPPED');
  expect(await mesh.run(failure(mesh.node('b').connect(mesh.url('a'))))).toBe('MESH_CONNECT_FAILED');
  await mesh.stop();
  expect(mesh.clock.pendingTimers).toBe(0);
});

test('stop during broadcast and sendTo settles both', async () => {
  const mesh = await memoryMesh({ nodes: ['a', 'b'] });
  await mesh.connect('a', 'b');
  await mesh.advance(100);
  const a = mesh.node('a');
  const waiting = [failure(a.broadcast('one')), failure(a.sendTo(mesh.node('b').nodeId, 'two'))];
  const stop = a.stop();
  for (const code of await mesh.run(Promise.all(waiting))) expect(code).toMatch(/^(MESH_STOPPED|no error)$/);
  await mesh.run(stop);
  await mesh.stop();
  expect(mesh.clock.pendingTimers).toBe(0);
});

test('a peer that does not read cannot hold stop up for more than three seconds', async () => {
  const mesh = await memoryMesh({ nodes: ['a', 'b'] });
  await mesh.connect('a', 'b');
  await mesh.advance(100);
  mesh.network.stall('a', 'b');
  for (let n = 0; n < 60; n += 1) void mesh.node('a').broadcast(new Uint8Array(60_000));
  await mesh.advance(50);
  const beforeMs = mesh.clock.monotonicMs();
  await mesh.run(mesh.node('a').stop());
  expect(mesh.clock.monotonicMs() - beforeMs).toBeLessThanOrEqual(3_100);
  await mesh.stop();
});

test('after stop everything answers MESH_STOPPED and no event comes', async () => {
  const mesh = await memoryMesh({ nodes: ['a', 'b'] });
  await mesh.connect('a', 'b');
  const a = mesh.node('a');
  const port = a.open('exam/1', {});
  await mesh.run(a.stop());
  expect(await failure(a.broadcast('late'))).toBe('MESH_STOPPED');
  expect(await failure(a.sendTo(mesh.node('b').nodeId, 'late'))).toBe('MESH_STOPPED');
  expect(await failure(a.connect(mesh.url('b')))).toBe('MESH_STOPPED');
  expect(await failure(a.hold(mesh.node('b').nodeId, { reason: 'late' }))).toBe('MESH_STOPPED');
  expect(await failure(port.broadcast('late'))).toBe('MESH_STOPPED');
  expect(a.getPeers()).toEqual([]);
  await mesh.stop();
});

test('M7: a process in which nodes were stopped has no timer, socket or worker left, and ends by itself', async () => {
  const { code, lines } = await runChild('handles.mjs');
  expect(lines).toEqual([
    'mismatch MESH_NETWORK_MISMATCH',
    'wrong LINK_PEER_MISMATCH',
    'self LINK_SELF',
    'web MESH_CONNECT_FAILED',
    'refused MESH_CONNECT_FAILED',
    'timeout MESH_TIMEOUT',
    'aborted MESH_ABORTED',
    'taken MESH_NO_FREE_PORT',
    'hanging MESH_STOPPED',
    'starting MESH_STOPPED',
    'left {"resources":[],"sockets":0}',
  ]);
  expect(code).toBe(0);
}, 30_000);
