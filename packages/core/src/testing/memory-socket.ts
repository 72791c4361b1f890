import type { Socket, SocketHandlers } from '../sockets/socket.js';
import type { Clock, TimerHandle } from '../transport/clock.js';
import type { MemoryPipe, Packet } from './memory-pipe.js';

/** How long an orderly close waits for the other end's answer, as `ws` does; then the socket is dropped. */
const CLOSE_TIMEOUT_MS = 30_000;

/** RFC 6455, 7.1.5: the code of a connection that ended without a close frame. */
const ABNORMAL_CLOSURE = 1006;

type SocketState = 'connecting' | 'open' | 'closing' | 'closed';

export interface MemorySocketOptions {
  readonly clock: Clock;
  readonly remoteAddress: string;
  readonly state: 'connecting' | 'open';
  /** What this socket sends into. */
  readonly outgoing: MemoryPipe;
  /** Reading goes on after a pause. */
  resumed(): void;
  /** Called once, when the socket is closed for good. */
  ended(): void;
}

/** One end of a connection in memory. */
export class MemorySocket implements Socket {
  readonly remoteAddress: string;
  readonly #options: MemorySocketOptions;
  #handlers: SocketHandlers | undefined;
  #state: SocketState;
  #isPaused = false;
  #closeTimer: TimerHandle | undefined;

  constructor(options: MemorySocketOptions) {
    this.#options = options;
    this.remoteAddress = options.remoteAddress;
    this.#state = options.state;
  }

  get bufferedBytes(): number {
    return this.#options.outgoing.bufferedBytes;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** Sets who is told; sockets of a killed host tell nobody. */
  attach(handlers: SocketHandlers): void {
    this.#handlers = handlers;
  }

  /** @throws TypeError before the socket is open. Once it is closing, messages are dropped. */
  send(bytes: Uint8Array): void {
    if (this.#state === 'connecting') throw new TypeError('the socket is not open yet; wait for open()');
    if (this.#state === 'open') this.#options.outgoing.send({ type: 'message', bytes });
  }

  close(code: number, reason: string): void {
    if (this.#state === 'connecting') this.terminate();
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#options.outgoing.send({ type: 'close', code, reason });
    this.#closeTimer = this.#options.clock.setTimer(CLOSE_TIMEOUT_MS, () => this.terminate());
  }

  terminate(): void {
    if (this.#state === 'closed') return;
    this.#options.outgoing.dropWaiting();
    this.#options.outgoing.send({ type: 'reset' });
    this.fail();
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#options.resumed();
  }

  /** The listener's door stays shut: the dialler hears the HTTP status, and nobody the accepted end. */
  refuse(status: number): void {
    this.#options.outgoing.send({ type: 'refusal', status });
    this.#end();
  }

  /** The connection is lost. The owner hears of it in the next turn, never inside its own call. */
  fail(): void {
    if (this.#state === 'closed') return;
    this.#end();
    this.#options.clock.defer(() => this.#handlers?.close(ABNORMAL_CLOSURE, ''));
  }

  /** The process that owns the socket has died: its kernel resets the connection and its handlers hear nothing. */
  kill(): void {
    this.#handlers = undefined;
    this.terminate();
  }

  drained(): void {
    if (this.#state !== 'closed') this.#handlers?.drain?.();
  }

  receive(packet: Packet): void {
    if (this.#state === 'closed') return;
    switch (packet.type) {
      case 'dial':
        return; // For the host, which has seen to it.
      case 'open':
        this.#state = 'open';
        this.#handlers?.open?.();
        return;
      case 'message':
        this.#handlers?.message(packet.bytes, this.#options.clock.monotonicMs());
        return;
      case 'close':
        this.#receiveClose(packet.code, packet.reason);
        return;
      case 'refusal':
        this.#end();
        this.#handlers?.close(packet.status, '');
        return;
      case 'reset':
        this.#end();
        this.#handlers?.close(ABNORMAL_CLOSURE, '');
        return;
      default:
        packet satisfies never;
    }
  }

  #receiveClose(code: number, reason: string): void {
    // RFC 6455, 5.5.1: the end that did not begin answers with the same code.
    if (this.#state === 'open') this.#options.outgoing.send({ type: 'close', code, reason });
    this.#end();
    this.#handlers?.close(code, reason);
  }

  #end(): void {
    this.#state = 'closed';
    if (this.#closeTimer !== undefined) this.#options.clock.clearTimer(this.#closeTimer);
    this.#options.ended();
  }
}
