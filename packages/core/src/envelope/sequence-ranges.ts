import { without, type Spans } from '../tree/spans.js';

/** Gaps that one sequence space may have open; with more, the oldest gap is given up: its messages count as seen. */
export const SEQUENCE_RANGES_MAX = 64;

interface Range {
  first: number;
  last: number;
}

/** Which sequence numbers of one space were seen: all up to a floor, and at most 64 ranges above it. */
export class SequenceRanges {
  #floor = -1;
  readonly #ranges: Range[] = [];

  constructor(floor = -1) {
    this.#floor = floor;
  }

  /** Everything up to this number counts as seen. */
  get floor(): number {
    return this.#floor;
  }

  has(sequence: number): boolean {
    if (sequence <= this.#floor) return true;
    for (let at = this.#ranges.length - 1; at >= 0; at -= 1) {
      const range = this.#ranges[at];
      if (range === undefined || sequence > range.last) return false;
      if (sequence >= range.first) return true;
    }
    return false;
  }

  /** What of some runs was not seen. */
  lacking(spans: Spans): Spans {
    return without(spans, [{ first: 0, last: this.#floor }, ...this.#ranges]);
  }

  /** Marks a number; false when it was marked before. */
  mark(sequence: number): boolean {
    if (this.has(sequence)) return false;
    if (sequence === this.#floor + 1) {
      this.#floor = sequence;
      this.#absorbFirst();
      return true;
    }
    this.#insert(sequence);
    if (this.#ranges.length > SEQUENCE_RANGES_MAX) this.#giveUpOldestGap();
    return true;
  }

  #insert(sequence: number): void {
    let at = this.#ranges.length;
    while (at > 0 && (this.#ranges[at - 1]?.first ?? 0) > sequence) at -= 1;
    const before = this.#ranges[at - 1];
    const after = this.#ranges[at];
    const joinsBefore = before !== undefined && before.last === sequence - 1;
    const joinsAfter = after !== undefined && after.first === sequence + 1;
    if (joinsBefore && joinsAfter) {
      before.last = after.last;
      this.#ranges.splice(at, 1);
    } else if (joinsBefore) before.last = sequence;
    else if (joinsAfter) after.first = sequence;
    else this.#ranges.splice(at, 0, { first: sequence, last: sequence });
  }

  #absorbFirst(): void {
    const first = this.#ranges[0];
    if (first === undefined || first.first !== this.#floor + 1) return;
    this.#floor = first.last;
    this.#ranges.shift();
  }

  #giveUpOldestGap(): void {
    const first = this.#ranges.shift();
    if (first !== undefined) this.#floor = first.last;
  }
}
