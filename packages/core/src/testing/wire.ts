import { recoveryMs, segmentsOf, TIMEOUT_MS_MIN, toldMs } from './loss-recovery.js';
import type { Latency, NetworkConditions, Uplink } from './network-conditions.js';

/** Each further timeout doubles the wait, up to this. */
const RETRANSMISSION_MS_MAX = 120_000;

/** What became of a flight: `untold` where its last segment was lost and only a timeout, or what is sent next, tells of that; `silent` where that is all of it. */
export type Fate = 'whole' | 'lost' | 'untold' | 'silent';

/** Bytes that left together. */
export interface Flight {
  /** How much later than by the latency alone all of them arrive: the line is busy, and segments are lost and sent again. */
  readonly delayMs: number;
  readonly fate: Fate;
}

const WHOLE: Flight = { delayMs: 0, fate: 'whole' };

/** One direction between two hosts, with what its pipe asks for every packet kept at hand. */
export class Wire {
  readonly #conditions: NetworkConditions;
  readonly #from: string;
  readonly #to: string;
  readonly #uplink: Uplink | undefined;
  #version = -1;
  #latency: Latency = 0;
  #isHeld = false;
  /** Of its own generator of losses (mulberry32): what other wires draw must not change what this one does. */
  #lossState: number;

  constructor(conditions: NetworkConditions, from: string, to: string, lossSeed: number) {
    this.#conditions = conditions;
    this.#from = from;
    this.#to = to;
    this.#uplink = conditions.bytesPerSecond === Infinity ? undefined : conditions.uplink(from);
    this.#lossState = lossSeed;
  }

  /** Draws how long the next packet travels. */
  latencyMs(): number {
    this.#refresh();
    return this.#drawMs();
  }

  /** Whether nothing arrives now: cut off, or not read. */
  get isHeld(): boolean {
    this.#refresh();
    return this.#isHeld;
  }

  /** So many bytes leave now. */
  flight(bytes: number, nowMs: number): Flight {
    const lineMs = this.#lineMs(bytes, nowMs);
    const { delayMs, fate } = this.#conditions.loss > 0 ? this.#loss(bytes) : WHOLE;
    return { delayMs: lineMs + delayMs, fate };
  }

  /** When what was lost untold arrives once something is sent after it, from then on. */
  toldMs(): number {
    return toldMs(this.#roundTripMs()) + this.latencyMs();
  }

  /** When TCP tries again what has not arrived for so long, from now. */
  retryMs(heldMs: number): number {
    let triedMs = 0;
    let waitMs = this.#retransmissionMs();
    for (; triedMs < heldMs; waitMs = Math.min(RETRANSMISSION_MS_MAX, 2 * waitMs)) triedMs += waitMs;
    return triedMs - heldMs + this.latencyMs();
  }

  #lineMs(bytes: number, nowMs: number): number {
    if (this.#uplink === undefined) return 0;
    const doneMs = Math.max(nowMs, this.#uplink.freeMs) + (1_000 * bytes) / this.#conditions.bytesPerSecond;
    this.#uplink.freeMs = doneMs;
    return doneMs - nowMs;
  }

  #loss(bytes: number): Flight {
    const { loss } = this.#conditions;
    const segments = segmentsOf(bytes);
    if (this.#unit() >= 1 - (1 - loss) ** segments) return WHOLE;
    const behind = Math.floor(this.#unit() * segments);
    let delayMs = recoveryMs(segments, behind, this.#roundTripMs());
    let fate: Fate = behind > 0 ? 'lost' : segments > 1 ? 'untold' : 'silent';
    // What is sent again may be lost again: nothing tells of that but the timeout.
    let waitMs = this.#retransmissionMs();
    for (; delayMs < RETRANSMISSION_MS_MAX && this.#unit() < loss; waitMs *= 2) {
      delayMs += waitMs;
      fate = 'lost';
    }
    return { delayMs, fate };
  }

  #retransmissionMs(): number {
    return TIMEOUT_MS_MIN + this.#roundTripMs();
  }

  #roundTripMs(): number {
    this.#refresh();
    return 2 * (typeof this.#latency === 'number' ? this.#latency : 0);
  }

  #drawMs(): number {
    const latency = this.#latency;
    return Math.max(0, typeof latency === 'number' ? latency : latency(this.#conditions.random));
  }

  #refresh(): void {
    const { version } = this.#conditions;
    if (version === this.#version) return;
    this.#version = version;
    this.#latency = this.#conditions.latency(this.#from, this.#to);
    this.#isHeld =
      this.#conditions.isCut(this.#from, this.#to) || this.#conditions.isStalled(this.#from, this.#to);
  }

  #unit(): number {
    this.#lossState = (this.#lossState + 0x6d2b_79f5) | 0;
    let value = Math.imul(this.#lossState ^ (this.#lossState >>> 15), 1 | this.#lossState);
    value ^= value + Math.imul(value ^ (value >>> 7), 61 | value);
    return ((value ^ (value >>> 14)) >>> 0) / 0x1_0000_0000;
  }
}
