import { CodedError } from './coded-error.js';
import {
  requireStoreKey,
  type Store,
  type StoreEntry,
  type StoreErrorCode,
  type StoreOperation,
  type StoreRange,
} from './store.js';

/** Limits of {@link memoryStore}. */
export interface MemoryStoreOptions {
  /** Entries held; a further one rejects with STORE_FULL. @default 65,536 */
  readonly entriesMax?: number;
  /** Bytes of keys and values held; more rejects with STORE_FULL. @default 67,108,864 (64 MiB) */
  readonly bytesMax?: number;
}

const ENTRIES_MAX_DEFAULT = 65_536; // As many origins as the replay state holds.
const BYTES_MAX_DEFAULT = 67_108_864; // A phone can spare it; a node that needs more uses the disk.

/** A store in memory, gone with the process. Values are copied on the way in and out. */
export function memoryStore(options: MemoryStoreOptions = {}): Store {
  const store = new MemoryStore(options);
  return {
    get: async (key) => store.get(key),
    put: async (key, value) => store.apply([{ type: 'put', key, value }]),
    delete: async (key) => store.apply([{ type: 'delete', key }]),
    batch: async (operations) => store.apply(operations),
    async *range(range = {}) {
      for (const [key, value] of store.select(range)) yield [key, value.slice()] satisfies StoreEntry;
    },
  };
}

class MemoryStore {
  readonly #entriesMax: number;
  readonly #bytesMax: number;
  readonly #values = new Map<string, Uint8Array>();
  #bytes = 0;
  /** The keys in order; undefined after a key came or went. */
  #sortedKeys: string[] | undefined;

  constructor(options: MemoryStoreOptions) {
    this.#entriesMax = options.entriesMax ?? ENTRIES_MAX_DEFAULT;
    this.#bytesMax = options.bytesMax ?? BYTES_MAX_DEFAULT;
  }

  get(key: string): Uint8Array | undefined {
    requireStoreKey(key);
    return this.#values.get(key)?.slice();
  }

  apply(operations: readonly StoreOperation[]): void {
    // The outcome per key first: nothing may change when the whole does not fit.
    const outcomes = new Map<string, Uint8Array | undefined>();
    for (const operation of operations) {
      requireStoreKey(operation.key);
      outcomes.set(operation.key, operation.type === 'put' ? operation.value : undefined);
    }
    const growth = this.#growthOf(outcomes);
    if (growth.bytes > 0 && this.#bytes + growth.bytes > this.#bytesMax)
      throw full(`${this.#bytesMax} bytes`);
    if (growth.entries > 0 && this.#values.size + growth.entries > this.#entriesMax) {
      throw full(`${this.#entriesMax} entries`);
    }
    for (const [key, value] of outcomes) this.#change(key, value);
    this.#bytes += growth.bytes;
  }

  select({ gte, lt, limit = Infinity, reverse = false }: StoreRange): StoreEntry[] {
    this.#sortedKeys ??= [...this.#values.keys()].sort();
    const start = gte === undefined ? 0 : firstAtLeast(this.#sortedKeys, gte);
    const end = lt === undefined ? this.#sortedKeys.length : firstAtLeast(this.#sortedKeys, lt);
    const keys = this.#sortedKeys.slice(start, end);
    if (reverse) keys.reverse();
    const entries: StoreEntry[] = [];
    for (const key of keys) {
      if (entries.length >= limit) break;
      const value = this.#values.get(key);
      if (value !== undefined) entries.push([key, value]);
    }
    return entries;
  }

  #growthOf(outcomes: ReadonlyMap<string, Uint8Array | undefined>): { entries: number; bytes: number } {
    const growth = { entries: 0, bytes: 0 };
    for (const [key, value] of outcomes) {
      const old = this.#values.get(key);
      growth.entries += (value === undefined ? 0 : 1) - (old === undefined ? 0 : 1);
      growth.bytes += sizeOf(key, value) - sizeOf(key, old);
    }
    return growth;
  }

  #change(key: string, value: Uint8Array | undefined): void {
    if (this.#values.has(key) !== (value !== undefined)) this.#sortedKeys = undefined;
    if (value === undefined) this.#values.delete(key);
    else this.#values.set(key, value.slice());
  }
}

function full(limit: string): CodedError<StoreErrorCode> {
  return new CodedError(
    'STORE_FULL',
    `the store would exceed its ${limit}; delete something or raise the limit`,
  );
}

function sizeOf(key: string, value: Uint8Array | undefined): number {
  return value === undefined ? 0 : key.length + value.length;
}

function firstAtLeast(keys: readonly string[], bound: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? '') < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
