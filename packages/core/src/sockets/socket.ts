/** What a socket tells its owner. */
export interface SocketHandlers {
  /** A dialled socket is open; never called for an accepted one. */
  open?(): void;
  /** One binary message. `receivedMs` is monotonic time taken in the socket's own callback. */
  message(bytes: Uint8Array, receivedMs: number): void;
  /** Bytes left the process: `bufferedBytes` shrank. */
  drain?(): void;
  /** The end, called exactly once, also after `terminate()` and for a dial that failed. */
  close(code: number, reason: string): void;
}

/** One WebSocket-like connection of ordered binary messages. */
export interface Socket {
  /** Address of the other end as the socket layer knows it; empty when it is unknown, as in browsers. */
  readonly remoteAddress: string;
  /** Bytes given to `send` that have not left the process. */
  readonly bufferedBytes: number;
  send(bytes: Uint8Array): void;
  /** Asks for an orderly close; the socket layer terminates it when the other end does not answer. */
  close(code: number, reason: string): void;
  /** Drops the connection at once. */
  terminate(): void;
  /** Stops reading. */
  pause(): void;
  resume(): void;
}

/** A listening server. */
export interface Listener {
  /** The port really bound. */
  readonly port: number;
  close(): Promise<void>;
}

export interface ListenOptions {
  readonly host: string | undefined;
  readonly port: number;
  readonly path: string;
  /** Called for each accepted connection. */
  accept(socket: Socket): SocketHandlers;
}

/** How a mesh reaches the world: WebSockets in Node, dial-only WebSockets in browsers, memory in tests. */
export interface SocketLayer {
  dial(url: string, handlers: SocketHandlers): Socket;
  /** Rejects with the code EADDRINUSE when the port is taken. Absent where one cannot listen. */
  listen?(options: ListenOptions): Promise<Listener>;
}
