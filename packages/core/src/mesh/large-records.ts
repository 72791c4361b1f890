import { bytesToHex, type NodeId } from '@yakmesh/crypto';
import { decodePayload } from '../envelope/payload.js';
import { RecordError } from '../sync/errors.js';
import { cutValue } from '../sync/large-values.js';
import * as limits from '../sync/limits.js';
import { storeError } from '../sync/record-keeper.js';
import type { ReadRecord } from '../sync/record-proof.js';
import { ReferenceCounts } from '../sync/reference-counts.js';
import type { RecordStore } from '../sync/record-store.js';
import { chunksOf, type RecordContent } from '../sync/record.js';
import { MANIFEST } from '../sync/stream-messages.js';
import type { Payload } from '../transport/index.js';

type LargeContent = RecordContent & { readonly type: 'large' };

export interface LargeRecordsOptions {
  readonly store: RecordStore;
  readonly valueBytesMax: number;
  /** Whether some record here names a large value. */
  readonly isNamed: (root: string) => boolean;
  /** Begins a fetch; false where too many are under way. */
  readonly want: (root: string, size: number, have: readonly number[], from: NodeId) => boolean;
  /** Keeps a record whose value has come. */
  readonly take: (candidate: ReadRecord, from: NodeId) => Promise<unknown>;
  readonly failed: (error: unknown) => void;
}

/** Values too large for their records: cutting them, fetching them, putting them together. */
export class LargeRecords {
  readonly #options: LargeRecordsOptions;
  /** Records whose value is being fetched, by its root. */
  readonly #waiting = new Map<string, { readonly candidate: ReadRecord; readonly from: NodeId }>();
  /** Values that are here and may not be named by a record yet. */
  readonly #complete = new ReferenceCounts();
  /** Chunks of fetches that the last process did not finish. */
  readonly #partial = new Map<string, readonly number[]>();

  constructor(options: LargeRecordsOptions) {
    this.#options = options;
  }

  /** Finds what was fetched in part before; what is beyond the bound is removed. */
  async start(): Promise<void> {
    const { store, isNamed } = this.#options;
    for await (const root of store.roots()) {
      if (isNamed(root)) continue;
      if (this.#partial.size < limits.FETCHES_MAX) this.#partial.set(root, await store.chunksOf(root));
      else await store.deleteChunks(root);
    }
  }

  isComplete(root: string): boolean {
    return this.#complete.has(root);
  }

  /** Keeps the chunks of a value of ours while `write` writes its record; without a record they go again. */
  async writing<T>(bytes: Uint8Array, write: (content: LargeContent) => Promise<T>): Promise<T> {
    const { store, valueBytesMax } = this.#options;
    if (bytes.length > valueBytesMax)
      throw new RecordError(
        'SYNC_TOO_LARGE',
        `The value has ${bytes.length} bytes, the limit is ${valueBytesMax}.`,
      );
    const { root, manifest, chunks } = cutValue(bytes);
    const name = bytesToHex(root);
    const pieces = [...chunks, manifest].map(
      (piece, index) => [index === chunks.length ? MANIFEST : index, piece] as const,
    );
    this.#complete.add(name);
    try {
      await store.putChunks(name, pieces).catch((error: unknown) => Promise.reject(storeError(error)));
      return await write({ type: 'large', size: bytes.length, root });
    } finally {
      await this.#settled(name);
    }
  }

  /** The value of a record; undefined where chunks are missing. */
  async read({ size, root }: LargeContent): Promise<Payload | undefined> {
    const bytes = new Uint8Array(size);
    for (let index = 0; index < chunksOf(size); index += 1) {
      const chunk = await this.#options.store.chunk(bytesToHex(root), index);
      if (chunk === undefined) return undefined;
      bytes.set(chunk, index * limits.CHUNK_BYTES);
    }
    return decodePayload(bytes)?.value as Payload | undefined;
  }

  /** Fetches the value of a record, which counts once that is here; until then it comes again with every round. */
  fetch(candidate: ReadRecord, from: NodeId): boolean {
    const { content } = candidate.fields;
    const { root } = candidate.meta;
    if (content.type !== 'large' || root === undefined || content.size > this.#options.valueBytesMax)
      return false;
    const have = (this.#partial.get(root) ?? []).filter((index) => index !== MANIFEST);
    if (!this.#options.want(root, content.size, have, from)) return false;
    this.#partial.delete(root);
    this.#waiting.set(root, { candidate, from });
    return true;
  }

  /** A fetch has ended. */
  fetched(root: string, isComplete: boolean): void {
    const { take, failed } = this.#options;
    const waiting = this.#waiting.get(root);
    this.#waiting.delete(root);
    if (isComplete && waiting !== undefined) this.#complete.add(root);
    const taken =
      isComplete && waiting !== undefined ? take(waiting.candidate, waiting.from) : Promise.resolve();
    taken.catch(failed).then(() => this.#settled(root).catch(failed), failed);
  }

  async #settled(root: string): Promise<void> {
    // Another record with the same value may be on its way.
    if (this.#complete.has(root) && !this.#complete.remove(root)) return;
    const { store, isNamed } = this.#options;
    if (!isNamed(root) && !this.#waiting.has(root)) await store.deleteChunks(root);
  }
}
