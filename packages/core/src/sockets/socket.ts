import type { GuardRequest } from '../transport/index.js';

/** What a socket tells its owner. */
export interface SocketHandlers {
  /** A dialled socket is open; never called for an accepted one. */
  open?(): void;
  /** One binary message. `receivedMs` is monotonic time taken in the socket's own callback. */
  message(bytes: Uint8Array, receivedMs: number): void;
  /** Bytes left the process: `bufferedBytes` shrank. */
  drain?(): void;
  /**
   * The end, called exactly once, also after `terminate()` and for a dial that failed. A code below 1,000 is the HTTP status with which
   * the other end refused the WebSocket.
   */
  close(code: number, reason: string): void;
}

/** One WebSocket-like connection of ordered binary messages. */
export interface Socket {
  /** Address of the other end as the socket layer knows it; empty when it is unknown, as in browsers. */
  readonly remoteAddress: string;
  /** Bytes given to `send` that have not left the process. */
  readonly bufferedBytes: number;
  /**
   * Sends one binary message; what is sent after the end is dropped. Whoever calls must leave the bytes alone, for ever or until `released`, which need not come.
   * With `released` the bytes are the socket's until then: it may write over them.
   */
  send(bytes: Uint8Array, released?: (bytes: Uint8Array) => void): void;
  /** Nobody has any of a message that came any more: its memory can go, or hold the next one. Optional. */
  discard?(message: Uint8Array): void;
  /** What `work` sends leaves the process together: one call of the system instead of one for each message, and the other end wakes once. Optional. */
  together?(work: () => void): void;
  /** Asks for an orderly close; the socket layer terminates it when the other end does not answer. */
  close(code: number, reason: string): void;
  /** Drops the connection at once. */
  terminate(): void;
  /** Stops reading. */
  pause(): void;
  /** Reads again. */
  resume(): void;
}

/** A listening server. */
export interface Listener {
  /** The port really bound. */
  readonly port: number;
  /** Lets the port go and ends the connections that were accepted. */
  close(): Promise<void>;
}

/** What a plain HTTP request handler reads of a request; Node's IncomingMessage is one. */
export interface HttpRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** What it answers with; Node's ServerResponse is one. */
export interface HttpResponse {
  /** Status and headers, before the body. */
  writeHead(status: number, headers?: Readonly<Record<string, string | number>>): unknown;
  /** The body, and the end of the answer. */
  end(body?: string | Uint8Array): unknown;
}

/** Answers requests that are no WebSocket upgrades on the mesh's port. */
export type RequestHandler = (request: HttpRequest, response: HttpResponse) => void;

/** What becomes of a request for a WebSocket: whose it is, or the HTTP status that it is refused with. */
export type UpgradeVerdict =
  | { readonly allowed: true; readonly address: string }
  | { readonly allowed: false; readonly status: 403 | 429 | 503; readonly retryAfterMs: number };

/** Whom a listener lets in, asked in this order. */
export interface Door {
  /** Whether anything is to be read of a TCP connection from there; cut at once if not. */
  admits(remoteAddress: string): boolean;
  /** Whether a request that asks for no WebSocket is answered; its connection is cut if not. */
  request(remoteAddress: string): boolean;
  /** What came from there is no HTTP, or too much of it; it was answered with 400 or 431. */
  garbled(remoteAddress: string): void;
  /** Whether this request may become a WebSocket. */
  upgrade(remoteAddress: string, request: GuardRequest): UpgradeVerdict;
  /** Takes an accepted connection. */
  accept(socket: Socket): SocketHandlers;
}

/** Where and how to listen. */
export interface ListenOptions {
  /** Interface to bind; undefined for all. */
  readonly host: string | undefined;
  /** 0 for any free port. */
  readonly port: number;
  readonly path: string;
  /** An http(s).Server that listens already or will: nothing is bound, only its upgrades at `path` are taken. */
  readonly server?: object | undefined;
  /** Options of tls.createServer: `key` and `cert` at least. Makes a wss server. */
  readonly tls?: object | undefined;
  readonly requestHandler?: RequestHandler | undefined;
  readonly door: Door;
}

/** How a mesh reaches the world: WebSockets in Node, dial-only WebSockets in browsers, memory in tests. */
export interface SocketLayer {
  /** Dials; the handlers tell how it went. */
  dial(url: string, handlers: SocketHandlers): Socket;
  /** Rejects with the code EADDRINUSE when the port is taken. Absent where one cannot listen. */
  listen?(options: ListenOptions): Promise<Listener>;
}

/** A socket layer where one can listen. */
export interface ListeningSocketLayer extends SocketLayer {
  /** Rejects with the code EADDRINUSE when the port is taken. */
  listen(options: ListenOptions): Promise<Listener>;
}
