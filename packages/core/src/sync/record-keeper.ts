import type { NodeId } from '@yakmesh/crypto';
import { codeOf, type Random } from '../transport/index.js';
import { RecordError, type RecordFaultCode } from './errors.js';
import { Graveyard } from './graveyard.js';
import { compareTimes, HybridClock } from './hybrid-clock.js';
import { judge, type CollectionRule, type Verdict } from './record-judge.js';
import { RecordLedger } from './record-ledger.js';
import { splitName } from './record-name.js';
import { readLoaded, type ReadRecord } from './record-proof.js';
import type { RecordStore } from './record-store.js';
import { RecordWriter } from './record-writer.js';
import type { RecordFields, RecordMeta } from './record.js';
import { nameHash } from './stored-records.js';

/** Asked beyond the rule of a collection. */
export type AcceptRecord = (
  candidate: ReadRecord,
  previous: RecordMeta | undefined,
) => boolean | Promise<boolean>;

export interface RecordKeeperOptions {
  readonly store: RecordStore;
  readonly random: Random;
  readonly nowMs: () => number;
  readonly recordsMax: number;
  readonly bytesMax: number;
  readonly tombstoneMs: number;
  readonly rule: (collection: string) => CollectionRule;
  readonly accept: (collection: string) => AcceptRecord | undefined;
  /** Whether a record's proof holds: signature of its batch, and its place in it. */
  readonly verify: (candidate: ReadRecord, from: NodeId) => Promise<boolean>;
  /** All chunks of a large value are here. */
  readonly hasChunks: (root: string) => boolean;
  /** Records have changed, durably. */
  readonly changed: (changes: readonly RecordChange[]) => void;
}

export interface RecordChange {
  readonly candidate: ReadRecord;
  readonly previous: RecordMeta | undefined;
  /** The neighbour that it came from; undefined for our own. */
  readonly from: NodeId | undefined;
}

/** Where records come from. */
export interface Provenance {
  /** A neighbour, or this node where it is undefined. */
  readonly from: NodeId | undefined;
  /** Whether the proofs were checked on the way, as those of broadcasts are. */
  readonly isProven: boolean;
}

/** What became of a record. `wait`: it is good, and its chunks are missing. */
export type Outcome = Verdict | 'wait';

/** A record that is to be written, and what is here so far. */
interface Accepted {
  readonly candidate: ReadRecord;
  readonly previous: RecordMeta | undefined;
}

/**
 * Decides on records and keeps them: one call after the other, so that two writes of a key never cross. What it answers `take` for is durable.
 */
export class RecordKeeper {
  readonly ledger: RecordLedger;
  readonly clock = new HybridClock();
  readonly #options: RecordKeeperOptions;
  readonly #graves = new Graveyard();
  readonly #writer: RecordWriter;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: RecordKeeperOptions) {
    this.#options = options;
    this.ledger = new RecordLedger(options.random);
    this.#writer = new RecordWriter({ store: options.store, ledger: this.ledger, clock: this.clock });
  }

  /** Reads what is in the store. Signatures were checked before they came there. */
  async start(): Promise<void> {
    const { store } = this.#options;
    for (const [hash, version] of await store.graves()) this.#graves.bury(hash, version);
    for await (const loaded of store.load()) {
      const meta = readLoaded(loaded);
      if (meta === undefined) continue;
      this.ledger.put(meta);
      this.clock.observe(meta.version);
    }
  }

  /** What a record of our own must say: its version, and since when the key is ours. */
  fields(name: string, author: NodeId, content: RecordFields['content']): RecordFields {
    const version = this.clock.next(this.#options.nowMs());
    const current = this.ledger.index.get(name);
    const claim = current?.author === author ? current.claim : version;
    return { name, version, claim, content };
  }

  /** @throws RecordError where a record of ours would be refused, before anything is signed. */
  requireWritable(fields: RecordFields, author: NodeId, bytes: number): void {
    const verdict = this.#judge({ ...fields, author, id: new Uint8Array(16), kind: fields.content.type });
    if (verdict === 'SYNC_NOT_OWNER')
      throw new RecordError('SYNC_NOT_OWNER', `${label(fields.name)} belongs to another node.`);
    const { recordsMax, bytesMax } = this.#options;
    const isNew = this.ledger.index.get(fields.name) === undefined;
    if (isNew && this.ledger.index.size >= recordsMax) throw full(`${recordsMax} records`);
    if (this.ledger.bytes + bytes > bytesMax) throw full(`${bytesMax} bytes`);
  }

  /** Resolves when what was taken is durable; rejects where the store fails. */
  async take(candidates: readonly ReadRecord[], { from, isProven }: Provenance): Promise<Outcome[]> {
    // Signatures are checked before it is their turn, so that nobody's keep others waiting.
    const proven =
      isProven || from === undefined ? new Set(candidates) : await this.#proven(candidates, from);
    return this.#serially(() => this.#take(candidates, from, proven));
  }

  /** What would become of a proven record now, an application's own rule aside. */
  preview({ meta }: ReadRecord): Verdict {
    return this.#judge(meta);
  }

  /** 9. Tombstones that are old enough go to the graveyard. */
  bury(): Promise<number> {
    return this.#serially(() => this.#bury());
  }

  /** Resolves when all that was begun is done. */
  async idle(): Promise<void> {
    await this.#queue;
  }

  #serially<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => undefined);
    return done;
  }

  /** Of those that would be taken now, the ones whose proof holds. What is known or refused costs no verification. */
  async #proven(candidates: readonly ReadRecord[], from: NodeId): Promise<ReadonlySet<ReadRecord>> {
    const proven = new Set<ReadRecord>();
    for (const candidate of candidates) {
      if (this.#judge(candidate.meta) === 'take' && (await this.#options.verify(candidate, from)))
        proven.add(candidate);
    }
    return proven;
  }

  async #take(
    candidates: readonly ReadRecord[],
    from: NodeId | undefined,
    proven: ReadonlySet<ReadRecord>,
  ): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    const accepted = new Map<string, Accepted>();
    let growth = 0;
    for (const candidate of candidates) {
      const { meta } = candidate;
      const pending = accepted.get(meta.name)?.candidate.meta;
      let outcome = await this.#outcome(candidate, pending, proven.has(candidate));
      const more = this.ledger.growth(meta);
      if (outcome === 'take' && !this.#hasRoom(accepted, meta, growth + more)) outcome = 'SYNC_FULL';
      outcomes.push(outcome);
      if (outcome !== 'take') continue;
      growth += more;
      accepted.set(meta.name, { candidate, previous: this.ledger.index.get(meta.name) });
    }
    if (accepted.size === 0) return outcomes;
    const changes = [...accepted.values()].map((each) => ({ ...each, from }));
    await this.#writer.write(changes.map(({ candidate }) => candidate));
    this.#options.changed(changes);
    return outcomes;
  }

  async #outcome(
    candidate: ReadRecord,
    pending: RecordMeta | undefined,
    isProven: boolean,
  ): Promise<Outcome> {
    const { meta } = candidate;
    const { accept, hasChunks } = this.#options;
    const previous = pending ?? this.ledger.index.get(meta.name);
    const verdict = this.#judge(meta, pending);
    if (verdict !== 'take') return verdict;
    if (!isProven) return 'SYNC_BAD_PROOF';
    const rule = accept(splitName(meta.name).collection);
    if (rule !== undefined && !(await this.#asked(rule, candidate, previous))) return 'SYNC_REFUSED';
    const { root } = meta;
    return root === undefined || this.ledger.hasRoot(root) || hasChunks(root) ? 'take' : 'wait';
  }

  /** A rule that throws refuses. */
  async #asked(
    rule: AcceptRecord,
    candidate: ReadRecord,
    previous: RecordMeta | undefined,
  ): Promise<boolean> {
    try {
      return (await rule(candidate, previous)) === true;
    } catch {
      return false;
    }
  }

  #judge(meta: Parameters<typeof judge>[0], pending?: RecordMeta): Verdict {
    const { nowMs, rule } = this.#options;
    return judge(meta, {
      current: pending ?? this.ledger.index.get(meta.name),
      grave: this.#graves.get(meta.name),
      floorMs: this.#graves.floorMs,
      rule: rule(splitName(meta.name).collection),
      nowMs: nowMs(),
    });
  }

  #hasRoom(accepted: ReadonlyMap<string, Accepted>, meta: RecordMeta, growth: number): boolean {
    const { recordsMax, bytesMax } = this.#options;
    const { index, bytes } = this.ledger;
    const isNew = index.get(meta.name) === undefined && !accepted.has(meta.name);
    if (isNew && index.size + accepted.size >= recordsMax) return false;
    return growth <= 0 || bytes + growth <= bytesMax;
  }

  async #bury(): Promise<number> {
    const { nowMs, tombstoneMs } = this.#options;
    const endMs = nowMs() - tombstoneMs;
    const old = [...this.ledger.tombstones].filter(({ version }) => version.timeMs < endMs);
    if (old.length === 0) return 0;
    old.sort((a, b) => compareTimes(a.version, b.version));
    for (const { name, version } of old) this.#graves.bury(nameHash(name), version);
    await this.#writer.bury(old, this.#graves.takeForgotten());
    return old.length;
  }
}

/** Outcomes that are somebody's fault or a limit of ours: counted by their code. */
export function faultOf(outcome: Outcome): RecordFaultCode | undefined {
  return outcome === 'take' || outcome === 'stale' || outcome === 'wait' ? undefined : outcome;
}

function label(name: string): string {
  const { collection, key } = splitName(name);
  return `"${key}" of ${collection}`;
}

function full(limit: string): RecordError {
  return new RecordError(
    'SYNC_FULL',
    `The store of records is at its limit of ${limit}; raise it or delete some.`,
  );
}

/** What a store that failed means to a caller. */
export function storeError(error: unknown): RecordError {
  const isFull = codeOf(error) === 'STORE_FULL';
  const message = isFull ? 'The store is full.' : 'The store could not keep the record.';
  return new RecordError(isFull ? 'SYNC_FULL' : 'SYNC_STORE_FAILED', message, { cause: error });
}
