import type { NodeId } from '@yakmesh/crypto';
import type { HybridClock } from './hybrid-clock.js';
import type { RecordLedger } from './record-ledger.js';
import type { ReadRecord } from './record-proof.js';
import type { RecordChanges, RecordStore } from './record-store.js';
import type { RecordMeta } from './record.js';

export interface RecordWriterOptions {
  readonly store: RecordStore;
  readonly ledger: RecordLedger;
  readonly clock: HybridClock;
}

/** The store first, then what is in memory: nothing is said to be here that a crash could still take. */
export class RecordWriter {
  readonly #options: RecordWriterOptions;

  constructor(options: RecordWriterOptions) {
    this.#options = options;
  }

  /** Resolves when they are durable. */
  async write(candidates: readonly ReadRecord[]): Promise<void> {
    const { store, ledger, clock } = this.#options;
    const heads = new Map<string, ReadRecord['record']['head']>();
    for (const { meta, record } of candidates) {
      if (!ledger.hasHead(meta.head)) heads.set(meta.head, record.head);
    }
    const records = candidates.map(({ meta, record }) => ({ name: meta.name, record }));
    await store.write({ ...NOTHING, records, heads: [...heads.values()] });
    const released = emptyReleased();
    for (const { meta } of candidates) {
      const { heads, authors, roots } = ledger.put(meta);
      released.deletedHeads.push(...heads);
      released.deletedAuthors.push(...authors);
      released.deletedRoots.push(...roots);
      clock.observe(meta.version);
    }
    await this.#release(released);
  }

  /** Of old tombstones only their graves stay, and of older graves nothing. */
  async bury(old: readonly RecordMeta[], deletedGraves: RecordChanges['deletedGraves']): Promise<void> {
    const { store, ledger } = this.#options;
    const graves = old.map(({ name, version }) => ({ name, version }));
    await store.write({ ...NOTHING, graves, deletedNames: old.map(({ name }) => name), deletedGraves });
    const released = emptyReleased();
    for (const meta of old) {
      const { heads, authors } = ledger.remove(meta);
      released.deletedHeads.push(...heads);
      released.deletedAuthors.push(...authors);
    }
    await this.#release(released);
  }

  /** What nobody needs any more goes in a second step: lost in a crash, it is only waste until the next start. */
  async #release(released: ReturnType<typeof emptyReleased>): Promise<void> {
    const { store, ledger } = this.#options;
    const deletedHeads = released.deletedHeads.filter((key) => !ledger.hasHead(key));
    const deletedAuthors = released.deletedAuthors.filter((author) => !ledger.hasAuthor(author));
    const deletedRoots = released.deletedRoots.filter((root) => !ledger.hasRoot(root));
    if (deletedHeads.length + deletedRoots.length === 0) return;
    await store.write({ ...NOTHING, deletedHeads, deletedAuthors, deletedRoots });
  }
}

const NOTHING: RecordChanges = {
  records: [],
  heads: [],
  deletedNames: [],
  deletedHeads: [],
  deletedAuthors: [],
  deletedRoots: [],
  graves: [],
  deletedGraves: [],
};

function emptyReleased() {
  return { deletedHeads: [] as string[], deletedAuthors: [] as NodeId[], deletedRoots: [] as string[] };
}
