import type { NodeId } from '@yakmesh/crypto';
import { MeshArgumentError } from '../errors.js';
import { RecordError } from '../sync/errors.js';
import { isCollection, namesOf, recordName } from '../sync/record-name.js';
import { Emitter, type Payload, type Unsubscribe } from '../transport/index.js';
import type {
  AcceptRule,
  MeshRecord,
  RecordChangeEvent,
  RecordRange,
  ReplicateOptions,
  ReplicateResult,
} from './mesh-record.js';
import type { RecordSync } from './record-sync.js';

const ACCEPT_RULES: readonly string[] = ['first-writer', 'own-keys', 'open'];

export interface RecordsOptions {
  /** Undefined where the option `records` is false. */
  readonly sync: () => RecordSync | undefined;
  /** Resolves once the mesh runs. */
  readonly whenStarted: () => Promise<void>;
  readonly handlerFailed: (error: unknown, type: string) => void;
}

/** All records of this node: its own and those that it holds for the mesh. */
export class Records {
  readonly #options: RecordsOptions;
  readonly #events: Emitter<{ change: [RecordChangeEvent] }>;

  /** Made by the mesh. */
  constructor(options: RecordsOptions) {
    this.#options = options;
    this.#events = new Emitter(options.handlerFailed);
  }

  /** Records held, deleted ones included. */
  get size(): number {
    return this.#sync.size;
  }

  /** Bytes of them with their proofs and large values. */
  get bytes(): number {
    return this.#sync.bytes;
  }

  /** The same at two nodes exactly if they hold the same records; 32 hexadecimal digits. */
  get fingerprint(): string {
    return this.#sync.fingerprint;
  }

  /** The record of a key; undefined where there is none, or it was deleted. */
  async get(collection: string, key: string): Promise<MeshRecord | undefined> {
    const record = await this.#sync.read(requireName(collection, key));
    return record?.isDeleted === true ? undefined : record;
  }

  /** The records of a collection in the order of their keys' bytes, deleted ones left out. They may change meanwhile. */
  async *range(collection: string, range: RecordRange = {}): AsyncGenerator<MeshRecord> {
    requireCollection(collection);
    const { gte, lt, limit = Infinity, reverse = false } = range;
    const { from, to } = namesOf(collection, gte, lt);
    let count = 0;
    for (const { name, kind } of this.#sync.names(from, to, reverse)) {
      if (count >= limit) return;
      const record = kind === 'tombstone' ? undefined : await this.#sync.read(name);
      if (record === undefined || record.isDeleted) continue;
      count += 1;
      yield record;
    }
  }

  /** Writes a record. Rejects as {@link MeshNetwork.replicate} does. */
  async put(
    collection: string,
    key: string,
    value: Payload,
    options: ReplicateOptions = {},
  ): Promise<ReplicateResult> {
    const name = requireName(collection, key);
    if (value === undefined)
      throw new MeshArgumentError('MESH_BAD_ARGUMENT', 'A record has a value; delete it to remove it.');
    await this.#options.whenStarted();
    return this.#sync.replicate(name, value, options);
  }

  /** Deletes a key: a record that says so spreads and is kept for 30 days. Rejects as `put` does. */
  async delete(collection: string, key: string, options: ReplicateOptions = {}): Promise<ReplicateResult> {
    const name = requireName(collection, key);
    await this.#options.whenStarted();
    return this.#sync.replicate(name, undefined, options);
  }

  /** Calls back for each record that takes effect here, of whichever node, once it is durable. */
  onChange(listener: (event: RecordChangeEvent) => void): Unsubscribe {
    return this.#events.on('change', listener);
  }

  /** @internal */
  changed(event: RecordChangeEvent): void {
    this.#events.emit('change', event);
  }

  get #sync(): RecordSync {
    const sync = this.#options.sync();
    if (sync === undefined) throw new RecordError('SYNC_OFF', 'This mesh was made with records: false.');
    return sync;
  }
}

/** One collection of records. */
export class Collection {
  readonly name: string;
  readonly #records: Records;
  readonly #self: NodeId;

  /** Made by the mesh. */
  constructor(name: string, records: Records, self: NodeId) {
    this.name = name;
    this.#records = records;
    this.#self = self;
  }

  /** A key that only this node may write under the rule 'own-keys'. */
  ownKey(key: string): string {
    return `${this.#self}/${key}`;
  }

  /** The record of a key, also one that says that it is deleted; undefined where there is none. */
  get(key: string): Promise<MeshRecord | undefined> {
    return this.#records.get(this.name, key);
  }

  /** Walks over the records in the order of their keys' UTF-8 bytes. */
  range(range: RecordRange = {}): AsyncGenerator<MeshRecord> {
    return this.#records.range(this.name, range);
  }

  /** Writes a record; resolves once it is durable here. Rejects with a RecordError. */
  put(key: string, value: Payload, options: ReplicateOptions = {}): Promise<ReplicateResult> {
    return this.#records.put(this.name, key, value, options);
  }

  /** Writes a record that says that the key is deleted. */
  delete(key: string, options: ReplicateOptions = {}): Promise<ReplicateResult> {
    return this.#records.delete(this.name, key, options);
  }

  /** As {@link Records.onChange}, for this collection. */
  onChange(listener: (event: RecordChangeEvent) => void): Unsubscribe {
    return this.#records.onChange((event) => {
      if (event.record.collection === this.name) listener(event);
    });
  }
}

/** @throws MeshArgumentError for what cannot name a collection. */
export function requireCollection(name: string): void {
  if (isCollection(name)) return;
  throw new MeshArgumentError(
    'MESH_BAD_ARGUMENT',
    'A collection is named by 1 to 64 characters of printable ASCII without spaces.',
  );
}

/** @throws MeshArgumentError for what is neither the name of a rule nor a function. */
export function requireRule(accept: AcceptRule): AcceptRule {
  if (typeof accept === 'function' || ACCEPT_RULES.includes(accept)) return accept;
  throw new MeshArgumentError('MESH_BAD_OPTION', `accept is ${ACCEPT_RULES.join(', ')} or a function.`);
}

function requireName(collection: string, key: string): string {
  requireCollection(collection);
  const name = recordName(collection, key);
  if (name !== undefined) return name;
  throw new MeshArgumentError('MESH_BAD_ARGUMENT', 'A key is 1 to 256 bytes of text.');
}
