import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocketServer } from 'ws';
import { RawAttacker } from './raw-attacker-node.js';

/** What a rogue server does. */
export interface RogueServerOptions {
  /** Gets each WebSocket; absent: upgrades are never answered. */
  readonly accept?: ((socket: RawAttacker) => void) | undefined;
  /** Answers plain requests and, without `accept`, upgrades. */
  readonly answer?: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
}

/** A server that a victim is made to dial. */
export class RogueServer {
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  #connections = 0;
  #openMost = 0;

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => {
      this.#connections += 1;
      this.#open.add(socket);
      this.#openMost = Math.max(this.#openMost, this.#open.size);
      socket.on('error', () => undefined);
      socket.once('close', () => this.#open.delete(socket));
    });
  }

  /** Listens on a free port of loopback. */
  static async start(options: RogueServerOptions): Promise<RogueServer> {
    const { accept, answer } = options;
    const server = createServer((request, response) => answer?.(request, response));
    const rogue = new RogueServer(server);
    if (accept !== undefined) {
      const webSockets = new WebSocketServer({ server, perMessageDeflate: false });
      webSockets.on('connection', (socket) => accept(new RawAttacker(socket)));
    } else if (answer === undefined) {
      server.on('upgrade', (_request, stream) => void stream.on('error', () => undefined));
    }
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return rogue;
  }

  /** Where to dial it. */
  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** TCP connections so far. */
  get connections(): number {
    return this.#connections;
  }

  /** Most TCP connections that were open at once. */
  get openMost(): number {
    return this.#openMost;
  }

  /** Drops everything. */
  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#open) socket.destroy();
    await closed;
  }
}
