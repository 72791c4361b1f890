import type { Server } from 'node:http';
import type { Socket as TcpSocket } from 'node:net';
import { addressScope } from '../mesh/address.js';
import type { Door } from './socket.js';

/** TCP connections that have not become WebSockets; for one more, the one that has waited longest is cut. */
export const LOBBY_MAX = 512;
/** Those of one IPv4 address or IPv6 /64; a further one is cut. Browsers open six to one host, a proxy as many as ask at once. */
export const LOBBY_PER_ADDRESS_MAX = 64;

/** How long a banned connection is left waiting, unread, before it is reset: who comes again at once would cost more than who waits. */
const DETAINED_MS = 2_000;
/** Banned connections that wait, in all and of one address; a further one is reset at once. */
export const DETAINED_MAX = 256;
export const DETAINED_PER_ADDRESS_MAX = 8;

/**
 * The TCP connections of our own server that have not become WebSockets yet: cut before a byte of them is read where the address is banned,
 * and few at a time, so that whoever dribbles headers holds no more than these.
 */
export class Lobby {
  readonly #door: Door;
  /** Oldest first, with the scopes of their addresses. */
  readonly #waiting = new Map<TcpSocket, string>();
  readonly #perScope = new Map<string, number>();
  readonly #detained = new Map<TcpSocket, string>();

  constructor(door: Door) {
    this.#door = door;
  }

  /** Connections that wait now. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Stands before the server's own reading of connections: what is not let in costs no parser. */
  watch(server: Server): void {
    const served = server.listeners('connection');
    server.removeAllListeners('connection');
    server.on('connection', (socket: TcpSocket) => {
      if (this.#enters(socket)) for (const serve of served) serve.call(server, socket);
    });
  }

  /** Cuts all connections that wait: the server knows of none whose first request it has not begun to read. */
  close(): void {
    for (const socket of [...this.#detained.keys()]) reset(socket);
    for (const socket of [...this.#waiting.keys()]) socket.destroy();
  }

  /** The connection has become a WebSocket, or is gone. */
  leave(socket: object): void {
    const scope = this.#waiting.get(socket as TcpSocket);
    if (scope === undefined) return;
    this.#waiting.delete(socket as TcpSocket);
    const left = (this.#perScope.get(scope) ?? 1) - 1;
    if (left === 0) this.#perScope.delete(scope);
    else this.#perScope.set(scope, left);
  }

  #enters(socket: TcpSocket): boolean {
    const address = socket.remoteAddress;
    // Reset before it was accepted, so that nobody can be asked about it.
    if (address === undefined) {
      socket.on('error', () => undefined);
      socket.destroy();
      return false;
    }
    const scope = addressScope(address);
    const count = this.#perScope.get(scope) ?? 0;
    const isAdmitted = this.#door.admits(address);
    if (!isAdmitted || count >= LOBBY_PER_ADDRESS_MAX) {
      // Nobody else listens to what becomes of it.
      socket.on('error', () => undefined);
      if (isAdmitted) reset(socket);
      else this.#detain(socket, scope);
      return false;
    }
    if (this.#waiting.size >= LOBBY_MAX) this.#cutOldest();
    this.#waiting.set(socket, scope);
    this.#perScope.set(scope, count + 1);
    socket.once('close', () => this.leave(socket));
    return true;
  }

  #detain(socket: TcpSocket, scope: string): void {
    let ofScope = 0;
    for (const other of this.#detained.values()) if (other === scope) ofScope += 1;
    if (this.#detained.size >= DETAINED_MAX || ofScope >= DETAINED_PER_ADDRESS_MAX) return reset(socket);
    this.#detained.set(socket, scope);
    socket.pause();
    const timer = setTimeout(() => reset(socket), DETAINED_MS);
    socket.once('close', () => {
      clearTimeout(timer);
      this.#detained.delete(socket);
    });
  }

  #cutOldest(): void {
    for (const oldest of this.#waiting.keys()) {
      this.leave(oldest);
      oldest.destroy();
      return;
    }
  }
}

/** Leaves no state behind in our kernel, where an orderly end would linger. */
function reset(socket: TcpSocket): void {
  socket.resetAndDestroy();
}
