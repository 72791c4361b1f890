import { WebSocket, type ClientOptions, type RawData } from 'ws';

/** How a connection ended. */
export interface RawEnd {
  /** WebSocket close code; 1006 where there was no orderly close. */
  readonly code: number;
  /** HTTP status that the server answered in place of a WebSocket. */
  readonly status: number | undefined;
}

/** The other end must not end us for what it sends: only it is examined. */
const PAYLOAD_BYTES_MAX = 16 * 1_048_576;

/** One WebSocket that says whatever it is told to, as client or as server. */
export class RawAttacker {
  /** Binary messages that came in, oldest first. */
  readonly messages: Uint8Array[] = [];
  /** Resolves once, with the end. */
  readonly ended: Promise<RawEnd>;
  /** Takes the messages from now on, in place of `next`. */
  onMessage: ((bytes: Uint8Array) => void) | undefined;
  readonly #socket: WebSocket;
  #status: number | undefined;
  #end: RawEnd | undefined;
  #read = 0;
  #wake: () => void = () => undefined;

  /** Takes a socket that is open or will be. */
  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.on('message', (data: RawData) => this.#received(data));
    socket.on('unexpected-response', (_request, response) => {
      this.#status = response.statusCode;
      socket.terminate();
    });
    this.ended = new Promise((resolve) => {
      socket.once('close', (code: number) => {
        this.#end = { code, status: this.#status };
        this.#wake();
        resolve(this.#end);
      });
    });
  }

  /** Dials from an address of loopback; resolves when the socket is open or has ended. */
  static async open(url: string, localAddress: string, options: ClientOptions = {}): Promise<RawAttacker> {
    const socket = new WebSocket(url, {
      localAddress,
      perMessageDeflate: false,
      maxPayload: PAYLOAD_BYTES_MAX,
      ...options,
    });
    const raw = new RawAttacker(socket);
    await Promise.race([new Promise((resolve) => socket.once('open', resolve)), raw.ended]);
    return raw;
  }

  /** Undefined while it is open. */
  get end(): RawEnd | undefined {
    return this.#end;
  }

  /** True between the upgrade and the end. */
  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** Sends a binary message, or a text message; after the end it is dropped. */
  send(message: Uint8Array | string): void {
    if (this.isOpen) this.#socket.send(message, { binary: typeof message !== 'string' });
  }

  /** Sends a part of one endless message. */
  sendPart(bytes: Uint8Array): void {
    if (this.isOpen) this.#socket.send(bytes, { binary: true, fin: false });
  }

  /** A ping of the WebSocket layer. */
  ping(bytes: Uint8Array): void {
    if (this.isOpen) this.#socket.ping(bytes);
  }

  /** Waits until what was sent has left this process, or the connection has ended. */
  async flushed(): Promise<void> {
    while (this.isOpen && this.#socket.bufferedAmount > 0)
      await new Promise<void>((resolve) => setImmediate(resolve));
  }

  /** The next message that was not read yet; undefined once the connection has ended and all is read. */
  async next(): Promise<Uint8Array | undefined> {
    while (this.#read >= this.messages.length && this.#end === undefined)
      await new Promise<void>((resolve) => (this.#wake = resolve));
    const message = this.messages[this.#read];
    this.#read += 1;
    return message;
  }

  /** Reads no more: what the victim sends stays with it. */
  pause(): void {
    this.#socket.pause();
  }

  /** Drops the connection. */
  terminate(): void {
    this.#socket.terminate();
  }

  #received(data: RawData): void {
    const bytes = Buffer.isBuffer(data) ? new Uint8Array(data) : new Uint8Array(0);
    if (this.onMessage !== undefined) return this.onMessage(bytes);
    this.messages.push(bytes);
    this.#wake();
  }
}
