import type { NodeId } from '@yakmesh/crypto';
import type { Random } from '../transport/index.js';
import { ReferenceCounts } from './reference-counts.js';
import { RangeIndex } from './range-index.js';
import type { RecordMeta } from './record.js';

/** What a batch costs beside its records: its head, and its signer's key for the first one. */
const HEAD_CHARGE_BYTES = 3_500;
const SIGNER_CHARGE_BYTES = 2_020;

/** What stops being needed when a record leaves or is replaced. */
export interface Released {
  readonly heads: string[];
  readonly authors: NodeId[];
  readonly roots: string[];
}

/** What is in the store, in memory: the index of records, and how often each batch, signer and large value is needed. */
export class RecordLedger {
  readonly index: RangeIndex<RecordMeta>;
  readonly #heads = new ReferenceCounts();
  /** Of batches by signer. */
  readonly #authors = new ReferenceCounts();
  readonly #roots = new ReferenceCounts();
  readonly #tombstones = new Map<string, RecordMeta>();
  #bytes = 0;

  constructor(random: Random) {
    this.index = new RangeIndex(random);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Deletions that still spread. */
  get tombstones(): Iterable<RecordMeta> {
    return this.#tombstones.values();
  }

  hasHead(key: string): boolean {
    return this.#heads.has(key);
  }

  hasAuthor(author: NodeId): boolean {
    return this.#authors.has(author);
  }

  hasRoot(root: string): boolean {
    return this.#roots.has(root);
  }

  /** Bytes by which the store would grow. */
  growth(meta: RecordMeta): number {
    const head = this.#heads.has(meta.head) ? 0 : HEAD_CHARGE_BYTES + SIGNER_CHARGE_BYTES;
    return meta.bytes + head - (this.index.get(meta.name)?.bytes ?? 0);
  }

  /** Puts a record in the place of the one of its name; answers what nobody needs any more. */
  put(meta: RecordMeta): Released {
    const previous = this.index.get(meta.name);
    // The new one first, so that what both need stays.
    this.#bytes += meta.bytes;
    if (this.#heads.add(meta.head)) {
      this.#bytes += HEAD_CHARGE_BYTES;
      if (this.#authors.add(meta.author)) this.#bytes += SIGNER_CHARGE_BYTES;
    }
    if (meta.root !== undefined) this.#roots.add(meta.root);
    const released = previous === undefined ? { heads: [], authors: [], roots: [] } : this.#release(previous);
    this.index.set(meta);
    if (meta.kind === 'tombstone') this.#tombstones.set(meta.name, meta);
    else this.#tombstones.delete(meta.name);
    return released;
  }

  remove(meta: RecordMeta): Released {
    this.index.delete(meta.name);
    this.#tombstones.delete(meta.name);
    return this.#release(meta);
  }

  #release(meta: RecordMeta): Released {
    const released: Released = { heads: [], authors: [], roots: [] };
    this.#bytes -= meta.bytes;
    if (this.#heads.remove(meta.head)) {
      this.#bytes -= HEAD_CHARGE_BYTES;
      released.heads.push(meta.head);
      if (this.#authors.remove(meta.author)) {
        this.#bytes -= SIGNER_CHARGE_BYTES;
        released.authors.push(meta.author);
      }
    }
    if (meta.root !== undefined && this.#roots.remove(meta.root)) released.roots.push(meta.root);
    return released;
  }
}
