/** A key and its value; the value is the reader's own copy. */
export type StoreEntry = readonly [key: string, value: Uint8Array];

/** One step of a batch. */
export type StoreOperation =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'delete'; readonly key: string };

/** Which entries a walk visits. */
export interface StoreRange {
  /** First key wanted. @default from the first */
  readonly gte?: string | undefined;
  /** First key not wanted. @default to the last */
  readonly lt?: string | undefined;
  /** @default all */
  readonly limit?: number | undefined;
  /** From the last key to the first. @default false */
  readonly reverse?: boolean | undefined;
}

/** STORE_FULL: a limit would be exceeded. STORE_FAILED: the medium refused; `cause` says why. STORE_CLOSED: closed. */
export type StoreErrorCode = 'STORE_FULL' | 'STORE_FAILED' | 'STORE_CLOSED';

/** How a batch is written. */
export interface StoreBatchOptions {
  /** Whether it resolves only once the data would survive a loss of power. @default false */
  readonly sync?: boolean | undefined;
}

/** Bytes under keys. Keys are 1 to 512 characters of printable ASCII (a TypeError otherwise) and sort by these. */
export interface Store {
  /** The value of a key, a copy; undefined when there is none. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** Keeps a copy. */
  put(key: string, value: Uint8Array): Promise<void>;
  /** A key that is not there is fine. */
  delete(key: string): Promise<void>;
  /** All or nothing, in order. With `sync` it resolves once the data would survive a loss of power. @default sync false */
  batch(operations: readonly StoreOperation[], options?: StoreBatchOptions): Promise<void>;
  /** The entries as they were when the walk began, in the order of their keys. */
  range(range?: StoreRange): AsyncIterable<StoreEntry>;
}

const KEY_PATTERN = /^[\x20-\x7e]{1,512}$/;

/** @throws TypeError for what no store takes as a key. */
export function requireStoreKey(key: string): void {
  if (!KEY_PATTERN.test(key)) throw new TypeError('a store key is 1 to 512 characters of printable ASCII');
}
