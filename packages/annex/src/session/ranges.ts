/** From `start` up to but not including `end`. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Whole numbers as disjoint ranges, in ascending order. */
export class RangeSet {
  #ranges: Range[] = [];

  get ranges(): readonly Range[] {
    return this.#ranges;
  }

  get size(): number {
    return this.#ranges.length;
  }

  /** The end of the range that begins at 0; 0 where none does. */
  get prefix(): number {
    const first = this.#ranges[0];
    return first?.start === 0 ? first.end : 0;
  }

  has(value: number): boolean {
    return this.#ranges.some(({ start, end }) => start <= value && value < end);
  }

  add(start: number, end: number): void {
    if (start >= end) return;
    const ranges = this.#ranges;
    // What comes mostly follows the highest so far.
    const last = ranges.at(-1);
    if (last?.end === start) {
      ranges[ranges.length - 1] = { start: last.start, end };
      return;
    }
    // Or lies near it: look from behind.
    let from = ranges.length;
    while (from > 0 && (ranges[from - 1]?.end ?? 0) >= start) from -= 1;
    let to = from;
    let low = start;
    let high = end;
    for (let next = ranges[to]; next !== undefined && next.start <= end; next = ranges[to]) {
      low = Math.min(low, next.start);
      high = Math.max(high, next.end);
      to += 1;
    }
    ranges.splice(from, to - from, { start: low, end: high });
  }

  remove(start: number, end: number): void {
    if (this.#ranges.length === 0) return;
    this.#ranges = this.#ranges.flatMap((range) => {
      if (range.end <= start || range.start >= end) return [range];
      const left = { start: range.start, end: start };
      const right = { start: end, end: range.end };
      return [left, right].filter((part) => part.start < part.end);
    });
  }

  /** Forgets the lowest ranges until so many are left. */
  keepHighest(count: number): void {
    if (this.#ranges.length > count) this.#ranges.splice(0, this.#ranges.length - count);
  }
}
