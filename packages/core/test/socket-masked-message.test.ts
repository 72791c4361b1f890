import { expect, test } from '@jest/globals';
import { createWsSocketLayer } from '../src/sockets/ws-sockets.js';
import { MASKED_IN_PLACE_BYTES_MIN } from '../src/sockets/ws-masked-message.js';
import type { Socket } from '../src/sockets/socket.js';
import { openDoor } from './testing-world.js';

const LENGTHS = [1, MASKED_IN_PLACE_BYTES_MIN, 200, 65_536, MASKED_IN_PLACE_BYTES_MIN - 1, 65_535];

const patterned = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, at) => (at * 31 + length) & 0xff);

interface Pair {
  readonly dialled: Socket;
  readonly accepted: Socket;
  /** Settles with the messages that came to either end, as soon as there are as many as were sent. */
  readonly heard: Promise<Uint8Array[]>;
  stop(): Promise<void>;
}

async function connected(): Promise<Pair> {
  const layer = createWsSocketLayer();
  const messages: Uint8Array[] = [];
  let heardAll: (messages: Uint8Array[]) => void = () => undefined;
  const heard = new Promise<Uint8Array[]>((resolve) => (heardAll = resolve));
  const message = (bytes: Uint8Array): void => {
    messages.push(bytes.slice());
    if (messages.length === LENGTHS.length) heardAll(messages);
  };
  const close = (): void => undefined;
  let accepted: Socket | undefined;
  const listener = await layer.listen?.({
    host: '127.0.0.1',
    port: 0,
    path: '/',
    door: openDoor((socket) => ((accepted = socket), { message, close })),
  });
  const dialled = await new Promise<Socket>((resolve) => {
    const socket: Socket = layer.dial(`ws://127.0.0.1:${listener?.port}/`, {
      open: () => resolve(socket),
      message,
      close,
    });
  });
  if (accepted === undefined) throw new Error('nothing was accepted');
  return {
    dialled,
    accepted,
    heard,
    stop: async () => {
      dialled.terminate();
      await listener?.close();
    },
  };
}

test.each(['dialled', 'accepted'] as const)(
  'messages of all lengths that a %s socket may write over arrive whole and in order, and each is released once',
  async (side) => {
    const pair = await connected();
    const released: number[] = [];
    for (const length of LENGTHS) pair[side].send(patterned(length), ({ length }) => released.push(length));
    const heard = await pair.heard;
    expect(heard.map((bytes) => Buffer.compare(bytes, patterned(bytes.length)))).toEqual(
      LENGTHS.map(() => 0),
    );
    expect(heard.map(({ length }) => length)).toEqual(LENGTHS);
    expect(released).toEqual(LENGTHS);
    await pair.stop();
  },
);

test('a dialled socket masks a long message where it lies, if that is given away, and no other', async () => {
  const pair = await connected();
  const given = LENGTHS.map(patterned);
  for (const [index, bytes] of given.entries())
    if (index < LENGTHS.length - 1) pair.dialled.send(bytes, () => undefined);
    else pair.dialled.send(bytes);
  await pair.heard;
  const kept = given.map((bytes) => Buffer.compare(bytes, patterned(bytes.length)) === 0);
  expect(kept).toEqual([true, false, true, false, true, true]);
  await pair.stop();
});
