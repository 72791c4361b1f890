import type { Socket } from '../../src/sockets/socket.js';
import { createWsSocketLayer } from '../../src/sockets/ws-sockets.js';
import { openDoor } from '../testing-world.js';

/** Both ends of one real WebSocket, and what comes to either. */
export interface WsPair {
  readonly dialled: Socket;
  readonly accepted: Socket;
  /** Settles with the messages that came, as soon as there are as many as were expected. */
  readonly heard: Promise<readonly Uint8Array[]>;
  stop(): Promise<void>;
}

export async function wsPair(expected: number): Promise<WsPair> {
  const layer = createWsSocketLayer();
  const messages: Uint8Array[] = [];
  let heardAll: (messages: readonly Uint8Array[]) => void = () => undefined;
  const heard = new Promise<readonly Uint8Array[]>((resolve) => (heardAll = resolve));
  const message = (bytes: Uint8Array): void => {
    messages.push(bytes.slice());
    if (messages.length === expected) heardAll(messages);
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
