/** The largest record: the unit in which windows are counted. */
const UNIT_BYTES = 16_384;
/** Records in flight at first, and after the worst. */
const INITIAL_WINDOW_BYTES = 10 * UNIT_BYTES;
const MINIMUM_WINDOW_BYTES = 2 * UNIT_BYTES;
/** As much as the receive window of a session can grow to. */
const MAXIMUM_WINDOW_BYTES = 33_554_432;
const LOSS_REDUCTION = 0.5;

/** NewReno as RFC 9002 section 7 says; a congestion mark counts like a loss. */
export class Congestion {
  #windowBytes = INITIAL_WINDOW_BYTES;
  #thresholdBytes = Infinity;
  #recoveryStartMs = -Infinity;

  get windowBytes(): number {
    return this.#windowBytes;
  }

  acknowledged(bytes: number, sentMs: number, isLimitedByUs: boolean): void {
    // A window that is not used up says nothing of the path.
    if (isLimitedByUs || sentMs <= this.#recoveryStartMs) return;
    const isSlowStart = this.#windowBytes < this.#thresholdBytes;
    const growth = isSlowStart ? bytes : (UNIT_BYTES * bytes) / this.#windowBytes;
    this.#windowBytes = Math.min(MAXIMUM_WINDOW_BYTES, this.#windowBytes + growth);
  }

  /** A record sent then was lost or marked: once a round trip the window is halved. */
  congested(sentMs: number, nowMs: number): void {
    if (sentMs <= this.#recoveryStartMs) return;
    this.#recoveryStartMs = nowMs;
    this.#thresholdBytes = Math.max(MINIMUM_WINDOW_BYTES, this.#windowBytes * LOSS_REDUCTION);
    this.#windowBytes = this.#thresholdBytes;
  }

  /** Everything for two probes and more was lost: the path is a new one. */
  collapsed(): void {
    this.#windowBytes = MINIMUM_WINDOW_BYTES;
    this.#recoveryStartMs = -Infinity;
  }
}
