import { encodeCredit } from './control-frames.js';
import { CreditGranter } from './credit.js';
import { ACKNOWLEDGE_DELAY_MS, CREDIT_BYTES_MIN } from './link-limits.js';

/** The receiving side of a link's credit: counts what comes in and is dealt with, and says when the peer must hear of it. */
export class Acknowledger {
  readonly #granter = new CreditGranter(CREDIT_BYTES_MIN);
  #dueMs: number | undefined;
  #acknowledgedBytes = 0;

  /** When the next CREDIT frame is due. */
  get deadlineMs(): number | undefined {
    return this.#dueMs;
  }

  /** Counts charged bytes that came in; false when the peer had no credit for them. */
  receive(bytes: number, nowMs: number): boolean {
    if (!this.#granter.receive(bytes)) return false;
    const isMuch = this.#granter.receivedBytes - this.#acknowledgedBytes >= this.#granter.newsBytes;
    if (isMuch) this.#dueMs = nowMs;
    else this.#dueMs ??= nowMs + ACKNOWLEDGE_DELAY_MS;
    return true;
  }

  /** A frame is being put together from so many bytes: its end must not wait for credit that only its end frees. */
  assembling(bytes: number, nowMs: number): void {
    this.#granter.assembling(bytes);
    if (this.#granter.isNewsworthy) this.#dueMs = nowMs;
  }

  consume(bytes: number, nowMs: number, rttMs: number | undefined): void {
    this.#granter.consume(bytes, nowMs, rttMs);
    if (this.#granter.isNewsworthy) this.#dueMs = nowMs;
  }

  /** The CREDIT frame, once it is due. */
  frame(nowMs: number): Uint8Array | undefined {
    if (this.#dueMs === undefined || nowMs < this.#dueMs) return undefined;
    this.#dueMs = undefined;
    this.#acknowledgedBytes = this.#granter.receivedBytes;
    return encodeCredit(this.#granter.receivedBytes, this.#granter.announce());
  }
}
