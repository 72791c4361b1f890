import type { Payload, ProtocolPort } from '@yakmesh/core/transport';
import { AnnexError } from './errors.js';
import { encodeMessage, MessageKind, MessageReader } from './message-reader.js';
import type { RunningSession } from './session-streams.js';
import type { SessionViews } from './session-views.js';
import { MESSAGE_STREAM } from './session/streams.js';

interface Waiting {
  readonly offset: number;
  readonly resolve: () => void;
  readonly reject: (error: AnnexError) => void;
}

/** The messages of a session: those on their way to the other end, and those that wait to be read. */
export class SessionMessages {
  readonly #session: RunningSession;
  readonly #views: SessionViews;
  readonly #port: Pick<ProtocolPort, 'encode' | 'decode'>;
  readonly #bytesMax: number;
  readonly #reader: MessageReader;
  readonly #inbox: Payload[] = [];
  readonly #waits: Waiting[] = [];
  #withheld = 0;
  #isWhole = false;

  constructor(
    session: RunningSession,
    views: SessionViews,
    port: Pick<ProtocolPort, 'encode' | 'decode'>,
    bytesMax: number,
  ) {
    this.#session = session;
    this.#views = views;
    this.#port = port;
    this.#bytesMax = bytesMax;
    this.#reader = new MessageReader(bytesMax);
  }

  get hasWaiting(): boolean {
    return this.#inbox.length > 0;
  }

  /** The other end has said that this was all, and nothing of it is missing. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Settles when the other end has it. */
  send(value: Payload): Promise<void> {
    const { machine, pump, over } = this.#session;
    const isBytes = value instanceof Uint8Array;
    const content = isBytes ? value : this.#port.encode(value);
    if (content.length > this.#bytesMax) {
      const text = `A message has at most ${this.#bytesMax} bytes, not ${content.length}; use openStream().`;
      return Promise.reject(new AnnexError('ANNEX_TOO_LARGE', text));
    }
    const error = over();
    if (error !== undefined) return Promise.reject(error);
    if (machine.bufferedOf(MESSAGE_STREAM) > 2 * this.#bytesMax)
      return Promise.reject(new AnnexError('ANNEX_QUEUE_FULL', 'Too much waits to be sent; await send().'));
    const kind = isBytes ? MessageKind.BYTES : MessageKind.CBOR;
    if (!machine.write(MESSAGE_STREAM, encodeMessage({ kind, content })))
      return Promise.reject(new AnnexError('ANNEX_CLOSED', 'The channel is closed.'));
    pump();
    const offset = machine.writtenOf(MESSAGE_STREAM);
    return new Promise<void>((resolve, reject) => this.#waits.push({ offset, resolve, reject }));
  }

  /** So many bytes from the front have arrived at the other end. */
  arrived(offset: number): void {
    for (let first = this.#waits[0]; first !== undefined && first.offset <= offset; first = this.#waits[0]) {
      this.#waits.shift();
      first.resolve();
    }
  }

  /** Bytes in order. False when they are no messages. */
  data(bytes: Uint8Array): boolean {
    const messages = this.#reader.push(bytes);
    if (messages === undefined) return false;
    for (const { kind, content } of messages) {
      const decoded = this.#decode(kind, content);
      if (decoded === undefined) return false;
      this.#deliver(decoded.payload);
    }
    if (this.#inbox.length > 0) this.#withheld += bytes.length;
    else this.#session.consumed(MESSAGE_STREAM, bytes.length);
    return true;
  }

  /** The other end sends no more. */
  ended(): void {
    this.#isWhole = this.#reader.isBetween;
  }

  /** The next one that no listener took. Those not read hold the sender back. */
  take(): Payload | undefined {
    const value = this.#inbox.shift();
    if (this.#inbox.length === 0 && this.#withheld > 0) {
      this.#session.consumed(MESSAGE_STREAM, this.#withheld);
      this.#withheld = 0;
    }
    return value;
  }

  /** The session is over: what has not arrived will not. */
  closed(error: AnnexError): void {
    for (const { reject } of this.#waits.splice(0)) reject(error);
  }

  #decode(kind: number, content: Uint8Array): { readonly payload: Payload } | undefined {
    if (kind === MessageKind.BYTES) return { payload: content };
    return kind === MessageKind.CBOR ? this.#port.decode(content) : undefined;
  }

  #deliver(value: Payload): void {
    if (this.#views.message(value)) return;
    this.#inbox.push(value);
    this.#views.waiting();
  }
}
