import type { CryptoPool, NodeId, SigningIdentity } from '@yakmesh/crypto';
import { ReplayState } from '../envelope/replay-state.js';
import { encodeParams } from '../handshake/params.js';
import { PuzzleIssuer } from '../handshake/puzzle.js';
import { KeyCache } from '../link/key-cache.js';
import { CREDIT_BYTES_MIN } from '../link/link-limits.js';
import type { LinkInfo } from '../link/control-frames.js';
import { MeshCrypto } from '../mesh-crypto.js';
import { networkHash, networkPrefix } from '../network-hash.js';
import type { MeshConfig } from '../options.js';
import type { MeshRuntime } from '../runtime.js';
import { memoryStore, type Guard, type Store } from '../transport/index.js';
import { Admission } from './admission.js';
import { Counters } from './counters.js';
import { DefaultGuard } from './default-guard.js';
import { Flood } from './flood.js';
import { Flows } from './flows.js';
import { Handshakes } from './handshakes.js';
import { isolation } from './isolation.js';
import type { LinkLayer, LinksEvents } from './link-layer.js';
import { Links, type LinksOptions } from './links.js';
import { NeighboursOnly } from './neighbours-only.js';
import { Pacer } from './pacer.js';
import { ProtocolRegistry } from './protocol-registry.js';
import { Publisher } from './publisher.js';
import { Redialer } from './redialer.js';
import { ReplayKeeper } from './replay-keeper.js';
import { Reports } from './reports.js';
import { Router } from './router.js';

const BOOT_ID_BYTES = 16;
const STORE_ENTRIES_MAX = 100_000;
const STORE_BYTES_MAX = 67_108_864;

/** Of the limit on messages, the part that neighbours are told of: what has piled up while a line stood still must be able to drain. */
const ANNOUNCED_SHARE = 0.9;

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
  readonly reports: Reports;
  readonly router: Router;
  readonly flows: Flows;
  readonly protocols: ProtocolRegistry;
  readonly redialer: Redialer;
  readonly replayKeeper: ReplayKeeper | undefined;
}

export interface MeshPartsOptions {
  readonly identity: SigningIdentity;
  readonly config: MeshConfig;
  readonly runtime: MeshRuntime;
  readonly pool: CryptoPool;
  readonly events: LinksEvents;
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
  const self = {
    nodeId: identity.nodeId,
    nodeIdBytes: identity.nodeIdBytes,
    publicKey: identity.publicKey,
    params: encodeParams({
      bootId: random.bytes(BOOT_ID_BYTES),
      creditBytes: CREDIT_BYTES_MIN,
      messagesPerSecond: announced(guard.messagesPerSecond ?? 0),
    }),
  };
  const info = (): LinkInfo => ({
    endpoint: options.endpoint(),
    protocols: protocols.names,
    timeMs: clock.nowMs(),
    networks: networkHashes.map(networkPrefix),
  });
  const keyFor = (nodeId: string): Uint8Array | undefined =>
    nodeId === identity.nodeId ? identity.publicKey : keys.get(nodeId as NodeId)?.publicKey;
  const admission = new Admission({ guard, clock, counters });
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
      check: (origin, envelope) => replay.check(origin, envelope, clock.nowMs()),
      known: (use, network, key, head) => crypto.known(use, network, key, head),
    }),
  });
  const peers = () => links.peers;
  const peer = (nodeId: NodeId) => links.peer(nodeId);
  const pacer = new Pacer({ clock, counters, peer });
  const spreader = new Flood({ clock, counters, pacer, peers });
  const forwarder = new NeighboursOnly({ counters, pacer, peer });
  const publisher = new Publisher({
    identity,
    crypto,
    clock,
    counters,
    networkHash: own,
    spreader,
    forwarder,
    peers,
    peer,
  });
  const reports = new Reports({ guard, clock, peer });
  const isolated = isolation(counters, config.logger);
  const flows: Flows = new Flows({
    isolated,
    self: identity.nodeIdBytes,
    clock,
    random,
    counters,
    peer,
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
    subscriber: (protocol) => protocols.subscriber(protocol),
  });
  const targetPeers = Math.ceil(config.maxPeers / 2);
  const redialer = new Redialer({ clock, random, links, self: identity.nodeId, targetPeers });
  const replayKeeper =
    config.store === undefined ? undefined : new ReplayKeeper(replay, config.store, clock, config.logger);
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
    reports,
    router,
    flows,
    protocols,
    redialer,
    replayKeeper,
  };
}

function announced(messagesPerSecond: number): number {
  return messagesPerSecond === 0 ? 0 : Math.max(1, Math.floor(ANNOUNCED_SHARE * messagesPerSecond));
}
