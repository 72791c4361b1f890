import { FrameKind } from '../record/frames.js';
import { encodePing } from './control-frames.js';

/** Pings of one link: one of ours is out at a time, and only the latest of the peer's is answered. */
export class Pinger {
  #id = 0;
  #out: { readonly id: number; readonly sentMs: number } | undefined;
  #asked: number | undefined;

  /** True while a ping of ours is unanswered. */
  get isOut(): boolean {
    return this.#out !== undefined;
  }

  /** A new ping; it replaces one that is still out. */
  ping(nowMs: number): Uint8Array {
    this.#id = (this.#id + 1) >>> 0;
    this.#out = { id: this.#id, sentMs: nowMs };
    return encodePing(FrameKind.PING, this.#id);
  }

  /** The peer asks. A peer that asks without reading the answers costs us one frame. */
  asked(id: number): void {
    this.#asked = id;
  }

  /** The answer that is due, once. */
  takeAnswer(): Uint8Array | undefined {
    if (this.#asked === undefined) return undefined;
    const frame = encodePing(FrameKind.PONG, this.#asked);
    this.#asked = undefined;
    return frame;
  }

  /** Round trip in milliseconds; undefined for an answer to no question of ours. */
  answered(id: number, nowMs: number): number | undefined {
    if (this.#out?.id !== id) return undefined;
    const { sentMs } = this.#out;
    this.#out = undefined;
    return nowMs - sentMs;
  }
}
