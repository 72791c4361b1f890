import { decodeNodeId, isNodeId, type CryptoPool, type NodeId, type SigningIdentity } from '@yakmesh/crypto';
import { MeshArgumentError, MeshError } from './errors.js';
import { DrainWaits } from './mesh/drain-waits.js';
import { requireEndpoint } from './mesh/endpoint.js';
import { EventHub } from './mesh/event-hub.js';
import type { MeshEvents, MeshMessage, MessageHandler } from './mesh/events.js';
import { Holds } from './mesh/holds.js';
import { Listening } from './mesh/listening.js';
import { assembleMesh, type MeshParts } from './mesh/mesh-parts.js';
import type { Peer } from './mesh/peer.js';
import { PeerWatcher } from './mesh/peer-watcher.js';
import type {
  CollectionOptions,
  RecordInput,
  ReplicateOptions,
  ReplicateResult,
} from './mesh/mesh-record.js';
import { badCollection, Collection, Records } from './mesh/records.js';
import { MessageTypes } from './message-types.js';
import { isCollection } from './sync/record-name.js';
import { DIAL_TIMEOUT_MS } from './mesh/redialer.js';
import { resolveOptions, type MeshConfig, type MeshOptions } from './options.js';
import { systemRuntime, type MeshRuntime } from './runtime.js';
import {
  combineSignals,
  CodedError,
  withAbort,
  type BroadcastOptions,
  type BroadcastResult,
  type HoldOptions,
  type KeyOptions,
  type MeshTransport,
  type NetworkInfo,
  type Payload,
  type PeerEvent,
  type PeerInfo,
  type ProtocolHandlers,
  type ProtocolId,
  type ProtocolPort,
  type Route,
  type SendOptions,
  type SendResult,
  type Unhold,
  type Unsubscribe,
} from './transport/index.js';

/** The protocol under which the facade's own broadcasts and direct messages travel. */
const FACADE_PROTOCOL = 'yakmesh/1';

const ACCEPT_RULES: readonly string[] = ['first-writer', 'own-keys', 'open'];

/** Options of {@link MeshNetwork.connect}. */
export interface ConnectOptions {
  /** The only peer to accept, as yak1… text. @default the endpoint's #fragment, or whoever answers */
  readonly expected?: NodeId | undefined;
  /** Time for the whole dial, in milliseconds. @default 10_000 */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Who answered a dial. */
export interface PeerIdentity {
  readonly nodeId: NodeId;
  /** ML-DSA-65, 1,952 bytes. */
  readonly publicKey: Uint8Array;
  readonly endpoint: string | undefined;
}

type State = 'idle' | 'starting' | 'running' | 'stopping' | 'stopped';

/**
 * A node of the mesh: listens, dials, gossips and sends over WebSockets, every link under post-quantum keys and every message signed.
 *
 * @throws MeshArgumentError MESH_BAD_OPTION for an option that cannot be used.
 */
export class MeshNetwork implements MeshTransport {
  readonly portVersion = 1;
  readonly nodeId: NodeId;
  /** The replicated records that this node holds. */
  readonly records: Records;
  readonly #identity: SigningIdentity;
  readonly #config: MeshConfig;
  readonly #runtime: MeshRuntime;
  readonly #pool: CryptoPool;
  readonly #parts: MeshParts;
  readonly #listening: Listening;
  readonly #hub: EventHub;
  readonly #drains: DrainWaits;
  readonly #port: ProtocolPort;
  readonly #dials = new Set<Promise<unknown>>();
  readonly #holds: Holds;
  #state: State = 'idle';
  #starting: Promise<void> | undefined;
  #opening: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(identity: SigningIdentity, options: MeshOptions = {}, runtime: MeshRuntime = systemRuntime()) {
    if (!isNodeId(identity?.nodeId)) {
      throw new MeshArgumentError(
        'MESH_BAD_ARGUMENT',
        'The first argument is an identity; see Identity.generate() of @yakmesh/crypto.',
      );
    }
    this.nodeId = identity.nodeId;
    this.#identity = identity;
    this.#config = resolveOptions(options);
    this.#runtime = runtime;
    this.#pool = runtime.createPool();
    const { clock } = runtime;
    const { logger } = this.#config;
    this.#hub = new EventHub({
      log: logger,
      count: (name) => this.#parts.counters.add(name),
      closed: (peer) => {
        this.#parts.redialer.forget(peer);
        this.#parts.membership.forget(peer);
      },
    });
    this.#drains = new DrainWaits(clock, () => this.#parts.links.peers);
    this.#listening = new Listening(this.#config, runtime.sockets);
    this.#holds = new Holds({
      parts: () => this.#parts,
      dial: (endpoint, expected, signal) => this.#dial(endpoint, { expected, signal }, true),
    });
    this.#parts = assembleMesh({
      identity,
      config: this.#config,
      runtime,
      pool: this.#pool,
      endpoint: () => this.#listening.advertised,
      isRunning: () => this.#state === 'running',
      events: new PeerWatcher({
        clock,
        log: logger,
        hub: this.#hub,
        drains: this.#drains,
        holds: this.#holds,
        parts: () => this.#parts,
      }),
      records: {
        changed: (record, from) => {
          const via = from === undefined ? undefined : this.#parts.links.peer(from);
          const { id, author, version } = record;
          const message = { type: MessageTypes.REPLICATE, record, id, timeMs: version.timeMs };
          if (via !== undefined) this.#hub.record(message, via, author);
          this.records.changed({ record, isRemote: from !== undefined });
        },
        asked: (from) => this.#linkMessage({ type: MessageTypes.SYNC_REQUEST }, from),
        answered: (from, received, sent) =>
          this.#linkMessage({ type: MessageTypes.SYNC_RESPONSE, received, sent }, from),
      },
    });
    this.records = new Records({
      sync: () => this.#parts.recordSync,
      whenStarted: () => this.#whenStarted(),
      handlerFailed: (error, type) => {
        this.#parts.counters.add('handler:failed');
        logger.error({ type, error: String(error) }, 'A handler of records failed.');
      },
    });
    this.#port = this.#parts.protocols.open(FACADE_PROTOCOL, {
      message: (payload, info) => {
        const via = this.#parts.links.peer(info.via);
        if (via !== undefined) this.#hub.payload(payload, info, via);
      },
    });
  }

  /** Which network this node belongs to. */
  get network(): NetworkInfo {
    return { suite: this.#config.kem.suite, hashes: this.#parts.networkHashes };
  }

  /** Counts since the start: messages by what became of them, refusals by code. */
  get counters(): Readonly<Record<string, number>> {
    return this.#parts.counters.snapshot();
  }

  /**
   * Starts listening, on the next free of `portRetries` further ports if the first is in use; in a browser it only gets ready to dial.
   * Rejects with MESH_NO_FREE_PORT, MESH_STOPPED, or what the system says of the port.
   */
  start(): Promise<void> {
    this.#starting ??= this.#hub.observed('start', this.#start());
    return this.#starting;
  }

  /** Dials `ws://…` or `wss://…` and resolves once the peer has accepted us. The endpoint is dialled again for ever when it is lost. */
  connect(endpoint: string, options: ConnectOptions = {}): Promise<PeerIdentity> {
    const dial = this.#hub.observed('connect', this.#connect(endpoint, options));
    this.#dials.add(dial);
    const done = (): void => void this.#dials.delete(dial);
    dial.then(done, done);
    return dial;
  }

  /**
   * Sends a message to all. Resolves when it is signed and queued, and congested neighbours have caught up; the result says how many took it
   * and which were skipped. Rejects with MESH_TOO_LARGE, MESH_BUSY, MESH_NOT_STARTED, MESH_STOPPED.
   */
  broadcast(message: unknown, options: BroadcastOptions = {}): Promise<BroadcastResult> {
    return this.#hub.observed(
      'broadcast',
      this.#drains.paced(this.#broadcast(message, options), options.signal),
    );
  }

  /**
   * Sends a message to any node of the mesh. Resolves when a neighbour's queue took it, with `ack` when the destination has it. Rejects with
   * MESH_UNREACHABLE (no way within 6 s, or no acknowledgement within 15 s), MESH_QUEUE_FULL and what `broadcast` rejects with.
   */
  sendTo(nodeId: NodeId, message: unknown, options: SendOptions = {}): Promise<SendResult> {
    return this.#hub.observed(
      'sendTo',
      this.#drains.paced(this.#sendTo(nodeId, message, options), options.signal),
    );
  }

  /**
   * Writes a record and sends it to all; nodes that are away get it when they come back. Resolves when it is durable here and queued for the neighbours.
   * Rejects with a RecordError: SYNC_NOT_OWNER, SYNC_FULL, SYNC_TOO_LARGE, SYNC_REFUSED, SYNC_STALE, SYNC_STORE_FAILED, SYNC_OFF; MESH_BUSY, MESH_NOT_STARTED, MESH_STOPPED.
   */
  replicate(record: RecordInput, options: ReplicateOptions = {}): Promise<ReplicateResult> {
    const { collection, key, value } = record;
    return this.#hub.observed('replicate', this.records.put(collection, key, value, options));
  }

  /**
   * A collection of records, and who may write its keys: set the rule before `start`, and alike at every node.
   *
   * @throws MeshArgumentError for a name that is none, RangeError for the 257th rule.
   */
  collection(name: string, options: CollectionOptions = {}): Collection {
    if (!isCollection(name)) throw badCollection();
    const { accept } = options;
    const isRule = accept === undefined || typeof accept === 'function' || ACCEPT_RULES.includes(accept);
    if (!isRule)
      throw new MeshArgumentError('MESH_BAD_OPTION', `accept is ${ACCEPT_RULES.join(', ')} or a function.`);
    if (accept !== undefined) this.#parts.recordSync?.setRule(name, accept);
    return new Collection(name, this.records, this.nodeId);
  }

  /** Registers a handler: of a message type, of a `payload.type`, of 'message' (direct ones), or of an event of the mesh itself. */
  on<Type extends keyof MeshEvents>(type: Type, handler: (...values: MeshEvents[Type]) => void): Unsubscribe;
  on(type: string, handler: MessageHandler): Unsubscribe;
  on(type: string, handler: (...values: never[]) => void): Unsubscribe {
    return this.#hub.on(type, handler);
  }

  /** Removes a handler. */
  off(type: string, handler: (...values: never[]) => void): void {
    this.#hub.off(type, handler);
  }

  /** Calls the handlers of a type in this process; nothing is sent. */
  emit(type: string, ...values: unknown[]): boolean {
    return this.#hub.emitAny(type, values);
  }

  /** Whether that node is a neighbour now. */
  isConnectedTo(nodeId: NodeId): boolean {
    return this.#parts.links.peer(nodeId) !== undefined;
  }

  getPeers(): readonly PeerInfo[] {
    return this.#parts.links.peers.map((peer) => peer.describe());
  }

  /**
   * Where this node can be dialled, with the port that is really bound; on loopback when there is no publicHost.
   *
   * @throws MeshError MESH_NOT_STARTED before `start`, MESH_NOT_LISTENING in a browser.
   */
  getPublicEndpoint(): string {
    return this.#listening.endpoint;
  }

  /** Ends all links, timers and workers. Twice is fine. */
  stop(): Promise<void> {
    this.#stopping ??= this.#hub.observed('stop', this.#stop());
    return this.#stopping;
  }

  onPeer(listener: (event: PeerEvent) => void): Unsubscribe {
    return this.#hub.onPeer(listener);
  }

  open(protocol: ProtocolId, handlers: ProtocolHandlers): ProtocolPort {
    return this.#parts.protocols.open(protocol, handlers);
  }

  async hold(id: NodeId, options: HoldOptions): Promise<Unhold> {
    this.#requireRunning();
    return this.#holds.hold(id, options);
  }

  routesTo(id: NodeId): readonly Route[] {
    return this.#parts.forwarder.routes(id);
  }

  async keyOf(id: NodeId, options: KeyOptions = {}): Promise<Uint8Array> {
    const key = this.#keyKnown(id) ?? (await this.#keyFound(id, options.signal));
    if (key === undefined) throw new CodedError('MESH_KEY_UNKNOWN', `Nobody reachable has the key of ${id}.`);
    return key.slice();
  }

  #keyKnown(id: NodeId): Uint8Array | undefined {
    if (id === this.nodeId) return this.#identity.publicKey;
    return this.#parts.links.peer(id)?.outcome.publicKey ?? this.#parts.keys.get(id)?.publicKey;
  }

  /** Whoever is reached answers with its key. */
  async #keyFound(id: NodeId, signal: AbortSignal | undefined): Promise<Uint8Array | undefined> {
    if (this.#state === 'running') await withAbort(signal, this.#parts.forwarder.find(id, undefined));
    return this.#keyKnown(id);
  }

  async #start(): Promise<void> {
    if (this.#state !== 'idle')
      throw new MeshError('MESH_STOPPED', 'A stopped mesh cannot start again; make a new one.');
    this.#state = 'starting';
    this.#opening = this.#open();
    try {
      await this.#opening;
    } catch (error) {
      await this.stop();
      throw error;
    }
    // The caller may have stopped us while the port was being bound.
    if (this.#isStopRequested())
      throw new MeshError('MESH_STOPPED', 'The mesh was stopped while it started.');
    this.#state = 'running';
    this.#parts.membership.start();
  }

  async #open(): Promise<void> {
    await this.#pool.ready();
    await this.#parts.replayKeeper?.start();
    await this.#parts.membership.load();
    await this.#parts.recordSync?.start();
    await this.#listening.start(this.#parts.links.door);
  }

  #linkMessage(message: MeshMessage, from: NodeId): void {
    const peer = this.#parts.links.peer(from);
    if (peer !== undefined) this.#hub.linkMessage(message, peer);
  }

  #isStopRequested(): boolean {
    return this.#state !== 'starting';
  }

  async #stop(): Promise<void> {
    this.#state = 'stopping';
    const { redialer, membership, flows, finder, forwarder, deliveries, links, pacer, spreader, router } =
      this.#parts;
    const { crypto, replayKeeper, recordSync, protocols } = this.#parts;
    // What is being opened can be closed only once it is open.
    await this.#opening?.catch(() => undefined);
    redialer.stop();
    protocols.stop();
    spreader.stop();
    flows.stop();
    finder.stop();
    forwarder.stop();
    deliveries.stop(
      new MeshError('MESH_STOPPED', 'The mesh was stopped before the message was acknowledged.'),
    );
    this.#drains.stop();
    await Promise.all([links.stop(), this.#listening.stop()]);
    pacer.stop();
    router.stop();
    await recordSync?.stop();
    await crypto.close();
    await membership.stop();
    await replayKeeper?.stop();
    this.#state = 'stopped';
  }

  async #connect(text: string, options: ConnectOptions): Promise<PeerIdentity> {
    const peer = await this.#dial(text, options, false);
    return { nodeId: peer.nodeId, publicKey: peer.outcome.publicKey.slice(), endpoint: peer.info.endpoint };
  }

  async #dial(text: string, options: ConnectOptions, isHeld: boolean): Promise<Peer> {
    const parsed = requireEndpoint(text);
    await this.#whenStarted();
    const expected = options.expected ?? parsed.expected;
    if (expected !== undefined && !isNodeId(expected)) {
      throw new MeshArgumentError('MESH_BAD_ARGUMENT', 'expected is a node id: yak1…, 62 characters.');
    }
    const { timeoutMs = DIAL_TIMEOUT_MS, signal } = options;
    const { clock } = this.#runtime;
    const limited = combineSignals(signal, { clock, timeoutMs });
    const endpoint = { url: parsed.url, expected };
    try {
      if (limited.signal.aborted)
        throw new MeshError('MESH_ABORTED', 'The dial was aborted before it began.');
      const { links, redialer, membership } = this.#parts;
      const peer = await links.dial(
        endpoint,
        isHeld ? 'hold' : links.peerCount === 0 ? 'join' : 'need',
        limited.signal,
      );
      if (!isHeld) redialer.keep(endpoint, peer);
      membership.connected(peer);
      return peer;
    } finally {
      limited.dispose();
    }
  }

  async #broadcast(message: unknown, options: BroadcastOptions): Promise<BroadcastResult> {
    await this.#whenStarted();
    // connect() and broadcast() in one breath work: the message waits for the first link.
    if (this.#parts.links.peerCount === 0 && this.#dials.size > 0) await Promise.allSettled(this.#dials);
    return this.#port.broadcast(message as Payload, options);
  }

  async #sendTo(nodeId: NodeId, message: unknown, options: SendOptions): Promise<SendResult> {
    if (decodeNodeId(nodeId) === undefined) {
      throw new MeshArgumentError(
        'MESH_BAD_ARGUMENT',
        `${String(nodeId)} is no node id (yak1…, 62 characters).`,
      );
    }
    await this.#whenStarted();
    return this.#port.send(nodeId, message as Payload, options);
  }

  async #whenStarted(): Promise<void> {
    if (this.#state === 'starting') await this.#starting;
    this.#requireRunning();
  }

  #requireRunning(): void {
    if (this.#state === 'idle') throw new MeshError('MESH_NOT_STARTED', 'Call start() first.');
    if (this.#state !== 'running') throw new MeshError('MESH_STOPPED', 'The mesh was stopped.');
  }
}
