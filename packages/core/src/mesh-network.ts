import { decodeNodeId, isNodeId, type NodeId, type SigningIdentity } from '@yakmesh/crypto';
import { MeshArgumentError } from './errors.js';
import { Connector, type ConnectOptions, type PeerIdentity } from './mesh/connector.js';
import { DrainWaits } from './mesh/drain-waits.js';
import { EventHub } from './mesh/event-hub.js';
import type { MeshEvents, MessageHandler } from './mesh/events.js';
import { Holds } from './mesh/holds.js';
import { Lifecycle } from './mesh/lifecycle.js';
import { Listening } from './mesh/listening.js';
import { assembleMesh, type MeshParts } from './mesh/mesh-parts.js';
import { PeerWatcher } from './mesh/peer-watcher.js';
import type {
  CollectionOptions,
  RecordInput,
  ReplicateOptions,
  ReplicateResult,
} from './mesh/mesh-record.js';
import { RecordWatcher } from './mesh/record-watcher.js';
import { Collection, Records, requireCollection, requireRule } from './mesh/records.js';
import { resolveOptions, type MeshConfig, type MeshOptions } from './options.js';
import { systemRuntime, type MeshRuntime } from './runtime.js';
import {
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
  readonly #parts: MeshParts;
  readonly #listening: Listening;
  readonly #hub: EventHub;
  readonly #drains: DrainWaits;
  readonly #port: ProtocolPort;
  readonly #life: Lifecycle;
  readonly #connector: Connector;
  readonly #holds: Holds;

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
    const pool = runtime.createPool();
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
    const parts = (): MeshParts => this.#parts;
    this.#life = new Lifecycle({
      pool,
      hub: this.#hub,
      listening: this.#listening,
      drains: this.#drains,
      parts,
    });
    this.#connector = new Connector({ clock, whenStarted: () => this.#life.whenStarted(), parts });
    this.#holds = new Holds({
      parts,
      dial: (endpoint, expected, signal) => this.#connector.dial(endpoint, { expected, signal }, true),
    });
    this.#parts = assembleMesh({
      identity,
      config: this.#config,
      runtime,
      pool,
      endpoint: () => this.#listening.advertised,
      isRunning: () => this.#life.isRunning,
      events: new PeerWatcher({
        clock,
        log: logger,
        hub: this.#hub,
        drains: this.#drains,
        holds: this.#holds,
        parts,
      }),
      records: new RecordWatcher({
        hub: this.#hub,
        records: () => this.records,
        links: () => this.#parts.links,
      }),
    });
    this.records = new Records({
      sync: () => this.#parts.recordSync,
      whenStarted: () => this.#life.whenStarted(),
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
    return this.#life.start();
  }

  /** Dials `ws://…` or `wss://…` and resolves once the peer has accepted us. The endpoint is dialled again for ever when it is lost. */
  connect(endpoint: string, options: ConnectOptions = {}): Promise<PeerIdentity> {
    return this.#hub.observed('connect', this.#connector.connect(endpoint, options));
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
    requireCollection(name);
    const { accept } = options;
    if (accept !== undefined) this.#parts.recordSync?.setRule(name, requireRule(accept));
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
    return this.#life.stop();
  }

  onPeer(listener: (event: PeerEvent) => void): Unsubscribe {
    return this.#hub.onPeer(listener);
  }

  open(protocol: ProtocolId, handlers: ProtocolHandlers): ProtocolPort {
    return this.#parts.protocols.open(protocol, handlers);
  }

  async hold(id: NodeId, options: HoldOptions): Promise<Unhold> {
    this.#life.requireRunning();
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
    if (this.#life.isRunning) await withAbort(signal, this.#parts.forwarder.find(id, undefined));
    return this.#keyKnown(id);
  }

  async #broadcast(message: unknown, options: BroadcastOptions): Promise<BroadcastResult> {
    await this.#life.whenStarted();
    // connect() and broadcast() in one breath work: the message waits for the first link.
    const { firstDials } = this.#connector;
    if (firstDials !== undefined) await firstDials;
    return this.#port.broadcast(message as Payload, options);
  }

  async #sendTo(nodeId: NodeId, message: unknown, options: SendOptions): Promise<SendResult> {
    if (decodeNodeId(nodeId) === undefined) {
      throw new MeshArgumentError(
        'MESH_BAD_ARGUMENT',
        `${String(nodeId)} is no node id (yak1…, 62 characters).`,
      );
    }
    await this.#life.whenStarted();
    return this.#port.send(nodeId, message as Payload, options);
  }
}
