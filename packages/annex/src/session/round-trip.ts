/** Before the first sample (RFC 9002, 6.2.2). */
const INITIAL_RTT_MS = 333;
/** How exactly timers are kept. */
export const GRANULARITY_MS = 1;
/** How long the other end may hold an acknowledgement back. */
export const ACK_DELAY_MS_MAX = 25;
/** Of the round trip, how late a record may be before it counts as lost. */
const TIME_THRESHOLD = 9 / 8;

/** Smoothed round trips, as RFC 9002 section 5 says. */
export class RoundTrip {
  #latestMs = INITIAL_RTT_MS;
  #smoothedMs = INITIAL_RTT_MS;
  #varianceMs = INITIAL_RTT_MS / 2;
  #leastMs: number | undefined;

  get smoothedMs(): number {
    return this.#smoothedMs;
  }

  /** Undefined until the first sample. */
  get measuredMs(): number | undefined {
    return this.#leastMs === undefined ? undefined : this.#smoothedMs;
  }

  get lossDelayMs(): number {
    return Math.max(TIME_THRESHOLD * Math.max(this.#smoothedMs, this.#latestMs), GRANULARITY_MS);
  }

  /** When to probe if no acknowledgement comes. */
  get probeMs(): number {
    return this.#smoothedMs + Math.max(4 * this.#varianceMs, GRANULARITY_MS) + ACK_DELAY_MS_MAX;
  }

  sample(latestMs: number, ackDelayMs: number): void {
    this.#latestMs = latestMs;
    if (this.#leastMs === undefined) {
      this.#leastMs = latestMs;
      this.#smoothedMs = latestMs;
      this.#varianceMs = latestMs / 2;
      return;
    }
    this.#leastMs = Math.min(this.#leastMs, latestMs);
    const delayMs = Math.min(ackDelayMs, ACK_DELAY_MS_MAX);
    const adjustedMs = latestMs >= this.#leastMs + delayMs ? latestMs - delayMs : latestMs;
    this.#varianceMs = 0.75 * this.#varianceMs + 0.25 * Math.abs(this.#smoothedMs - adjustedMs);
    this.#smoothedMs = 0.875 * this.#smoothedMs + 0.125 * adjustedMs;
  }
}
