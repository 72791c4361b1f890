/** A hybrid logical clock's reading: wall-clock milliseconds and a counter for what happens within one. */
export interface HybridTime {
  /** u48, milliseconds since 1970. */
  readonly timeMs: number;
  /** u16. */
  readonly counter: number;
}

const TIME_MS_MAX = 0xffff_ffff_ffff;
const COUNTER_MAX = 0xffff;

/** Negative where `a` is earlier, positive where it is later. */
export function compareTimes(a: HybridTime, b: HybridTime): number {
  return a.timeMs - b.timeMs || a.counter - b.counter;
}

export function isHybridTime(timeMs: unknown, counter: unknown): boolean {
  return isWithin(timeMs, TIME_MS_MAX) && isWithin(counter, COUNTER_MAX);
}

function isWithin(value: unknown, most: number): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most;
}

/** Gives each write a time after all that this node has written or seen, and near the wall clock where that allows. */
export class HybridClock {
  #last: HybridTime = { timeMs: 0, counter: 0 };

  get last(): HybridTime {
    return this.#last;
  }

  /** A time that is later than every one before. */
  next(nowMs: number): HybridTime {
    this.#last = nowMs > this.#last.timeMs ? { timeMs: nowMs, counter: 0 } : after(this.#last);
    return this.#last;
  }

  /** Takes note of another node's time, which its caller has found not too far ahead. */
  observe(time: HybridTime): void {
    if (compareTimes(time, this.#last) > 0) this.#last = { timeMs: time.timeMs, counter: time.counter };
  }
}

function after({ timeMs, counter }: HybridTime): HybridTime {
  return counter < COUNTER_MAX ? { timeMs, counter: counter + 1 } : { timeMs: timeMs + 1, counter: 0 };
}
