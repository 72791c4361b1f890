import type { Server } from 'node:http';
import type { Socket as TcpSocket } from 'node:net';

/** Bytes in which a request's head has to end; beyond them Node's parser has the word, which refuses as much. */
export const REQUEST_HEAD_BYTES_MAX = 16_384;
const END = Buffer.from('\r\n\r\n');
const GET = Buffer.from('GET ');

export interface RequestHeadOptions {
  /** Milliseconds in which the head has to be there. */
  readonly timeoutMs: number;
  /** It was not. */
  readonly onLate: (socket: TcpSocket) => void;
  /** More came behind a GET, whose answer no honest client has seen yet. */
  readonly onMore: (socket: TcpSocket) => void;
}

/**
 * Gives a server's parser one request's head of each connection and nothing behind it: a parser makes objects of every
 * request in what it is given at once, thousands in 64 KiB, and an error with a stack trace for each when the connection ends.
 */
export function readHeadsFirst(
  server: Server,
  event: 'connection' | 'secureConnection',
  options: RequestHeadOptions,
): void {
  const served = server.listeners(event);
  server.removeAllListeners(event);
  server.on(event, (socket: TcpSocket) => {
    readHead(socket, options, (head) => {
      socket.unshift(head);
      for (const serve of served) serve.call(server, socket);
      socket.resume();
    });
  });
}

function readHead(socket: TcpSocket, options: RequestHeadOptions, done: (head: Buffer) => void): void {
  let bytes: Buffer = Buffer.alloc(0);
  const timer = setTimeout(() => {
    abandon();
    options.onLate(socket);
  }, options.timeoutMs);
  const leave = (): void => {
    clearTimeout(timer);
    socket.pause();
    socket.off('data', read);
    for (const event of ['error', 'end', 'close']) socket.off(event, cut);
  };
  const abandon = (): void => {
    leave();
    // Nobody else listens to what becomes of it.
    socket.on('error', () => undefined);
  };
  const cut = (): void => {
    abandon();
    socket.destroy();
  };
  const read = (chunk: Buffer): void => {
    const from = Math.max(0, bytes.length - END.length + 1);
    bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
    const end = bytes.indexOf(END, from);
    const isRequest = /[A-Z]/.test(bytes.toString('latin1', 0, 1));
    if (isRequest && end < 0 && bytes.length < REQUEST_HEAD_BYTES_MAX) return;
    leave();
    const headBytes = end < 0 ? bytes.length : end + END.length;
    if (headBytes < bytes.length && bytes.subarray(0, 4).equals(GET)) options.onMore(socket);
    if (!socket.destroyed) done(bytes.subarray(0, headBytes));
  };
  socket.on('data', read);
  for (const event of ['error', 'end', 'close']) socket.on(event, cut);
}
