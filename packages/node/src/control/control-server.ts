import { codeOf, systemClock } from '@yakmesh/core/transport';
import { chmod, lstat, unlink } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { NodeError } from '../errors.js';
import { ControlConnection, type ConnectionOptions } from './control-connection.js';

/** Clients at once: people and scripts of one user. A further one is told NODE_CONTROL_BUSY. */
const CONNECTIONS_MAX = 16;
/** How long clients may take to read their last answers. */
const END_MS_MAX = 1_000;
const IS_WINDOWS = process.platform === 'win32';
/** Connecting takes the right to write: for the owner alone. */
const SOCKET_MODE = 0o600;
const SOCKET_UMASK = 0o177;

/** Where and how a node is talked to. */
export interface ControlServerOptions extends ConnectionOptions {
  readonly path: string;
}

/** The socket over which the owner of a node talks to it. */
export class ControlServer {
  readonly #options: ControlServerOptions;
  readonly #server: Server;
  readonly #connections = new Map<Socket, ControlConnection>();

  private constructor(options: ControlServerOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** Rejects with NODE_CONTROL_IN_USE. What a process that was killed has left behind is cleared away. */
  static async listen(options: ControlServerOptions): Promise<ControlServer> {
    const control = new ControlServer(options);
    const { path } = options;
    try {
      await listening(control.#server, path);
    } catch (error) {
      if (codeOf(error) !== 'EADDRINUSE' || !(await isAbandoned(path))) throw inUse(path, error);
      await unlink(path);
      await listening(control.#server, path).catch((again: unknown) => Promise.reject(inUse(path, again)));
    }
    if (!IS_WINDOWS) await chmod(path, SOCKET_MODE);
    return control;
  }

  /** Lets nobody else in, and the socket disappears; who is in stays. */
  close(): void {
    this.#server.close();
  }

  /** Answers what is under way, and ends all connections. */
  async end(): Promise<void> {
    this.close();
    const timer = systemClock.setTimer(END_MS_MAX, () => this.#destroy());
    await Promise.all([...this.#connections.values()].map((connection) => connection.end()));
    await Promise.all([...this.#connections.keys()].map((socket) => closed(socket)));
    systemClock.clearTimer(timer);
  }

  #accept(socket: Socket): void {
    if (this.#connections.size >= CONNECTIONS_MAX) {
      const error = {
        code: 'NODE_CONTROL_BUSY',
        message: `${CONNECTIONS_MAX} control connections are open already.`,
      };
      socket.on('error', () => undefined);
      socket.end(`${JSON.stringify({ error })}\n`);
      socket.resume();
      return;
    }
    this.#connections.set(socket, new ControlConnection(socket, this.#options));
    socket.once('close', () => this.#connections.delete(socket));
  }

  #destroy(): void {
    for (const socket of this.#connections.keys()) socket.destroy();
  }
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // The socket is made within the call, so nobody else meets it before it has its mode.
    const umask = IS_WINDOWS ? undefined : process.umask(SOCKET_UMASK);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
    if (umask !== undefined) process.umask(umask);
  });
}

/** Whether nobody listens at a socket any more. */
async function isAbandoned(path: string): Promise<boolean> {
  if (IS_WINDOWS) return false;
  const isSocket = await lstat(path).then(
    (stat) => stat.isSocket(),
    () => false,
  );
  if (!isSocket) return false;
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', (error) => resolve(codeOf(error) === 'ECONNREFUSED'));
  });
}

function inUse(path: string, cause: unknown): NodeError {
  return new NodeError(
    'NODE_CONTROL_IN_USE',
    `Nobody can listen at ${path} (${codeOf(cause) ?? 'unknown'}): another program does, or something else is there; remove it, or give another path by --control-path.`,
    { cause },
  );
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once('close', () => resolve());
  });
}
