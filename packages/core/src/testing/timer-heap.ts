/** A timer of the virtual clock; without callback it was cleared or has fired. */
export interface VirtualTimer {
  readonly atMs: number;
  /** Timers of the same time fire in this order. */
  readonly order: number;
  callback: (() => void) | undefined;
}

/** Below this many there is no point in sweeping cleared timers out. */
const SWEEP_SIZE_MIN = 64;

/** A binary heap of timers, earliest first; cleared ones are swept out when they are more than half. */
export class TimerHeap {
  #timers: VirtualTimer[] = [];
  #cleared = 0;

  /** Timers that will fire. */
  get size(): number {
    return this.#timers.length - this.#cleared;
  }

  push(timer: VirtualTimer): void {
    this.#timers.push(timer);
    this.#rise(this.#timers.length - 1);
  }

  clear(timer: VirtualTimer): void {
    if (timer.callback === undefined) return;
    timer.callback = undefined;
    this.#cleared += 1;
    if (this.#timers.length > SWEEP_SIZE_MIN && this.#cleared > this.#timers.length / 2) this.#sweep();
  }

  /** The time of the earliest timer. */
  nextMs(): number | undefined {
    this.#dropCleared();
    return this.#timers[0]?.atMs;
  }

  /** Takes the earliest timer's callback out. */
  pop(): (() => void) | undefined {
    this.#dropCleared();
    const timer = this.#takeFirst();
    const callback = timer?.callback;
    if (timer !== undefined) timer.callback = undefined;
    return callback;
  }

  #dropCleared(): void {
    for (
      let first = this.#timers[0];
      first !== undefined && first.callback === undefined;
      first = this.#timers[0]
    ) {
      this.#takeFirst();
      this.#cleared -= 1;
    }
  }

  #takeFirst(): VirtualTimer | undefined {
    const first = this.#timers[0];
    const last = this.#timers.pop();
    if (last !== undefined && last !== first) {
      this.#timers[0] = last;
      this.#sink(0);
    }
    return first;
  }

  #sweep(): void {
    // A sorted list is a heap.
    this.#timers = this.#timers.filter((timer) => timer.callback !== undefined);
    this.#timers.sort((a, b) => (isBefore(a, b) ? -1 : 1));
    this.#cleared = 0;
  }

  #rise(from: number): void {
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >>> 1;
      if (!this.#swapIfBefore(index, parent)) return;
      index = parent;
    }
  }

  #sink(from: number): void {
    let index = from;
    for (;;) {
      const left = 2 * index + 1;
      const child = this.#isBeforeAt(left + 1, left) ? left + 1 : left;
      if (!this.#swapIfBefore(child, index)) return;
      index = child;
    }
  }

  #isBeforeAt(one: number, other: number): boolean {
    const a = this.#timers[one];
    const b = this.#timers[other];
    return a !== undefined && b !== undefined && isBefore(a, b);
  }

  #swapIfBefore(lower: number, upper: number): boolean {
    const a = this.#timers[lower];
    const b = this.#timers[upper];
    if (a === undefined || b === undefined || !isBefore(a, b)) return false;
    this.#timers[lower] = b;
    this.#timers[upper] = a;
    return true;
  }
}

function isBefore(a: VirtualTimer, b: VirtualTimer): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
