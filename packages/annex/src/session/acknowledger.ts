import { ACK_RANGES_MAX, FrameKind, type AckFrame } from './frames.js';
import { RangeSet } from './ranges.js';
import { ACK_DELAY_MS_MAX } from './round-trip.js';

/** Records that want an acknowledgement before one is sent at once. */
const RECORDS_PER_ACK = 2;
const DELAY_MS_MAX = 0xffff;
const NOTHING: readonly AckFrame[] = [];

/** What came, and when to say so: every second record, or after 25 ms. */
export class Acknowledger {
  /** The newest two epochs: records of older ones are not opened any more. */
  readonly #epochs = new Map<number, RangeSet>();
  readonly #dirty = new Set<number>();
  #waiting = 0;
  #dueMs: number | undefined;
  #newestMs = 0;
  #marks = 0;

  get deadlineMs(): number | undefined {
    return this.#dueMs;
  }

  isDue(nowMs: number): boolean {
    return this.#dueMs !== undefined && this.#dueMs <= nowMs;
  }

  /** Whether there is anything to acknowledge, due or not. */
  get hasNews(): boolean {
    return this.#dueMs !== undefined;
  }

  received(epoch: number, sequence: number, isEliciting: boolean, isMarked: boolean, nowMs: number): void {
    const known = this.#epochs.get(epoch) ?? this.#add(epoch);
    const expected = known.ranges.at(-1)?.end ?? 0;
    known.add(sequence, sequence + 1);
    known.keepHighest(ACK_RANGES_MAX);
    this.#dirty.add(epoch);
    if (isMarked) this.#marks += 1;
    if (!isEliciting) return;
    this.#newestMs = nowMs;
    this.#waiting += 1;
    const isOutOfOrder = sequence !== expected;
    const isNow = this.#waiting >= RECORDS_PER_ACK || isOutOfOrder || isMarked;
    this.#dueMs = isNow ? nowMs : (this.#dueMs ?? nowMs + ACK_DELAY_MS_MAX);
  }

  /** The acknowledgements to send now, at most one for each of two epochs. */
  take(nowMs: number): readonly AckFrame[] {
    if (this.#dirty.size === 0) return NOTHING;
    const delayMs = Math.min(DELAY_MS_MAX, Math.max(0, Math.round(nowMs - this.#newestMs)));
    const frames = [...this.#dirty].flatMap((epoch): AckFrame[] => {
      const ranges = this.#epochs.get(epoch)?.ranges ?? [];
      return ranges.length === 0
        ? []
        : [{ kind: FrameKind.ACK, epoch, delayMs, marks: this.#marks, ranges: [...ranges] }];
    });
    this.#dirty.clear();
    this.#waiting = 0;
    this.#dueMs = undefined;
    return frames;
  }

  #add(epoch: number): RangeSet {
    const added = new RangeSet();
    this.#epochs.set(epoch, added);
    for (const known of this.#epochs.keys()) {
      if (known >= epoch - 1) continue;
      this.#epochs.delete(known);
      this.#dirty.delete(known);
    }
    return added;
  }
}
