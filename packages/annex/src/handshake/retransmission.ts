/** When an unanswered message is sent again, after its first sending. */
const RETRANSMIT_MS = [500, 1_500, 3_500, 7_500] as const;

/** One message that is sent again, the same bytes, until it is answered. */
export class Retransmission {
  readonly bytes: Uint8Array;
  readonly #sentMs: number;
  #count = 0;

  constructor(bytes: Uint8Array, nowMs: number) {
    this.bytes = bytes;
    this.#sentMs = nowMs;
  }

  /** When it is due again; Infinity after the last time. */
  get dueMs(): number {
    return this.#sentMs + (RETRANSMIT_MS[this.#count] ?? Infinity);
  }

  /** Whether it is to be sent now; if so it is due again later. */
  take(nowMs: number): boolean {
    if (nowMs < this.dueMs) return false;
    this.#count += 1;
    return true;
  }
}
