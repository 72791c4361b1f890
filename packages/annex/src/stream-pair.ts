import { AnnexError, type AnnexErrorCode } from './errors.js';

/** Bytes written to a stream that wait for their arrival before `write` waits. */
const WRITE_AHEAD_BYTES = 4_194_304;
/** RESET and STOP of streams that their application gave up. */
const GIVEN_UP = 0;

/** A pair of Web Streams: bytes to and from the other end, in order, complete, with backpressure. */
export interface AnnexStream {
  /** The same on both ends; for people and logs. */
  readonly id: number;
  /** Ends where the other end closed its side; errors with ANNEX_RESET or ANNEX_TRUNCATED where it did not. Cancelling tells the other end. */
  readonly readable: ReadableStream<Uint8Array>;
  /** A write waits while four mebibytes are under way; `close` settles when everything has arrived. Aborting tells the other end. */
  readonly writable: WritableStream<Uint8Array>;
}

/** What a stream needs of its session. */
export interface StreamSession {
  write(id: number, bytes: Uint8Array, isEnd: boolean): boolean;
  bufferedOf(id: number): number;
  consumed(id: number, count: number): void;
  reset(id: number, code: number): void;
  stop(id: number, code: number): void;
}

/** One stream of a session, between its machine and the Web Streams that the application sees. */
export class StreamEnd {
  readonly pair: AnnexStream;
  readonly #session: StreamSession;
  readonly #id: number;
  readonly #chunks: Uint8Array[] = [];
  #reader: ReadableStreamDefaultController<Uint8Array> | undefined;
  #writer: WritableStreamDefaultController | undefined;
  #isEnded = false;
  #isFinished = false;
  /** Wakes a write that waits for room, a close that waits for arrival, or a read that waits for bytes. */
  #room: (() => void) | undefined;
  #arrival: (() => void) | undefined;
  #bytes: (() => void) | undefined;
  #error: AnnexError | undefined;

  constructor(session: StreamSession, id: number) {
    this.#session = session;
    this.#id = id;
    const readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => void (this.#reader = controller),
        pull: () => this.#pull(),
        cancel: () => this.#session.stop(id, GIVEN_UP),
      },
      { highWaterMark: 0 },
    );
    const writable = new WritableStream<Uint8Array>({
      start: (controller) => void (this.#writer = controller),
      write: (bytes) => this.#write(bytes),
      close: () => this.#close(),
      abort: () => this.#session.reset(id, GIVEN_UP),
    });
    this.pair = { id, readable, writable };
  }

  /** Both halves are over: nothing more comes from the session. */
  get isDone(): boolean {
    return this.#isEnded && this.#isFinished;
  }

  data(bytes: Uint8Array): void {
    this.#chunks.push(bytes);
    this.#wakeReader();
  }

  end(): void {
    this.#isEnded = true;
    this.#wakeReader();
    // Nobody may be reading: an end that is waited for by `closed` must come all the same.
    if (this.#chunks.length === 0) this.#endReader();
  }

  arrived(isDone: boolean): void {
    if (this.#session.bufferedOf(this.#id) <= WRITE_AHEAD_BYTES) this.#wake('room');
    if (!isDone) return;
    this.#isFinished = true;
    this.#wake('arrival');
  }

  /** The other end gave up sending. */
  wasReset(): void {
    this.#isEnded = true;
    this.#failReader(new AnnexError('ANNEX_RESET', `The other end gave stream ${this.#id} up.`));
  }

  /** The other end wants no more. */
  wasStopped(): void {
    if (this.#isFinished) return;
    this.#session.reset(this.#id, GIVEN_UP);
    this.#isFinished = true;
    this.#failWriter(new AnnexError('ANNEX_RESET', `The other end wants no more of stream ${this.#id}.`));
  }

  /** The session is over: what has not ended was cut off. */
  sessionClosed(code: AnnexErrorCode): void {
    const error = new AnnexError(code, `The channel ended before stream ${this.#id} did.`);
    if (!this.#isEnded) this.#failReader(error);
    if (!this.#isFinished) this.#failWriter(error);
    this.#isEnded = true;
    this.#isFinished = true;
  }

  /** A promise only where the read has to wait. */
  #pull(): Promise<void> | undefined {
    if (this.#chunks.length > 0 || this.#isEnded || this.#error !== undefined) return void this.#enqueue();
    return new Promise<void>((resolve) => (this.#bytes = resolve)).then(() => this.#enqueue());
  }

  #enqueue(): void {
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      this.#reader?.enqueue(chunk);
      this.#session.consumed(this.#id, chunk.length);
    }
    if (this.#isEnded && this.#chunks.length === 0 && this.#error === undefined) this.#endReader();
  }

  /** A promise only where the write has to wait: most of them do not. */
  #write(bytes: Uint8Array): Promise<void> | undefined {
    if (!(bytes instanceof Uint8Array)) throw new TypeError('A stream carries Uint8Array.');
    if (!this.#session.write(this.#id, bytes, false))
      throw new AnnexError('ANNEX_CLOSED', `Stream ${this.#id} takes nothing any more.`);
    if (this.#session.bufferedOf(this.#id) <= WRITE_AHEAD_BYTES) return undefined;
    return new Promise((resolve) => (this.#room = resolve));
  }

  async #close(): Promise<void> {
    if (!this.#session.write(this.#id, new Uint8Array(0), true))
      throw new AnnexError('ANNEX_CLOSED', `Stream ${this.#id} takes nothing any more.`);
    if (!this.#isFinished) await new Promise<void>((resolve) => (this.#arrival = resolve));
    if (this.#error !== undefined) throw this.#error;
  }

  #endReader(): void {
    try {
      this.#reader?.close();
    } catch {
      // Cancelled or closed before: there is nobody left to tell.
    }
  }

  #failReader(error: AnnexError): void {
    this.#error ??= error;
    this.#chunks.length = 0;
    this.#reader?.error(error);
    this.#wakeReader();
  }

  #failWriter(error: AnnexError): void {
    this.#error ??= error;
    this.#writer?.error(error);
    this.#wake('room');
    this.#wake('arrival');
  }

  #wakeReader(): void {
    const wake = this.#bytes;
    this.#bytes = undefined;
    wake?.();
  }

  #wake(what: 'room' | 'arrival'): void {
    const wake = what === 'room' ? this.#room : this.#arrival;
    if (what === 'room') this.#room = undefined;
    else this.#arrival = undefined;
    wake?.();
  }
}
