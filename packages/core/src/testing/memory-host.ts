import type {
  Door,
  Listener,
  ListeningSocketLayer,
  ListenOptions,
  Socket,
  SocketHandlers,
} from '../sockets/socket.js';
import { CodedError } from '../transport/coded-error.js';
import { parseUrl } from '../url.js';

/** RFC 6335: where ports for port 0 come from. */
const EPHEMERAL_PORT_MIN = 49_152;
const PORT_MAX = 65_535;

/** Where a URL leads. */
export interface Destination {
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

export type Dial = (host: MemoryHost, destination: Destination, handlers: SocketHandlers) => Socket;

/** One machine of the network: its listeners, and its way to the others. Dead after `kill`, as the process it stands for. */
export class MemoryHost implements ListeningSocketLayer {
  readonly name: string;
  readonly #dial: Dial;
  readonly #listeners = new Map<number, ListenOptions>();
  #isDead = false;

  constructor(name: string, dial: Dial) {
    this.name = name;
    this.#dial = dial;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /** @throws SyntaxError for what is no ws: or wss: URL, as `ws` does. */
  dial(url: string, handlers: SocketHandlers): Socket {
    return this.#dial(this, destinationOf(url, this.name), handlers);
  }

  /** `host` is not looked at: the whole machine listens. */
  async listen(options: ListenOptions): Promise<Listener> {
    if (this.#isDead) throw new CodedError('EHOSTDOWN', `${this.name} was killed`);
    const port = options.port === 0 ? this.#freePort() : options.port;
    if (!Number.isInteger(port) || port < 1 || port > PORT_MAX) throw new RangeError(`${port} is no port`);
    if (this.#listeners.has(port))
      throw new CodedError('EADDRINUSE', `listen EADDRINUSE: ${this.name}:${port}`);
    this.#listeners.set(port, options);
    return {
      port,
      close: async () => {
        if (this.#listeners.get(port) === options) this.#listeners.delete(port);
      },
    };
  }

  /** Who listens at this port and path. */
  door(port: number, path: string): Door | undefined {
    const options = this.#listeners.get(port);
    return options?.path === path ? options.door : undefined;
  }

  kill(): void {
    this.#isDead = true;
    this.#listeners.clear();
  }

  #freePort(): number {
    for (let port = EPHEMERAL_PORT_MIN; port <= PORT_MAX; port += 1)
      if (!this.#listeners.has(port)) return port;
    throw new CodedError('EADDRINUSE', `${this.name} has no free port`);
  }
}

function destinationOf(text: string, ownName: string): Destination {
  const url = parseUrl(text);
  if (url === undefined || (url.protocol !== 'ws:' && url.protocol !== 'wss:')) {
    throw new SyntaxError(`not a ws: or wss: URL: ${text}`);
  }
  const name = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const isOwn = name === 'localhost' || name === '::1' || name.startsWith('127.');
  const port = url.port === '' ? (url.protocol === 'ws:' ? 80 : 443) : Number(url.port);
  return { host: isOwn ? ownName : name, port, path: url.pathname };
}
