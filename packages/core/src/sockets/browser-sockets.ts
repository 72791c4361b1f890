import type { Socket, SocketHandlers, SocketLayer } from './socket.js';

/** Between two looks at what the browser still buffers: it tells of no drain. */
const DRAIN_POLL_MS = 10;
const NORMAL = 1_000;
const ABNORMAL = 1_006;
const PRIVATE_USE = 4_000;

/** The parts of the browser's WebSocket that are used; declared here, for the DOM's types are not part of this package. */
interface BrowserWebSocket {
  binaryType: string;
  readonly readyState: number;
  readonly bufferedAmount: number;
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: ((event: { readonly code: number }) => void) | null;
  onerror: (() => void) | null;
  send(bytes: Uint8Array): void;
  close(code?: number, reason?: string): void;
}

declare const WebSocket: new (url: string) => BrowserWebSocket;

const OPEN = 1;

class BrowserSocket implements Socket {
  readonly remoteAddress = '';
  readonly #socket: BrowserWebSocket;
  readonly #handlers: SocketHandlers;
  #poll: ReturnType<typeof setTimeout> | undefined;
  #isEnded = false;

  constructor(url: string, handlers: SocketHandlers) {
    this.#handlers = handlers;
    const socket = new WebSocket(url);
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => handlers.open?.();
    socket.onmessage = ({ data }) => {
      const receivedMs = performance.now();
      handlers.message(data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array(0), receivedMs);
    };
    socket.onerror = () => undefined;
    socket.onclose = ({ code }) => this.#end(code);
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  send(bytes: Uint8Array): void {
    if (this.#socket.readyState !== OPEN) return;
    this.#socket.send(bytes);
    this.#poll ??= setTimeout(() => this.#drained(), DRAIN_POLL_MS);
  }

  close(code: number, reason: string): void {
    // Scripts may give 1000 and 3000–4999 only.
    this.#socket.close(code === NORMAL ? NORMAL : PRIVATE_USE + (code % 1_000), reason);
  }

  /** Browsers cannot cut a connection: to us it ends now, the browser closes it when it can. */
  terminate(): void {
    this.#socket.close();
    queueMicrotask(() => this.#end(ABNORMAL));
  }

  /** Browsers cannot stop reading; the link's credit bounds what may arrive. */
  pause(): void {
    return;
  }

  resume(): void {
    return;
  }

  #drained(): void {
    this.#poll = undefined;
    if (this.#isEnded) return;
    if (this.#socket.bufferedAmount > 0) this.#poll = setTimeout(() => this.#drained(), DRAIN_POLL_MS);
    this.#handlers.drain?.();
  }

  #end(code: number): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    clearTimeout(this.#poll);
    this.#handlers.close(code, '');
  }
}

/** The browser's WebSocket: dials only. */
export function createBrowserSocketLayer(): SocketLayer {
  return { dial: (url, handlers) => new BrowserSocket(url, handlers) };
}
