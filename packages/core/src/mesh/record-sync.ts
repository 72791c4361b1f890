import { bytesToHex, type NodeId } from '@yakmesh/crypto';
import type { MeshCrypto } from '../mesh-crypto.js';
import { RecordError } from '../sync/errors.js';
import * as limits from '../sync/limits.js';
import type { ReceivedRecord } from '../sync/neighbour-actions.js';
import { faultOf, RecordKeeper, type Outcome, type RecordChange } from '../sync/record-keeper.js';
import {
  isProven,
  readDelivered,
  readReceived,
  SYNC_PROTOCOL,
  type ReadRecord,
} from '../sync/record-proof.js';
import { splitName } from '../sync/record-name.js';
import { StoredRecords } from '../sync/stored-records.js';
import {
  memoryStore,
  namespaced,
  type Clock,
  type GateVerdict,
  type MessageInfo,
  type Payload,
  type ProtocolPort,
  type Random,
  type Store,
} from '../transport/index.js';
import { CollectionRules } from './collection-rules.js';
import { meshRecord, type AcceptRule, type MeshRecord, type ReplicateResult } from './mesh-record.js';
import { LargeRecords } from './large-records.js';
import { LiveRecords } from './live-records.js';
import { OwnRecords } from './own-records.js';
import type { Peer } from './peer.js';
import type { ProtocolRegistry } from './protocol-registry.js';
import type { Publisher, PublishOptions } from './publisher.js';
import type { SignedMessage } from './subscriber.js';
import { SyncNeighbours } from './sync-neighbours.js';

/** Option `records` with every default filled in. */
export interface RecordConfig {
  readonly recordsMax: number;
  readonly bytesMax: number;
  readonly tombstoneMs: number;
  readonly valueBytesMax: number;
}

/** What data sync tells of. */
export interface RecordListener {
  /** Records have taken effect here, durably. */
  changed(record: MeshRecord, from: NodeId | undefined): void;
  /** A neighbour began a round. */
  asked(from: NodeId): void;
  /** A round that we began is over. */
  answered(peer: NodeId, received: number, sent: number): void;
}

export interface RecordSyncOptions {
  readonly self: NodeId;
  readonly clock: Clock;
  readonly random: Random;
  readonly crypto: MeshCrypto;
  readonly networkHashes: readonly Uint8Array[];
  readonly protocols: ProtocolRegistry;
  readonly publisher: Publisher;
  /** Undefined: in memory. */
  readonly store: Store | undefined;
  readonly config: RecordConfig;
  readonly listener: RecordListener;
  readonly failed: (error: unknown) => void;
}

/** What the machine hears of a fault, in points for the guard: only what no honest neighbour passes on. */
const BAD_PROOF_WEIGHT = 50;
const BAD_RECORD_WEIGHT = 10;

/** Keeps records, spreads our own, takes those of others, and reconciles with neighbours. */
export class RecordSync {
  readonly #options: RecordSyncOptions;
  readonly #store: StoredRecords;
  readonly #keeper: RecordKeeper;
  readonly #neighbours: SyncNeighbours;
  readonly #port: ProtocolPort;
  readonly #rules = new CollectionRules();
  readonly #abort = new AbortController();
  readonly #large: LargeRecords;
  readonly #live: LiveRecords;
  readonly #own: OwnRecords;
  #burialMs = 0;

  constructor(options: RecordSyncOptions) {
    this.#options = options;
    const { clock, random, config, failed } = options;
    this.#store = new StoredRecords(storeOf(options));
    this.#keeper = new RecordKeeper({
      store: this.#store,
      random,
      nowMs: () => clock.nowMs(),
      ...config,
      rule: (collection) => this.#rules.rule(collection),
      accept: (collection) => this.#accept(collection),
      verify: (candidate, from) => this.#verify(candidate, from),
      hasChunks: (root) => this.#large.isComplete(root),
      changed: (changes) => this.#changed(changes),
    });
    this.#neighbours = new SyncNeighbours({
      clock,
      random,
      index: this.#keeper.ledger.index,
      frame: (to, body) => this.#port.frame(to, body),
      load: async (names) => {
        const records = await Promise.all(names.map((name) => this.#store.get(name)));
        return records.filter((record) => record !== undefined);
      },
      loadChunk: (root, index) => this.#store.chunk(bytesToHex(root), index),
      store: (records, from) => this.#received(records, from),
      keepChunk: (root, index, bytes) => this.#store.putChunks(root, [[index, bytes]]),
      fetched: (root, isComplete) => this.#large.fetched(root, isComplete),
      asked: (from) => options.listener.asked(from),
      round: (peer, { received, sent, isComplete }) => {
        if (isComplete) options.listener.answered(peer, received, sent);
      },
      refresh: () => this.#bury(),
      report: (peer, code, weight) => this.#port.report(peer, code, weight),
      failed,
    });
    this.#large = new LargeRecords({
      store: this.#store,
      valueBytesMax: config.valueBytesMax,
      isNamed: (root) => this.#keeper.ledger.hasRoot(root),
      want: (root, size, have, from) =>
        this.bytes + size <= config.bytesMax && this.#neighbours.want(root, size, have, from),
      take: (candidate, from) => this.#keeper.take([candidate], { from, isProven: true }),
      failed,
    });
    this.#live = new LiveRecords({
      take: (candidates, from) => this.#keeper.take(candidates, { from, isProven: true }),
      failed,
    });
    const { self, publisher } = options;
    this.#own = new OwnRecords({ self, publisher, keeper: this.#keeper, large: this.#large });
    const frame = (body: Uint8Array, info: { readonly via: NodeId }): void =>
      this.#neighbours.receive(info.via, body);
    const gate = (_: Payload, info: MessageInfo, signed: SignedMessage): Promise<GateVerdict> =>
      this.#delivered(signed, info);
    this.#port = options.protocols.open(SYNC_PROTOCOL, { frame }, gate);
  }

  get size(): number {
    return this.#keeper.ledger.index.size;
  }

  get bytes(): number {
    return this.#keeper.ledger.bytes;
  }

  get fingerprint(): string {
    return bytesToHex(this.#keeper.ledger.index.summary('', undefined).fingerprint);
  }

  /** Reads what the store holds. */
  async start(): Promise<void> {
    await this.#keeper.start();
    await this.#large.start();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    this.#neighbours.stop();
    await this.#keeper.idle();
  }

  /** A neighbour is there, or says anew what it speaks. */
  joined(peer: Peer): void {
    if (peer.info.protocols.includes(SYNC_PROTOCOL))
      this.#neighbours.joined(peer.nodeId, peer.session.role === 'initiator');
  }

  gone(peer: Peer): void {
    this.#neighbours.gone(peer.nodeId);
  }

  /** @throws RangeError for one collection more than are kept. */
  setRule(collection: string, accept: AcceptRule): void {
    this.#rules.set(collection, accept);
  }

  async read(name: string): Promise<MeshRecord | undefined> {
    const record = await this.#store.get(name);
    const candidate = record === undefined ? undefined : readReceived(record, [record.head.networkHash]);
    if (candidate === undefined || typeof candidate === 'string') return undefined;
    const { content } = candidate.fields;
    return meshRecord(candidate, content.type === 'large' ? await this.#large.read(content) : undefined);
  }

  /** Names in a range, as they are at each step. */
  names(
    from: string,
    to: string,
    isReverse: boolean,
  ): Iterable<{ readonly name: string; readonly kind: string }> {
    const { index } = this.#keeper.ledger;
    return isReverse ? index.reversed(from, to) : index.entries(from, to);
  }

  /** Signs a record of ours, keeps it durably, then spreads it. */
  replicate(
    name: string,
    value: Payload | undefined,
    options: Pick<PublishOptions, 'signal'>,
  ): Promise<ReplicateResult> {
    return this.#own.write(name, value, options);
  }

  /** A broadcast: its signature and its place in the batch are verified already. What another rule would refuse goes no further. */
  async #delivered({ batch, message }: SignedMessage, { via, from }: MessageInfo): Promise<GateVerdict> {
    const candidate = readDelivered(batch, message);
    if (candidate === undefined) {
      this.#port.report(from, 'SYNC_BAD_RECORD', BAD_RECORD_WEIGHT);
      return 'ignore';
    }
    if (!this.#live.hasRoom) {
      this.#port.report(from, 'SYNC_BUSY', 0);
      return 'forward';
    }
    const verdict = this.#keeper.preview(candidate);
    const taken = this.#live.add(candidate, via).then((outcome) => {
      if (outcome !== undefined) this.#settle(candidate, outcome, via);
      return outcome;
    });
    // Only the application's own rule is waited for: the others need no store, and the next hop none of ours.
    const outcome =
      this.#rules.asked(splitName(candidate.meta.name).collection) === undefined ? verdict : await taken;
    return outcome === undefined || faultOf(outcome) === undefined ? 'forward' : 'ignore';
  }

  async #received(records: readonly ReceivedRecord[], from: NodeId): Promise<void> {
    const candidates: ReadRecord[] = [];
    for (const record of records) {
      const read = readReceived(record, this.#options.networkHashes);
      if (typeof read !== 'string') candidates.push(read);
      else this.#port.report(from, read, read === 'SYNC_UNKNOWN_NETWORK' ? 0 : BAD_RECORD_WEIGHT);
    }
    const outcomes = await this.#keeper.take(candidates, { from, isProven: false });
    candidates.forEach((candidate, at) => this.#settle(candidate, outcomes[at] ?? 'stale', from));
  }

  #settle(candidate: ReadRecord, outcome: Outcome, from: NodeId): void {
    if (outcome === 'wait') {
      if (!this.#large.fetch(candidate, from)) this.#port.report(from, 'SYNC_FETCHES_FULL', 0);
      return;
    }
    const fault = faultOf(outcome);
    if (fault !== undefined)
      this.#port.report(from, fault, fault === 'SYNC_BAD_PROOF' ? BAD_PROOF_WEIGHT : 0);
  }

  async #verify({ record, ...rest }: ReadRecord, from: NodeId): Promise<boolean> {
    const { publicKey, head, signature, networkHash } = record.head;
    const job = { type: 'verify-head', use: 'gossip', publicKey, head, signature, networkHash } as const;
    const result = await this.#options.crypto.jobs(from)(job, this.#abort.signal);
    // Nobody looked at it: the exchange begins anew later.
    if (result.type !== 'verify-head') throw new RecordError('SYNC_STORE_FAILED', 'No room to verify.');
    return result.root !== undefined && isProven({ record, ...rest });
  }

  #accept(collection: string) {
    const accept = this.#rules.asked(collection);
    if (accept === undefined) return undefined;
    return async (candidate: ReadRecord) =>
      accept(meshRecord(candidate), await this.read(candidate.meta.name));
  }

  #bury(): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs < this.#burialMs) return;
    this.#burialMs = nowMs + limits.BURIAL_MS;
    this.#keeper.bury().catch(this.#options.failed);
  }

  #changed(changes: readonly RecordChange[]): void {
    for (const { candidate, from } of changes) this.#options.listener.changed(meshRecord(candidate), from);
  }
}

function storeOf({ store, config }: RecordSyncOptions): Store {
  if (store !== undefined) return namespaced(store, SYNC_PROTOCOL);
  const { recordsMax, bytesMax } = config;
  // The keeper's limits are met first; these only catch a defect.
  const chunksMax = Math.ceil((2 * bytesMax) / limits.CHUNK_BYTES);
  return memoryStore({ entriesMax: 4 * recordsMax + limits.GRAVES_MAX + chunksMax, bytesMax: 4 * bytesMax });
}
