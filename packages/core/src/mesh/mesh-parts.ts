import type { CryptoPool, NodeId, SigningIdentity } from '@yakmesh/crypto';
import { ReplayState } from '../envelope/replay-state.js';
import { PuzzleIssuer } from '../handshake/puzzle.js';
import { KeyCache } from '../link/key-cache.js';
import type { LinkInfo } from '../link/control-frames.js';
import { MeshCrypto } from '../mesh-crypto.js';
import { networkHash, networkPrefix } from '../network-hash.js';
import type { MeshConfig } from '../options.js';
import type { MeshRuntime } from '../runtime.js';
import { Retention } from '../retention/retention.js';
import { memoryStore, type Guard, type Store } from '../transport/index.js';
import { Admission } from './admission.js';
import { arrivalCheck } from './arrival-check.js';
import { Counters } from './counters.js';
import { Deliveries } from './deliveries.js';
import { DefaultGuard } from './default-guard.js';
import { Flows } from './flows.js';
import { handshakeSelf } from './handshake-self.js';
import { Handshakes } from './handshakes.js';
import { isolation } from './isolation.js';
import type { LinkLayer, LinksEvents } from './link-layer.js';
import { Links, type LinksOptions } from './links.js';
import { Membership } from './membership.js';
import { MeshForwarder } from './mesh-forwarder.js';
import { Pacer } from './pacer.js';
import { ProtocolRegistry } from './protocol-registry.js';
import { Publisher } from './publisher.js';
import { Receipts } from './receipts.js';
import { RecordSync, type RecordListener } from './record-sync.js';
import { Redialer } from './redialer.js';
import { ReplayKeeper } from './replay-keeper.js';
import { Reports } from './reports.js';
import { RouteFinder, ROUTE_PROTOCOL } from './route-finder.js';
import { Router } from './router.js';
import { TreeSpreader } from './tree-spreader.js';

const STORE_ENTRIES_MAX = 100_000;
const STORE_BYTES_MAX = 67_108_864;

/** Everything that a running mesh is made of, wired together. */
export interface MeshParts {
  readonly counters: Counters;
  /** Hashes of the networks that are accepted, our own first. */
  readonly networkHashes: readonly Uint8Array[];
  readonly guard: Guard;
  readonly store: Store;
  readonly crypto: MeshCrypto;
  readonly keys: KeyCache;
  readonly links: LinkLayer;
  readonly publisher: Publisher;
  readonly pacer: Pacer;
  readonly spreader: TreeSpreader;
  readonly reports: Reports;
  readonly router: Router;
  readonly flows: Flows;
  readonly finder: RouteFinder;
  readonly forwarder: MeshForwarder;
  readonly deliveries: Deliveries;
  readonly protocols: ProtocolRegistry;
  readonly redialer: Redialer;
  readonly membership: Membership;
  readonly replayKeeper: ReplayKeeper | undefined;
  readonly recordSync: RecordSync | undefined;
}

export interface MeshPartsOptions {
  readonly identity: SigningIdentity;
  readonly config: MeshConfig;
  readonly runtime: MeshRuntime;
  readonly pool: CryptoPool;
  readonly events: LinksEvents;
  readonly records: RecordListener;
  /** Where others can dial us; undefined when that is not to be told. */
  readonly endpoint: () => string | undefined;
  readonly isRunning: () => boolean;
}

export function assembleMesh(options: MeshPartsOptions): MeshParts {
  const { identity, config, runtime, pool, events } = options;
  const { clock, random } = runtime;
  const { kem } = config;
  const own = networkHash(kem.suite, config.network);
  const accepted = config.acceptNetworks.map((network) => networkHash(kem.suite, network));
  const networkHashes = [own, ...accepted] as const;
  const counters = new Counters();
  const guard: Guard = config.guard ?? new DefaultGuard(config.rateLimiter);
  const crypto = new MeshCrypto({ identity, clock, random, pool, headsScale: config.headBudget });
  const keys = new KeyCache();
  const replay = new ReplayState();
  const store = config.store ?? memoryStore({ entriesMax: STORE_ENTRIES_MAX, bytesMax: STORE_BYTES_MAX });
  const self = handshakeSelf(identity, random, guard.messagesPerSecond ?? 0);
  const info = (): LinkInfo => ({
    endpoint: options.endpoint(),
    protocols: protocols.names,
    timeMs: clock.nowMs(),
    networks: networkHashes.map(networkPrefix),
  });
  const keyFor = (nodeId: string): Uint8Array | undefined =>
    nodeId === identity.nodeId ? identity.publicKey : keys.get(nodeId as NodeId)?.publicKey;
  const admission = new Admission({
    guard,
    clock,
    counters,
    handshakesPerSecond: () => crypto.handshakesPerSecond,
  });
  const puzzles = new PuzzleIssuer({ random, bits: (nowMs) => admission.puzzleBits(nowMs) });
  const handshakes = new Handshakes({ kem, random, self, networkHashes, puzzles, admission });
  const createLinks = runtime.createLinks ?? ((needs: LinksOptions) => new Links(needs));
  const links: LinkLayer = createLinks({
    clock,
    random,
    sockets: runtime.sockets,
    guard,
    counters,
    jobs: (neighbour) => crypto.jobs(neighbour),
    admission,
    handshakes,
    self: identity.nodeIdBytes,
    networkHashes,
    maxPeers: config.maxPeers,
    yielding: {
      get spares() {
        return membership.spares;
      },
      giveUp: () => membership.giveUp(),
    },
    events,
    link: () => ({
      kem,
      random,
      keys,
      networkHashes,
      keyFor,
      info,
      pingIntervalMs: config.pingInterval,
      headsPerSecond: crypto.headsPerSecond,
      check: arrivalCheck(replay, identity, clock),
      isRepairing: (nodeId) => spreader.isRepairing(nodeId),
      known: (use, network, key, head) => crypto.known(use, network, key, head),
    }),
  });
  const peers = () => links.peers;
  const peer = (nodeId: NodeId) => links.peer(nodeId);
  const pacer = new Pacer({ clock, counters, peer });
  const { retentionMs } = config;
  const spreader: TreeSpreader = new TreeSpreader({
    self: identity.nodeId,
    selfBytes: identity.nodeIdBytes,
    clock,
    random,
    counters,
    pacer,
    replay,
    retention: new Retention({ retentionMs, bytesMax: config.retentionBytes }),
    retentionMs,
    messagesPerSecond: guard.messagesPerSecond ?? 0,
    peers,
    peer,
  });
  const finder = new RouteFinder({
    self: identity.nodeIdBytes,
    publicKey: identity.publicKey,
    clock,
    random,
    counters,
    keys,
    jobs: (neighbour) => crypto.jobs(neighbour),
    networkHashes,
  });
  const forwarder = new MeshForwarder({ clock, counters, pacer, finder, peer });
  const deliveries = new Deliveries({ clock, counters, forwarder, finder, peer });
  const publisher = new Publisher({
    identity,
    crypto,
    clock,
    counters,
    networkHash: own,
    spreader,
    forwarder,
    deliveries,
    peers,
  });
  const receipts = new Receipts({
    clock,
    counters,
    send: (to, protocol, ids) => publisher.acknowledge(to, protocol, ids),
  });
  const reports = new Reports({ guard, clock, peer });
  const isolated = isolation(counters, config.logger);
  const flows: Flows = new Flows({
    isolated,
    self: identity.nodeIdBytes,
    clock,
    random,
    counters,
    finder,
    forwarder,
    handlers: (protocol) => protocols.handlers(protocol),
  });
  const protocols: ProtocolRegistry = new ProtocolRegistry({
    clock,
    random,
    store,
    log: config.logger,
    reports,
    counters,
    crypto,
    pool,
    networkHash: own,
    isolated,
    publisher,
    flows,
    peer,
    isRunning: options.isRunning,
    changed: () => links.sendInfo(),
  });
  spreader.open(protocols);
  const router = new Router({
    self: identity.nodeId,
    selfBytes: identity.nodeIdBytes,
    clock,
    guard,
    counters,
    reports,
    replay,
    spreader,
    forwarder,
    deliveries,
    receipts,
    subscriber: (protocol) => protocols.subscriber(protocol),
  });
  finder.attach(protocols.open(ROUTE_PROTOCOL, finder.handlers));
  const redialer = new Redialer({ clock, random, links });
  const membership: Membership = new Membership({
    clock,
    random,
    log: config.logger,
    counters,
    self: identity.nodeId,
    maxPeers: config.maxPeers,
    endpoint: options.endpoint,
    links: () => links,
    store: config.store,
    alone: () => redialer.wake(),
  });
  membership.open(protocols);
  const replayKeeper =
    config.store === undefined ? undefined : new ReplayKeeper(replay, config.store, clock, config.logger);
  const recordSync =
    config.records &&
    new RecordSync({
      self: identity.nodeId,
      clock,
      random,
      crypto,
      networkHashes,
      protocols,
      publisher,
      store: config.store,
      config: config.records,
      listener: options.records,
      failed: (error) => {
        counters.add('sync/1:failed');
        config.logger.warn({ error: String(error) }, 'Data sync failed at something; it is tried again.');
      },
    });
  return {
    counters,
    networkHashes,
    guard,
    store,
    crypto,
    keys,
    links,
    publisher,
    pacer,
    spreader,
    reports,
    router,
    flows,
    finder,
    forwarder,
    deliveries,
    protocols,
    redialer,
    membership,
    replayKeeper,
    recordSync,
  };
}
