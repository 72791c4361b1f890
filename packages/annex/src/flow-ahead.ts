import { BULK_RECORD_BYTES, RECORD_BYTES_MAX } from './record/padding.js';
import { PATH_RECORD_BYTES } from './session/limits.js';

/** Bytes that a flow holds before we wait: eight full records, or two for bulk, and less than half of what it takes, so that our own queue never looks congested. */
const FLOW_AHEAD_BYTES = 8 * (RECORD_BYTES_MAX + PATH_RECORD_BYTES);
/** The same for a neighbour whose line is quick: eight records for bulk, and less than half of what such a flow takes. */
const QUICK_AHEAD_BYTES = 8 * (BULK_RECORD_BYTES + PATH_RECORD_BYTES);
/** A line that takes in this time what we hold ready for it is quick: 26 MB/s for all of it. */
const QUICK_MS = 20;

/** How much a session hands to a flow before it waits. What was handed over cannot be overtaken by what the application says later, so it is more only where it leaves at once. */
export class FlowAhead {
  #bytes = FLOW_AHEAD_BYTES;
  #handedBytes = 0;
  #sinceMs = 0;

  /** So many bytes, where the flow takes records of that length. */
  bytes(recordBytesMax: number): number {
    return recordBytesMax < BULK_RECORD_BYTES ? FLOW_AHEAD_BYTES : this.#bytes;
  }

  /** The flow has taken a record. */
  handed(bytes: number, nowMs: number): void {
    if (this.#handedBytes === 0) this.#sinceMs = nowMs;
    this.#handedBytes += bytes;
  }

  /** It has passed all of them on, or takes again after it had refused. What was used doubles where it left at once, and halves where it did not. */
  drained(nowMs: number): void {
    const isUsed = 2 * this.#handedBytes >= this.#bytes;
    const isQuick = nowMs - this.#sinceMs <= QUICK_MS;
    if (isUsed && isQuick) this.#bytes = Math.min(QUICK_AHEAD_BYTES, 2 * this.#bytes);
    if (!isQuick) this.#bytes = Math.max(FLOW_AHEAD_BYTES, this.#bytes / 2);
    this.#handedBytes = 0;
  }
}
