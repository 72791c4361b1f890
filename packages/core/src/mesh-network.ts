import { decodeNodeId, isNodeId, type CryptoPool, type NodeId, type SigningIdentity } from '@yakmesh/crypto';
import { MeshArgumentError, MeshError } from './errors.js';
import { DrainWaits } from './mesh/drain-waits.js';
import { requireEndpoint } from './mesh/endpoint.js';
import { EventHub } from './mesh/event-hub.js';
import type { MeshEvents, MessageHandler } from './mesh/events.js';
import { Listening } from './mesh/listening.js';
import { assembleMesh, type MeshParts } from './mesh/mesh-parts.js';
import type { Peer } from './mesh/peer.js';
import { PeerWatcher } from './mesh/peer-watcher.js';
import { DIAL_TIMEOUT_MS } from './mesh/redialer.js';
import { resolveOptions, type MeshConfig, type MeshOptions } from './options.js';
import { systemRuntime, type MeshRuntime } from './runtime.js';
import {
  combineSignals,
  CodedError,
  HOLDS_MAX,
  type BroadcastOptions,
  type BroadcastResult,
  type HoldOptions,
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
  readonly #config: MeshConfig;
  readonly #runtime: MeshRuntime;
  readonly #pool: CryptoPool;
  readonly #parts: MeshParts;
  readonly #listening: Listening;
  readonly #hub: EventHub;
  readonly #drains: DrainWaits;
  readonly #port: ProtocolPort;
  readonly #dials = new Set<Promise<unknown>>();
  readonly #holds = new Map<NodeId, number>();
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
    this.#config = resolveOptions(options);
    this.#runtime = runtime;
    this.#pool = runtime.createPool();
    const { clock } = runtime;
    const { logger } = this.#config;
    this.#hub = new EventHub({
      log: logger,
      count: (name) => this.#parts.counters.add(name),
      closed: (peer) => this.#parts.redialer.forget(peer),
    });
    this.#drains = new DrainWaits(clock, () => this.#parts.links.peers);
    this.#listening = new Listening(this.#config, runtime.sockets);
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
        parts: () => this.#parts,
      }),
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

  /** Sends a message to one neighbour. Rejects with MESH_UNREACHABLE, MESH_QUEUE_FULL and what `broadcast` rejects with. */
  sendTo(nodeId: NodeId, message: unknown, options: SendOptions = {}): Promise<SendResult> {
    return this.#hub.observed(
      'sendTo',
      this.#drains.paced(this.#sendTo(nodeId, message, options), options.signal),
    );
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
    const count = this.#holds.get(id) ?? 0;
    if (count === 0 && this.#holds.size >= HOLDS_MAX)
      throw new CodedError('MESH_HOLDS_FULL', `${HOLDS_MAX} links are held already.`);
    if (!this.isConnectedTo(id) && options.endpoint === undefined)
      throw new MeshError('MESH_UNREACHABLE', `No endpoint of ${id} is known; give one.`);
    // Its place is taken while the dial is under way: others may ask meanwhile.
    this.#holds.set(id, count + 1);
    let isHeld = true;
    const letGo = (): void => {
      if (!isHeld) return;
      isHeld = false;
      const left = (this.#holds.get(id) ?? 1) - 1;
      if (left === 0) this.#holds.delete(id);
      else this.#holds.set(id, left);
    };
    try {
      if (!this.isConnectedTo(id) && options.endpoint !== undefined)
        await this.#dial(options.endpoint, { expected: id, signal: options.signal }, true);
    } catch (error) {
      letGo();
      throw error;
    }
    return letGo;
  }

  routesTo(id: NodeId): readonly Route[] {
    const peer = this.#parts.links.peer(id);
    return peer === undefined ? [] : [{ via: id, hops: 1, rttMs: peer.rttMs }];
  }

  async keyOf(id: NodeId): Promise<Uint8Array> {
    const key = this.#parts.links.peer(id)?.outcome.publicKey ?? this.#parts.keys.get(id)?.publicKey;
    if (key === undefined) throw new CodedError('MESH_KEY_UNKNOWN', `The key of ${id} is not known here.`);
    return key.slice();
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
  }

  async #open(): Promise<void> {
    await this.#pool.ready();
    await this.#parts.replayKeeper?.start();
    await this.#listening.start(this.#parts.links.door);
  }

  #isStopRequested(): boolean {
    return this.#state !== 'starting';
  }

  async #stop(): Promise<void> {
    this.#state = 'stopping';
    const { redialer, protocols, flows, links, pacer, router, crypto, replayKeeper } = this.#parts;
    // What is being opened can be closed only once it is open.
    await this.#opening?.catch(() => undefined);
    redialer.stop();
    protocols.stop();
    flows.closeAll();
    this.#drains.stop();
    await Promise.all([links.stop(), this.#listening.stop()]);
    pacer.stop();
    router.stop();
    await crypto.close();
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
      const peer = await this.#parts.links.dial(endpoint, isHeld, limited.signal);
      if (!isHeld) this.#parts.redialer.keep(endpoint, peer);
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
