import { MeshError } from '../errors.js';
import { bracketed, type MeshConfig } from '../options.js';
import type { Door, Listener, SocketLayer } from '../sockets/socket.js';
import { codeOf } from '../transport/index.js';

const PORT_MAX = 65_535;
const WILDCARDS: readonly string[] = ['', '0.0.0.0', '::'];

/** The node's own port: found among the ones allowed, and named in the endpoint. */
export class Listening {
  readonly #config: MeshConfig;
  readonly #sockets: SocketLayer;
  #listener: Listener | undefined;
  #isStarted = false;

  constructor(config: MeshConfig, sockets: SocketLayer) {
    this.#config = config;
    this.#sockets = sockets;
  }

  /** Where this node can be dialled. */
  get endpoint(): string {
    if (!this.#isStarted) throw new MeshError('MESH_NOT_STARTED', 'The endpoint is known after start().');
    if (this.#listener === undefined)
      throw new MeshError('MESH_NOT_LISTENING', 'A browser cannot listen: it has no endpoint.');
    const { publicHost, host, path, tls, server } = this.#config;
    if (publicHost !== null && /^wss?:/.test(publicHost)) return publicHost;
    const loopback = host === undefined || WILDCARDS.includes(host) ? '127.0.0.1' : host;
    const isSecure = tls !== undefined || (server !== undefined && 'setSecureContext' in server);
    const name = bracketed(publicHost ?? loopback);
    return `${isSecure ? 'wss' : 'ws'}://${name}:${this.#listener.port}${path === '/' ? '' : path}`;
  }

  /** The endpoint where others may be told of it: only with a publicHost. */
  get advertised(): string | undefined {
    return this.#listener === undefined || this.#config.publicHost === null ? undefined : this.endpoint;
  }

  async start(door: Door): Promise<void> {
    this.#listener = await this.#listen(door);
    this.#isStarted = true;
  }

  async stop(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    await listener?.close();
  }

  async #listen(door: Door): Promise<Listener | undefined> {
    if (this.#sockets.listen === undefined) return undefined;
    const { wsPort, portRetries, host, path, server, tls, requestHandler } = this.#config;
    // Any free port needs no second try.
    const lastPort = wsPort === 0 ? 0 : Math.min(PORT_MAX, wsPort + portRetries);
    for (let port = wsPort; port <= lastPort; port += 1) {
      try {
        return await this.#sockets.listen({ host, port, path, server, tls, requestHandler, door });
      } catch (error) {
        if (codeOf(error) !== 'EADDRINUSE') throw error;
      }
    }
    const tried = lastPort === wsPort ? `Port ${wsPort} is` : `Ports ${wsPort} to ${lastPort} are`;
    throw new MeshError(
      'MESH_NO_FREE_PORT',
      `${tried} in use; give another wsPort, 0 for any, or more portRetries.`,
    );
  }
}
