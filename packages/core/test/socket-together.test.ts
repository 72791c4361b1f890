import { expect, test } from '@jest/globals';
import { createWsSocketLayer } from '../src/sockets/ws-sockets.js';
import type { Socket } from '../src/sockets/socket.js';
import { openDoor } from './testing-world.js';

test.each(['dialled', 'accepted'])(
  'what a %s socket sends together waits until all of it is there, and arrives in order',
  async (side) => {
    const layer = createWsSocketLayer();
    const heard: number[] = [];
    let heardAll = (): void => undefined;
    const isHeard = new Promise<void>((resolve) => (heardAll = resolve));
    const message = (bytes: Uint8Array): void => {
      heard.push(bytes.length);
      if (heard.length === 3) heardAll();
    };
    const close = (): void => undefined;
    let accepted: Socket | undefined;
    const listener = await layer.listen?.({
      host: '127.0.0.1',
      port: 0,
      path: '/',
      door: openDoor((socket) => ((accepted = socket), { message, close })),
    });
    let dialled: Socket | undefined;
    await new Promise<void>((resolve) => {
      dialled = layer.dial(`ws://127.0.0.1:${listener?.port}/`, { open: resolve, message, close });
    });
    const socket = side === 'dialled' ? dialled : accepted;
    const waiting: number[] = [];
    socket?.together?.(() => {
      for (const length of [1, 200, 60_000]) {
        socket.send(new Uint8Array(length));
        waiting.push(socket.bufferedBytes);
      }
    });
    expect(waiting.map((bytes, index) => bytes >= ([1, 201, 60_201][index] ?? 0))).toEqual([
      true,
      true,
      true,
    ]);
    await isHeard;
    expect(heard).toEqual([1, 200, 60_000]);
    dialled?.terminate();
    await listener?.close();
  },
);
