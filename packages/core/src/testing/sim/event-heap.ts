/** Children of each node: a flatter heap than a binary one, whose nodes lie side by side in memory. */
const ARITY = 4;
const SIZE_AT_FIRST = 1_024;
/** Handles are generation · 2²⁴ + slot: sixteen million events wait at most. */
const SLOTS_MAX = 0x100_0000;
/** A handle stays below 2⁵³, however often its slot was used. */
const GENERATION_MASK = 0xfff_ffff;
/** Below this many there is no point in sweeping cleared events out. */
const SWEEP_SIZE_MIN = 256;

/** Callbacks by time, those of one time in the order of their pushing. All in typed arrays, so that hundreds of thousands cost the collector nothing. */
export class EventHeap {
  #times = new Float64Array(SIZE_AT_FIRST);
  #orders = new Float64Array(SIZE_AT_FIRST);
  #slots = new Int32Array(SIZE_AT_FIRST);
  #generations = new Uint32Array(SIZE_AT_FIRST);
  readonly #callbacks: ((() => void) | undefined)[] = [];
  readonly #free: number[] = [];
  #length = 0;
  #cleared = 0;
  #order = 0;

  /** Events that will fire. */
  get size(): number {
    return this.#length - this.#cleared;
  }

  /** Answers a handle for `clear`. */
  push(time: number, callback: () => void): number {
    const slot = this.#free.pop() ?? this.#callbacks.length;
    if (slot >= SLOTS_MAX) throw new RangeError(`more than ${SLOTS_MAX} events wait`);
    this.#callbacks[slot] = callback;
    if (this.#length === this.#times.length || slot >= this.#generations.length) this.#grow();
    this.#order += 1;
    this.#rise(this.#length, time, this.#order, slot);
    this.#length += 1;
    return (this.#generations[slot] ?? 0) * SLOTS_MAX + slot;
  }

  /** An event that has fired, or was cleared before, is ignored. */
  clear(handle: number): void {
    const slot = handle % SLOTS_MAX;
    if (this.#generations[slot] !== Math.floor(handle / SLOTS_MAX)) return;
    if (this.#callbacks[slot] === undefined) return;
    this.#callbacks[slot] = undefined;
    this.#cleared += 1;
    if (this.#length > SWEEP_SIZE_MIN && 2 * this.#cleared > this.#length) this.#sweep();
  }

  /** The time of the earliest event; Infinity where none waits. */
  nextTime(): number {
    while (this.#length > 0) {
      if (this.#callbacks[this.#slots[0] ?? 0] !== undefined) return this.#times[0] ?? Infinity;
      this.#takeFirst();
      this.#cleared -= 1;
    }
    return Infinity;
  }

  /** The order of the event that was pushed last. */
  get lastOrder(): number {
    return this.#order;
  }

  /** Takes the earliest event out if it is one of that time and was not pushed later than another; undefined where there is none. */
  popAt(time: number, orderMax: number): (() => void) | undefined {
    if (this.nextTime() !== time || (this.#orders[0] ?? 0) > orderMax) return undefined;
    return this.#takeFirst();
  }

  #takeFirst(): (() => void) | undefined {
    const slot = this.#slots[0] ?? 0;
    const callback = this.#release(slot);
    this.#length -= 1;
    const last = this.#length;
    if (last > 0) this.#sink(0, this.#times[last] ?? 0, this.#orders[last] ?? 0, this.#slots[last] ?? 0);
    return callback;
  }

  #release(slot: number): (() => void) | undefined {
    const callback = this.#callbacks[slot];
    this.#callbacks[slot] = undefined;
    this.#generations[slot] = ((this.#generations[slot] ?? 0) + 1) & GENERATION_MASK;
    this.#free.push(slot);
    return callback;
  }

  #sweep(): void {
    const length = this.#length;
    let kept = 0;
    for (let index = 0; index < length; index += 1) {
      const slot = this.#slots[index] ?? 0;
      if (this.#callbacks[slot] === undefined) this.#release(slot);
      else this.#place(kept++, this.#times[index] ?? 0, this.#orders[index] ?? 0, slot);
    }
    this.#length = kept;
    this.#cleared = 0;
    for (let index = Math.floor((kept - 2) / ARITY); index >= 0; index -= 1) {
      this.#sink(index, this.#times[index] ?? 0, this.#orders[index] ?? 0, this.#slots[index] ?? 0);
    }
  }

  #rise(from: number, time: number, order: number, slot: number): void {
    let index = from;
    while (index > 0) {
      const parent = ((index - 1) / ARITY) | 0;
      if (!this.#isBefore(time, order, parent)) break;
      this.#copy(parent, index);
      index = parent;
    }
    this.#place(index, time, order, slot);
  }

  #sink(from: number, time: number, order: number, slot: number): void {
    let index = from;
    for (;;) {
      const first = ARITY * index + 1;
      if (first >= this.#length) break;
      let least = first;
      const end = Math.min(first + ARITY, this.#length);
      for (let child = first + 1; child < end; child += 1) {
        if (this.#isBefore(this.#times[child] ?? 0, this.#orders[child] ?? 0, least)) least = child;
      }
      if (this.#isBefore(time, order, least)) break;
      this.#copy(least, index);
      index = least;
    }
    this.#place(index, time, order, slot);
  }

  #isBefore(time: number, order: number, other: number): boolean {
    const otherTime = this.#times[other] ?? 0;
    return time < otherTime || (time === otherTime && order < (this.#orders[other] ?? 0));
  }

  #copy(from: number, to: number): void {
    this.#place(to, this.#times[from] ?? 0, this.#orders[from] ?? 0, this.#slots[from] ?? 0);
  }

  #place(index: number, time: number, order: number, slot: number): void {
    this.#times[index] = time;
    this.#orders[index] = order;
    this.#slots[index] = slot;
  }

  #grow(): void {
    const size = 2 * this.#times.length;
    this.#times = grown(new Float64Array(size), this.#times);
    this.#orders = grown(new Float64Array(size), this.#orders);
    this.#slots = grown(new Int32Array(size), this.#slots);
    this.#generations = grown(new Uint32Array(size), this.#generations);
  }
}

function grown<Numbers extends Float64Array | Int32Array | Uint32Array>(
  larger: Numbers,
  before: Numbers,
): Numbers {
  larger.set(before);
  return larger;
}
