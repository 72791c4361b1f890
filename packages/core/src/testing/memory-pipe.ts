import type { Clock, TimerHandle } from '../transport/clock.js';
import type { Wire } from './wire.js';

/** What travels in one direction of a connection, in order. */
export type Packet =
  | { readonly type: 'dial' | 'open' | 'reset' }
  | { readonly type: 'refusal'; readonly status: number }
  | { readonly type: 'message'; readonly bytes: Uint8Array }
  | { readonly type: 'close'; readonly code: number; readonly reason: string };

interface Travelling {
  readonly packet: Packet;
  /** When it is there, apart from those before it, which it cannot overtake. */
  ownMs: number;
  arrivalMs: number;
  /** Its end was lost, and nothing that was sent after it has told of that. */
  isUntold: boolean;
}

export interface PipeOptions {
  readonly clock: Clock;
  readonly wire: Wire;
  /** Round trips that a dial takes, beyond the one way that each packet takes. */
  readonly dialExtraTrips: number;
  /** Whether the reader pauses: what has arrived stays unread. */
  isPaused(): boolean;
  /** A message leaves the sender's process: what travels instead; undefined for itself. */
  leaving(bytes: Uint8Array): readonly Uint8Array[] | undefined;
  /** Bytes have left the sender's process that had to wait. */
  drained(): void;
  deliver(packet: Packet): void;
}

/** Bytes that kernels take of an unread connection; the rest stays in the sender's process, as bufferedBytes. */
const KERNEL_BYTES_MAX = 262_144;

/** Sums of fractions of milliseconds may be off by so much. */
const ROUNDING_MS = 1e-6;

/** One direction of a connection: ordered, reliable, and with a window as TCP has. */
export class MemoryPipe {
  readonly #options: PipeOptions;
  /** In the sender's process. */
  #waiting: Packet[] = [];
  #waitingBytes = 0;
  /** In kernels and on the wire. */
  #travelling: Travelling[] = [];
  #untold = 0;
  #travellingBytes = 0;
  #lastArrivalMs = 0;
  #deliveryTimer: TimerHandle | undefined;
  #windowTimer: TimerHandle | undefined;
  readonly #deliver = (): void => {
    this.#deliveryTimer = undefined;
    this.#deliverFirst();
  };

  constructor(options: PipeOptions) {
    this.#options = options;
  }

  /** When the packet that arrived last, or that is held, was to arrive. */
  get headArrivalMs(): number | undefined {
    return this.#travelling[0]?.arrivalMs;
  }

  get bufferedBytes(): number {
    return this.#waitingBytes;
  }

  send(packet: Packet): void {
    if (this.#waiting.length === 0 && this.#travellingBytes === 0) return this.#leave(packet);
    this.#waiting.push(packet);
    this.#waitingBytes += sizeOf(packet);
    this.#fillKernel();
  }

  /** Drops what has not left the process. */
  dropWaiting(): void {
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  /** Drops everything, also what is on its way. */
  destroy(): void {
    this.dropWaiting();
    this.#travelling = [];
    this.#travellingBytes = 0;
    this.#untold = 0;
    const { clock } = this.#options;
    if (this.#deliveryTimer !== undefined) clock.clearTimer(this.#deliveryTimer);
    if (this.#windowTimer !== undefined) clock.clearTimer(this.#windowTimer);
    this.#deliveryTimer = undefined;
    this.#windowTimer = undefined;
  }

  /** What was held may go on, after so long. */
  proceed(delayMs: number): void {
    const { clock } = this.#options;
    if (this.#travelling.length === 0 || this.#deliveryTimer !== undefined) return;
    this.#deliveryTimer = clock.setTimer(delayMs, this.#deliver);
  }

  #fillKernel(): void {
    for (let packet = this.#waiting[0]; packet !== undefined; packet = this.#waiting[0]) {
      const bytes = sizeOf(packet);
      const isFull = this.#travellingBytes > 0 && this.#travellingBytes + bytes > KERNEL_BYTES_MAX;
      if (isFull) return;
      this.#waiting.shift();
      this.#waitingBytes -= bytes;
      this.#leave(packet);
    }
  }

  #leave(packet: Packet): void {
    if (packet.type !== 'message') return this.#travel(packet);
    const bytes = packet.bytes.slice();
    const travelling = this.#options.leaving(bytes);
    if (travelling === undefined) return this.#travel({ type: 'message', bytes });
    for (const each of travelling) this.#travel({ type: 'message', bytes: each });
  }

  #travel(packet: Packet): void {
    const { clock, wire, dialExtraTrips } = this.#options;
    const nowMs = clock.monotonicMs();
    const bytes = sizeOf(packet);
    const trips = packet.type === 'dial' ? 1 + dialExtraTrips : 1;
    const latencyMs = trips * wire.latencyMs();
    const { delayMs, fate } = wire.flight(bytes, nowMs);
    const ownMs = nowMs + latencyMs + delayMs;
    if (this.#untold > 0 && fate !== 'silent') this.#tell(nowMs);
    const isUntold = fate === 'untold' || fate === 'silent';
    if (isUntold) this.#untold += 1;
    const arrivalMs = Math.max(this.#lastArrivalMs, ownMs);
    this.#lastArrivalMs = arrivalMs;
    this.#travelling.push({ packet, ownMs, arrivalMs, isUntold });
    this.#travellingBytes += bytes;
    if (this.#travelling.length === 1) this.proceed(arrivalMs - nowMs);
  }

  /** What is sent now will be acknowledged, and so tell of what was lost before: that comes sooner, and with it all that waits behind. */
  #tell(nowMs: number): void {
    const { clock, wire } = this.#options;
    const toldMs = nowMs + wire.toldMs();
    let beforeMs = 0;
    for (const each of this.#travelling) {
      if (each.isUntold) each.ownMs = Math.min(each.ownMs, toldMs);
      each.isUntold = false;
      each.arrivalMs = Math.max(beforeMs, each.ownMs);
      beforeMs = each.arrivalMs;
    }
    this.#untold = 0;
    this.#lastArrivalMs = beforeMs;
    if (this.#deliveryTimer === undefined) return;
    clock.clearTimer(this.#deliveryTimer);
    this.#deliveryTimer = undefined;
    this.#proceedToNext();
  }

  #deliverFirst(): void {
    const first = this.#travelling[0];
    if (first === undefined || this.#options.wire.isHeld || this.#options.isPaused()) return;
    const waitMs = first.arrivalMs - this.#options.clock.monotonicMs();
    if (waitMs > ROUNDING_MS) return this.proceed(waitMs);
    this.#travelling.shift();
    this.#travellingBytes -= sizeOf(first.packet);
    if (first.isUntold) this.#untold -= 1;
    // Before the delivery, since that may end the connection or throw.
    this.#proceedToNext();
    this.#openWindow();
    this.#options.deliver(first.packet);
  }

  #proceedToNext(): void {
    const next = this.#travelling[0];
    if (next !== undefined) this.proceed(Math.max(0, next.arrivalMs - this.#options.clock.monotonicMs()));
  }

  /** The sender learns one latency later that there is room again. */
  #openWindow(): void {
    if (this.#waiting.length === 0 || this.#windowTimer !== undefined) return;
    this.#windowTimer = this.#options.clock.setTimer(this.#options.wire.latencyMs(), () => {
      this.#windowTimer = undefined;
      const before = this.#waitingBytes;
      this.#fillKernel();
      if (this.#waitingBytes < before) this.#options.drained();
    });
  }
}

function sizeOf(packet: Packet): number {
  return packet.type === 'message' ? packet.bytes.length : 0;
}
