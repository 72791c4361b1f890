import { expect, test } from '@jest/globals';
import { wsPair } from './support/ws-pair.js';

test.each(['dialled', 'accepted'] as const)(
  'what a %s socket sends together waits until all of it is there, and arrives in order',
  async (side) => {
    const pair = await wsPair(3);
    const socket = pair[side];
    const waiting: number[] = [];
    socket.together?.(() => {
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
    const heard = await pair.heard;
    expect(heard.map(({ length }) => length)).toEqual([1, 200, 60_000]);
    await pair.stop();
  },
);
