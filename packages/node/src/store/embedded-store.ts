import {
  codeOf,
  CodedError,
  requireStoreKey,
  type Store,
  type StoreBatchOptions,
  type StoreEntry,
  type StoreErrorCode,
  type StoreOperation,
  type StoreRange,
} from '@yakmesh/core/transport';
import type { ClassicLevel } from 'classic-level';
import { mkdir } from 'node:fs/promises';
import { NodeError } from '../errors.js';

/** A store on disk. */
export interface EmbeddedStore extends Store {
  /** Ends it, after what is under way; everything rejects with STORE_CLOSED afterwards. Twice is fine. */
  close(): Promise<void>;
}

/** Blocks of the files that are kept in memory. */
const CACHE_BYTES = 8_388_608;
/** What was written last stays in memory so far, and in the log on disk, until it is sorted into a file. */
const WRITE_BUFFER_BYTES = 4_194_304;
/** Files that are open at once; each holds about 2 MiB, so this is plenty for what nodes keep. */
const OPEN_FILES_MAX = 64;
/** Entries that a walk reads at a time. */
const WALK_ENTRIES = 256;
/** Bytes after which such a reading ends early. */
const WALK_BYTES = 262_144;
/** For the owner alone; in the files are the node's acquaintances. */
const FOLDER_MODE = 0o700;

type Level = ClassicLevel<string, Uint8Array>;

/**
 * Opens the store that a folder holds, or makes it. What `batch` has written with `sync` survives a loss of power, all else that was
 * acknowledged the end of the process, however it comes. Rejects with NODE_DATA_IN_USE while another store has the folder open, in
 * this process or another, and with NODE_DATA_UNUSABLE.
 */
export async function openStore(folder: string): Promise<EmbeddedStore> {
  try {
    await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
    // Not loaded before it is needed: the addon is native, and most commands do without.
    const { ClassicLevel } = await import('classic-level');
    const level: Level = new ClassicLevel(folder, { keyEncoding: 'utf8', valueEncoding: 'view' });
    await level.open({
      cacheSize: CACHE_BYTES,
      writeBufferSize: WRITE_BUFFER_BYTES,
      maxOpenFiles: OPEN_FILES_MAX,
    });
    return new LevelStore(level);
  } catch (error) {
    throw openingFailure(folder, error);
  }
}

function openingFailure(folder: string, error: unknown): NodeError {
  const cause = innermost(error);
  if (codeOf(cause) === 'LEVEL_LOCKED') {
    return new NodeError(
      'NODE_DATA_IN_USE',
      `${folder} is open in another process; stop that node (yakmesh stop), or give this one a data directory of its own.`,
      { cause: error },
    );
  }
  const why = cause instanceof Error ? cause.message : String(cause);
  return new NodeError(
    'NODE_DATA_UNUSABLE',
    `${folder} cannot be opened (${why}); see to its owner, mode and disk, or move it away for a node that starts anew.`,
    { cause: error },
  );
}

/** What the addon itself said: the library wraps it. */
function innermost(error: unknown): unknown {
  let inner = error;
  while (inner instanceof Error && inner.cause !== undefined) inner = inner.cause;
  return inner;
}

class LevelStore implements EmbeddedStore {
  readonly #level: Level;
  #closing: Promise<void> | undefined;

  constructor(level: Level) {
    this.#level = level;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    requireStoreKey(key);
    const value = await this.#attempt(() => this.#level.get(key));
    return value === undefined ? undefined : new Uint8Array(value);
  }

  put(key: string, value: Uint8Array): Promise<void> {
    return this.batch([{ type: 'put', key, value }]);
  }

  delete(key: string): Promise<void> {
    return this.batch([{ type: 'delete', key }]);
  }

  async batch(
    operations: readonly StoreOperation[],
    { sync = false }: StoreBatchOptions = {},
  ): Promise<void> {
    for (const { key } of operations) requireStoreKey(key);
    const steps = operations.map((operation) =>
      operation.type === 'put'
        ? { type: 'put' as const, key: operation.key, value: new Uint8Array(operation.value) }
        : { type: 'del' as const, key: operation.key },
    );
    await this.#attempt(() => this.#level.batch(steps, { sync }));
  }

  async *range({ gte, lt, limit = Infinity, reverse = false }: StoreRange = {}): AsyncIterable<StoreEntry> {
    this.#requireOpen();
    // LevelDB takes an empty bound for none.
    if (lt === '') return;
    const bounds = { ...(gte === undefined ? {} : { gte }), ...(lt === undefined ? {} : { lt }) };
    const walk = this.#level.iterator({ ...bounds, limit, reverse, highWaterMarkBytes: WALK_BYTES });
    try {
      for (;;) {
        const entries = await this.#attempt(() => walk.nextv(WALK_ENTRIES));
        if (entries.length === 0) return;
        for (const [key, value] of entries) {
          this.#requireOpen();
          yield [key, new Uint8Array(value)];
        }
      }
    } finally {
      await walk.close();
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#level.close();
    return this.#closing;
  }

  async #attempt<Result>(operation: () => Promise<Result>): Promise<Result> {
    this.#requireOpen();
    try {
      return await operation();
    } catch (error) {
      if (this.#closing !== undefined) throw closed();
      const why = error instanceof Error ? error.message : String(error);
      const message = `the store's disk refused (${why})`;
      throw new CodedError<StoreErrorCode>('STORE_FAILED', message, { cause: error });
    }
  }

  #requireOpen(): void {
    if (this.#closing !== undefined) throw closed();
  }
}

function closed(): CodedError<StoreErrorCode> {
  return new CodedError('STORE_CLOSED', 'the store was closed');
}
