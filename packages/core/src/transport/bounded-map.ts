/** Options of {@link BoundedMap}. */
export interface BoundedMapOptions<Key, Value> {
  /** Told of each entry that had to leave for a new one; not of deleted ones. */
  readonly onEvict?: (key: Key, value: Value) => void;
  /** Whether `get` counts as use too, which makes it a least-recently-used cache. @default false */
  readonly touchOnGet?: boolean;
}

interface Entry<Key, Value> {
  key: Key;
  value: Value;
  older: Entry<Key, Value> | undefined;
  newer: Entry<Key, Value> | undefined;
}

/**
 * A map that holds at most `limit` entries: setting a further key evicts the oldest one. Setting makes a key the newest.
 * Every operation but listing is O(1). The order is kept in a list of our own, because finding the first key of a Map
 * walks over all that were deleted before it.
 */
export class BoundedMap<Key, Value> {
  readonly limit: number;
  readonly #entries = new Map<Key, Entry<Key, Value>>();
  readonly #onEvict: ((key: Key, value: Value) => void) | undefined;
  readonly #touchOnGet: boolean;
  #oldest: Entry<Key, Value> | undefined;
  #newest: Entry<Key, Value> | undefined;

  /** @throws RangeError unless limit is an integer in 1..2²⁴, which is what a Map can hold. */
  constructor(limit: number, options: BoundedMapOptions<Key, Value> = {}) {
    if (!Number.isInteger(limit) || limit < 1 || limit > 0x100_0000) {
      throw new RangeError(`a BoundedMap takes a limit in 1..2^24, not ${limit}`);
    }
    this.limit = limit;
    this.#onEvict = options.onEvict;
    this.#touchOnGet = options.touchOnGet ?? false;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Whether the key is there; it grows no younger. */
  has(key: Key): boolean {
    return this.#entries.has(key);
  }

  /** The value of a key; with `touchOnGet` the key becomes the newest. */
  get(key: Key): Value | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (this.#touchOnGet) this.#touch(entry);
    return entry.value;
  }

  /** As `get`, without counting as use. */
  peek(key: Key): Value | undefined {
    return this.#entries.get(key)?.value;
  }

  /** Sets a value; the oldest entry leaves when there is no room. */
  set(key: Key, value: Value): this {
    const known = this.#entries.get(key);
    if (known !== undefined) {
      known.value = value;
      this.#touch(known);
      return this;
    }
    const oldest = this.#entries.size >= this.limit ? this.#oldest : undefined;
    if (oldest !== undefined) return this.#replace(oldest, key, value);
    const entry = { key, value, older: undefined, newer: undefined };
    this.#entries.set(key, entry);
    this.#append(entry);
    return this;
  }

  /** Removes a key; true if it was there. */
  delete(key: Key): boolean {
    const entry = this.#entries.get(key);
    if (entry === undefined) return false;
    this.#drop(entry);
    return true;
  }

  /** Removes all. */
  clear(): void {
    this.#entries.clear();
    this.#oldest = undefined;
    this.#newest = undefined;
  }

  /** The entry that would be evicted next: the cheap way to expire by age is to delete the oldest while it is too old. */
  oldest(): readonly [Key, Value] | undefined {
    return this.#oldest && [this.#oldest.key, this.#oldest.value];
  }

  /** A copy of the keys, oldest first. */
  keys(): Key[] {
    return this.entries().map(([key]) => key);
  }

  /** A copy of the values, oldest first. */
  values(): Value[] {
    return this.entries().map(([, value]) => value);
  }

  /** A copy of the entries, oldest first. */
  entries(): [Key, Value][] {
    const entries: [Key, Value][] = [];
    for (let entry = this.#oldest; entry !== undefined; entry = entry.newer)
      entries.push([entry.key, entry.value]);
    return entries;
  }

  /** Walks over a copy, so the map may change meanwhile. */
  [Symbol.iterator](): IterableIterator<[Key, Value]> {
    return this.entries()[Symbol.iterator]();
  }

  // The same entry with another content: under an attack of new keys, a fresh one each would keep the garbage collector busy.
  #replace(entry: Entry<Key, Value>, key: Key, value: Value): this {
    const evicted = { key: entry.key, value: entry.value };
    this.#entries.delete(entry.key);
    entry.key = key;
    entry.value = value;
    this.#entries.set(key, entry);
    this.#touch(entry);
    // Last, so that a hook which uses the map finds it whole.
    this.#onEvict?.(evicted.key, evicted.value);
    return this;
  }

  #touch(entry: Entry<Key, Value>): void {
    if (entry === this.#newest) return;
    this.#unlink(entry);
    this.#append(entry);
  }

  #drop(entry: Entry<Key, Value>): void {
    this.#entries.delete(entry.key);
    this.#unlink(entry);
  }

  #append(entry: Entry<Key, Value>): void {
    entry.older = this.#newest;
    entry.newer = undefined;
    if (this.#newest === undefined) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
  }

  #unlink(entry: Entry<Key, Value>): void {
    if (entry.older === undefined) this.#oldest = entry.newer;
    else entry.older.newer = entry.newer;
    if (entry.newer === undefined) this.#newest = entry.older;
    else entry.newer.older = entry.older;
  }
}
