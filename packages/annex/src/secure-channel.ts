import { bytesToHex, type NodeId } from '@yakmesh/crypto';
import { Emitter, type EmitterListener, type Payload, type Unsubscribe } from '@yakmesh/core/transport';
import { AnnexError } from './errors.js';
import type { AnnexChannelEvents } from './events.js';
import type { SessionDriver } from './session-driver.js';
import type { SessionView } from './session-views.js';
import { CloseCode } from './session/limits.js';
import type { AnnexStream } from './stream-pair.js';

/** What both ends have of a channel once it is open: `AnnexChannel` at the end that opened it, the same without `establish` at the other. */
export class SecureChannel implements AsyncIterable<Payload> {
  /** The other end; null for an anonymous one. */
  readonly peerId: NodeId | null;
  readonly #emitter: Emitter<AnnexChannelEvents>;
  readonly #view: SessionView;
  #session: SessionDriver | undefined;
  #wake: (() => void) | undefined;

  /** @internal Made by `new AnnexChannel` and by listeners. */
  constructor(peerId: NodeId | null) {
    this.peerId = peerId;
    this.#emitter = new Emitter((error) => this.#session?.log(error));
    this.#view = this.#makeView();
  }

  /** Whether it can be used. */
  get isOpen(): boolean {
    return this.#session !== undefined && !this.#session.isClosed;
  }

  /** The session's name, 32 hexadecimal digits, the same on both ends; undefined before `establish`. */
  get id(): string | undefined {
    return this.#session === undefined ? undefined : bytesToHex(this.#session.outcome.secrets.id);
  }

  /** Smoothed round trip to the other end; undefined until it was measured. */
  get rttMs(): number | undefined {
    return this.#session?.rttMs;
  }

  /** Whether a ticket of an earlier channel stood for the signatures of both ends. */
  get isResumed(): boolean {
    return this.#session?.outcome.resumed !== undefined;
  }

  /** How often the keys were replaced. */
  get epoch(): number {
    return this.#session?.epoch ?? 0;
  }

  /**
   * Sends a message: an object, a string or whatever else a payload may be, or bytes. Resolves when the other end has it. Messages arrive once and in order, also
   * without waiting for each. Rejects with ANNEX_STATE, ANNEX_CLOSED, ANNEX_TOO_LARGE, ANNEX_QUEUE_FULL or the code with which the channel ended.
   *
   * @throws TypeError (as a rejection) for what no payload can hold.
   */
  async send(value: unknown): Promise<void> {
    return this.#requireSession().send(value as Payload);
  }

  /** Sends up to 15,000 bytes that arrive once or never, without order. False where the channel is closed. */
  sendDatagram(bytes: Uint8Array): boolean {
    return this.#requireSession().datagram(bytes);
  }

  /** A stream for bulk bytes, with backpressure. At most 256 of each end are open at once; then ANNEX_STREAMS_FULL. */
  openStream(): AnnexStream {
    return this.#requireSession().openStream();
  }

  /** Replaces the keys now; the event `ratchet` says when. By itself that happens every ten minutes, 65,536 records or gibibyte. */
  ratchet(): void {
    this.#requireSession().ratchet();
  }

  /** Ends the channel when everything sent has arrived, at most ten seconds from now. Twice is fine; also before `establish`. */
  async close(): Promise<void> {
    await this.#session?.close(CloseCode.OK, '', true);
  }

  /** Registers a listener; answers how to take it back. */
  on<Type extends keyof AnnexChannelEvents>(
    type: Type,
    listener: EmitterListener<AnnexChannelEvents[Type]>,
  ): Unsubscribe {
    const off = this.#emitter.on(type, listener);
    this.#catchUp();
    return off;
  }

  /** As `on`, for the next event only. */
  once<Type extends keyof AnnexChannelEvents>(
    type: Type,
    listener: EmitterListener<AnnexChannelEvents[Type]>,
  ): Unsubscribe {
    const off = this.#emitter.once(type, listener);
    this.#catchUp();
    return off;
  }

  /** Takes a listener back. */
  off<Type extends keyof AnnexChannelEvents>(
    type: Type,
    listener: EmitterListener<AnnexChannelEvents[Type]>,
  ): void {
    this.#emitter.off(type, listener);
  }

  /**
   * The messages, in order: those that no `message` listener took. Ends when the channel was closed in order and all of them were read; throws the channel's error,
   * ANNEX_TRUNCATED among them, when it ended in any other way.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Payload, void, void> {
    const session = this.#requireSession();
    for (;;) {
      if (session.hasWaiting) {
        yield session.take() as Payload;
        continue;
      }
      if (session.isClosed) {
        if (session.closeError !== undefined) throw session.closeError;
        return;
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** @internal The session that it shows, once. */
  attach(session: SessionDriver): void {
    if (this.#session !== undefined) return;
    this.#session = session;
    session.views.add(this.#view);
    if (session.isClosed) this.#view.closed(session.closeError);
    this.#catchUp();
  }

  /** What came before somebody listened. */
  #catchUp(): void {
    const session = this.#session;
    if (session === undefined) return;
    while (session.hasWaiting && this.#emitter.listenerCount('message') > 0)
      this.#emitter.emit('message', session.take() as Payload);
    while (this.#emitter.listenerCount('stream') > 0) {
      const stream = session.takeStream();
      if (stream === undefined) return;
      this.#emitter.emit('stream', stream);
    }
  }

  #makeView(): SessionView {
    return {
      message: (value) => this.#emitter.emit('message', value),
      waiting: () => this.#wakeUp(),
      stream: (stream) => this.#emitter.emit('stream', stream),
      datagram: (bytes) => void this.#emitter.emit('datagram', bytes),
      ratcheted: (epoch) => void this.#emitter.emit('ratchet', epoch),
      closed: (error) => {
        this.#emitter.emit('close', error);
        this.#wakeUp();
      },
    };
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  #requireSession(): SessionDriver {
    if (this.#session === undefined)
      throw new AnnexError('ANNEX_STATE', 'The channel is not established; await establish(mesh) first.');
    return this.#session;
  }
}
