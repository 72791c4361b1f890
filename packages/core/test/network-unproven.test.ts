import { expect, test } from '@jest/globals';
import { connect, type Socket } from 'node:net';
import { Identity } from '@yakmesh/crypto';
import { WebSocket } from 'ws';
import { MeshNetwork } from '../src/index.js';
import { UNPROVEN_MAX } from '../src/mesh/admission.js';

test('sockets that say nothing are cut beyond the limit, and a peer that proves itself is still served after they are gone', async () => {
  const mesh = new MeshNetwork(await Identity.generate(), { wsPort: 0, host: '127.0.0.1' });
  await mesh.start();
  const url = mesh.getPublicEndpoint();
  const silent = Array.from({ length: UNPROVEN_MAX + 8 }, (_, index) => {
    // From many addresses, since one alone may not hold so many.
    return new WebSocket(url, { localAddress: `127.0.1.${1 + (index % 200)}` });
  });
  for (const socket of silent) socket.on('error', () => undefined);
  await Promise.all(
    silent.map((socket) => new Promise((resolve) => socket.once('open', resolve).once('close', resolve))),
  );
  expect(mesh.counters.MESH_BUSY).toBeGreaterThanOrEqual(8);
  for (const socket of silent) socket.terminate();
  const friend = new MeshNetwork(await Identity.generate(), { wsPort: 0, host: '127.0.0.1' });
  await friend.start();
  const patient = async (): Promise<string> => {
    for (;;) {
      try {
        return (await friend.connect(url)).nodeId;
      } catch {
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  };
  expect(await patient()).toBe(mesh.nodeId);
  await Promise.all([friend.stop(), mesh.stop()]);
});

test('a TCP connection that never asks for a WebSocket does not keep the node from stopping', async () => {
  const mesh = new MeshNetwork(await Identity.generate(), { wsPort: 0, host: '127.0.0.1' });
  await mesh.start();
  const socket: Socket = connect(Number(new URL(mesh.getPublicEndpoint()).port), '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await mesh.stop();
  await closed;
  expect(socket.destroyed).toBe(true);
});
