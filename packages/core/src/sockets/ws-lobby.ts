import type { Server } from 'node:http';
import type { Socket as TcpSocket } from 'node:net';
import { addressScope } from '../mesh/address.js';
import type { Door } from './socket.js';

/** TCP connections that have not become WebSockets; for one more, the one that has waited longest is cut. */
export const LOBBY_MAX = 512;
/** Those of one IPv4 address or IPv6 /64; a further one is cut. Browsers open six to one host, a proxy as many as ask at once. */
export const LOBBY_PER_ADDRESS_MAX = 64;

/**
 * The TCP connections of our own server that have not become WebSockets yet: cut before a byte of them is read where the address is banned,
 * and few at a time, so that whoever dribbles headers holds no more than these.
 */
export class Lobby {
  readonly #door: Door;
  /** Oldest first, with the scopes of their addresses. */
  readonly #waiting = new Map<TcpSocket, string>();
  readonly #perScope = new Map<string, number>();

  constructor(door: Door) {
    this.#door = door;
  }

  /** Connections that wait now. */
  get size(): number {
    return this.#waiting.size;
  }

  watch(server: Server): void {
    server.on('connection', (socket: TcpSocket) => this.#enter(socket));
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

  #enter(socket: TcpSocket): void {
    const address = socket.remoteAddress ?? '';
    const scope = addressScope(address);
    const count = this.#perScope.get(scope) ?? 0;
    if (!this.#door.admits(address) || count >= LOBBY_PER_ADDRESS_MAX) {
      // A reset leaves no state behind in our kernel, where an orderly end would linger.
      socket.resetAndDestroy();
      return;
    }
    if (this.#waiting.size >= LOBBY_MAX) this.#cutOldest();
    this.#waiting.set(socket, scope);
    this.#perScope.set(scope, count + 1);
    socket.once('close', () => this.leave(socket));
  }

  #cutOldest(): void {
    for (const oldest of this.#waiting.keys()) {
      this.leave(oldest);
      oldest.destroy();
      return;
    }
  }
}
