import { BoundedMap } from './bounded-map.js';

/**
 * Entries that one window may hold unless its maker says fewer. Up to this limit the window is exact; above it, takes
 * within 1/4,096 of the window share an entry that counts as late as its last take: memory stays at 64 KiB and a refusal
 * comes at most that early.
 */
const ENTRIES_MAX = 4_096;

/** Entries allocated at first; the ring doubles up to what the limit needs, so an idle key stays small. */
const ENTRIES_AT_FIRST = 4;

/**
 * A true sliding window: in no half-open interval of `windowMs`, whatever its phase, is a cost of more than `limit`
 * admitted. O(1) amortised; memory is bounded by the limit and by `entriesMax` entries of 16 bytes, beyond which a refusal
 * may come up to `windowMs / entriesMax` too early.
 */
export class SlidingWindow {
  readonly limit: number;
  readonly windowMs: number;
  readonly #sharedMs: number;
  readonly #capacityMax: number;
  // A ring of pairs (time, cost), oldest at #head.
  #ring: number[] = [];
  #capacity = 0;
  #head = 0;
  #length = 0;
  #used = 0;
  #newestMs = -Infinity;

  /** @throws RangeError unless limit is an integer ≥ 0, windowMs a number > 0 and entriesMax an integer ≥ 1. */
  constructor(limit: number, windowMs: number, entriesMax = ENTRIES_MAX) {
    if (!Number.isSafeInteger(limit) || limit < 0)
      throw new RangeError(`limit must be an integer >= 0, not ${limit}`);
    if (!(windowMs > 0 && windowMs < Infinity))
      throw new RangeError(`windowMs must be more than 0, not ${windowMs}`);
    if (!Number.isSafeInteger(entriesMax) || entriesMax < 1)
      throw new RangeError(`entriesMax must be an integer >= 1, not ${entriesMax}`);
    this.limit = limit;
    this.windowMs = windowMs;
    this.#sharedMs = limit > entriesMax ? windowMs / entriesMax : 0;
    // Two more than entriesMax, since a window may begin and end inside a shared entry.
    this.#capacityMax = Math.min(limit, entriesMax + 2);
  }

  /**
   * Admits `cost` (an integer ≥ 0) and remembers it, or answers false and remembers nothing. Time that goes back counts
   * as standing still.
   * @throws RangeError for a cost that is no integer ≥ 0.
   */
  take(nowMs: number, cost = 1): boolean {
    if (!Number.isSafeInteger(cost) || cost < 0)
      throw new RangeError(`cost must be an integer >= 0, not ${cost}`);
    this.#expire(nowMs);
    if (this.#used + cost > this.limit) return false;
    if (cost > 0) this.#remember(nowMs > this.#newestMs ? nowMs : this.#newestMs, cost);
    return true;
  }

  /** Cost that the window still admits. */
  remaining(nowMs: number): number {
    this.#expire(nowMs);
    return this.limit - this.#used;
  }

  /** Milliseconds until `cost` would be admitted: 0 for at once, Infinity when it is more than the limit. */
  retryAfterMs(nowMs: number, cost = 1): number {
    if (cost > this.limit) return Infinity;
    this.#expire(nowMs);
    let excess = this.#used + cost - this.limit;
    for (let index = 0; excess > 0 && index < this.#length; index += 1) {
      const slot = this.#slot(index);
      excess -= this.#ring[slot + 1] ?? 0;
      if (excess <= 0) return Math.max(0, (this.#ring[slot] ?? 0) + this.windowMs - nowMs);
    }
    return 0;
  }

  #slot(index: number): number {
    const position = this.#head + index;
    return 2 * (position < this.#capacity ? position : position - this.#capacity);
  }

  #expire(nowMs: number): void {
    // The sum, and not a difference, so that retryAfterMs meets the very same bound in floating point.
    while (this.#length > 0 && (this.#ring[2 * this.#head] ?? 0) + this.windowMs <= nowMs) {
      this.#used -= this.#ring[2 * this.#head + 1] ?? 0;
      this.#head = this.#head + 1 === this.#capacity ? 0 : this.#head + 1;
      this.#length -= 1;
    }
  }

  #remember(timeMs: number, cost: number): void {
    this.#used += cost;
    const isShared = this.#length > 0 && this.#sharesEntry(timeMs);
    this.#newestMs = timeMs;
    if (isShared) {
      const slot = this.#slot(this.#length - 1);
      this.#ring[slot] = timeMs;
      this.#ring[slot + 1] = (this.#ring[slot + 1] ?? 0) + cost;
      return;
    }
    if (this.#length === this.#capacity) this.#grow();
    const slot = this.#slot(this.#length);
    this.#ring[slot] = timeMs;
    this.#ring[slot + 1] = cost;
    this.#length += 1;
  }

  #sharesEntry(timeMs: number): boolean {
    if (this.#sharedMs === 0) return timeMs === this.#newestMs;
    return Math.floor(timeMs / this.#sharedMs) === Math.floor(this.#newestMs / this.#sharedMs);
  }

  #grow(): void {
    const capacity = Math.min(Math.max(2 * this.#capacity, ENTRIES_AT_FIRST), this.#capacityMax);
    const ring = new Array<number>(2 * capacity).fill(0);
    for (let index = 0; index < this.#length; index += 1) {
      const slot = this.#slot(index);
      ring[2 * index] = this.#ring[slot] ?? 0;
      ring[2 * index + 1] = this.#ring[slot + 1] ?? 0;
    }
    this.#ring = ring;
    this.#capacity = capacity;
    this.#head = 0;
  }
}

/**
 * One sliding window a key, for at most `keysMax` keys. A further key evicts the one that asked longest ago, whose count
 * is then forgotten: choose keysMax beyond what one attacker can own, or put a window over a wider key in front.
 */
export class KeyedSlidingWindow {
  readonly #limit: number;
  readonly #windowMs: number;
  readonly #entriesMax: number;
  readonly #windows: BoundedMap<string, SlidingWindow>;

  /** @throws RangeError as SlidingWindow and BoundedMap do. */
  constructor(limit: number, windowMs: number, keysMax: number, entriesMax = ENTRIES_MAX) {
    new SlidingWindow(limit, windowMs, entriesMax);
    this.#limit = limit;
    this.#windowMs = windowMs;
    this.#entriesMax = entriesMax;
    this.#windows = new BoundedMap(keysMax, { touchOnGet: true });
  }

  get size(): number {
    return this.#windows.size;
  }

  /** As {@link SlidingWindow.take}, in the window of this key. */
  take(key: string, nowMs: number, cost = 1): boolean {
    let window = this.#windows.get(key);
    if (window === undefined) {
      window = new SlidingWindow(this.#limit, this.#windowMs, this.#entriesMax);
      this.#windows.set(key, window);
    }
    return window.take(nowMs, cost);
  }

  /** As {@link SlidingWindow.retryAfterMs}; 0 for a key that is not known. */
  retryAfterMs(key: string, nowMs: number, cost = 1): number {
    if (cost > this.#limit) return Infinity;
    return this.#windows.peek(key)?.retryAfterMs(nowMs, cost) ?? 0;
  }

  /** Forgets what a key has used, as when its allowance is returned. */
  delete(key: string): boolean {
    return this.#windows.delete(key);
  }

  /** Forgets all keys. */
  clear(): void {
    this.#windows.clear();
  }
}
