import { isNodeId, type NodeId } from '@yakmesh/crypto';
import type { PeerHint } from '../link/control-frames.js';
import {
  BoundedMap,
  codeOf,
  combineSignals,
  type Clock,
  type Random,
  type TimerHandle,
} from '../transport/index.js';
import { isAdvertisable, parseEndpoint, type Endpoint } from './endpoint.js';
import type { LinkLayer } from './link-layer.js';
import type { Peer } from './peer.js';
import { RedialMachine } from './redial-machine.js';

/** How long one dial may take unless its caller says otherwise. */
export const DIAL_TIMEOUT_MS = 10_000;
/** Hints remembered; the oldest leaves first. */
export const HINTS_KEPT_MAX = 256;
/** A hint is followed after a random part of this, so that two nodes that hear of each other seldom dial at once. */
const HINT_DELAY_MS = 200;
const REFUSED_CODES: readonly string[] = [
  'MESH_FULL',
  'MESH_NETWORK_MISMATCH',
  'MESH_RATE_LIMITED',
  'MESH_VERSION_MISMATCH',
  'LINK_DENIED',
  'LINK_PEER_MISMATCH',
];

export interface RedialerOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly links: LinkLayer;
  readonly self: NodeId;
  /** Neighbours up to which hints are followed: half of maxPeers, so that newcomers find room. */
  readonly targetPeers: number;
}

/** Dials again what was lost, and follows hints while there are few neighbours. */
export class Redialer {
  readonly #options: RedialerOptions;
  readonly #machine: RedialMachine;
  readonly #endpoints = new Map<string, { endpoint: Endpoint; nodeId: NodeId }>();
  readonly #hints = new BoundedMap<NodeId, string>(HINTS_KEPT_MAX);
  readonly #timers = new Set<TimerHandle>();
  /** Dials of hints that are under way. */
  #following = 0;
  #isStopped = false;
  #timer: TimerHandle | undefined;

  constructor(options: RedialerOptions) {
    this.#options = options;
    this.#machine = new RedialMachine(options.random);
  }

  /** From now on this endpoint is kept: dialled again for ever when the link is lost. */
  keep(endpoint: Endpoint, peer: Peer): void {
    peer.dialled = endpoint.url;
    if (this.#machine.connected(endpoint.url))
      this.#endpoints.set(endpoint.url, { endpoint, nodeId: peer.nodeId });
  }

  /** The caller closed the link: it is not wanted any more. */
  forget(peer: Peer): void {
    if (peer.dialled === undefined) return;
    this.#machine.forget(peer.dialled);
    this.#endpoints.delete(peer.dialled);
  }

  lost(peer: Peer): void {
    if (peer.dialled === undefined || this.#isStopped) return;
    this.#machine.lost(peer.dialled, this.#options.clock.monotonicMs());
    this.#arm();
  }

  hinted(hints: readonly PeerHint[], address: string): number {
    const { self, links, clock, random, targetPeers } = this.#options;
    let bad = 0;
    for (const hint of hints) {
      if (hint.nodeId === self || links.peer(hint.nodeId) !== undefined) continue;
      if (!isAdvertisable(hint.endpoint, address)) bad += 1;
      else this.#hints.set(hint.nodeId, hint.endpoint);
    }
    for (const [nodeId, endpoint] of this.#hints) {
      // Dials under way count: else a neighbour that hints without end would make us open connections to whomever it names.
      if (links.peerCount + this.#timers.size + this.#following >= targetPeers) break;
      this.#hints.delete(nodeId);
      const timer = clock.setTimer(random.unit() * HINT_DELAY_MS, () => {
        this.#timers.delete(timer);
        void this.#follow(nodeId, endpoint);
      });
      this.#timers.add(timer);
    }
    return bad;
  }

  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#timers) this.#options.clock.clearTimer(timer);
    this.#timers.clear();
    if (this.#timer !== undefined) this.#options.clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }

  async #follow(nodeId: NodeId, hint: string): Promise<void> {
    const { links, targetPeers } = this.#options;
    const parsed = parseEndpoint(hint);
    if (parsed === undefined || !isNodeId(nodeId) || links.peer(nodeId) !== undefined) return;
    if (links.peerCount >= targetPeers) return;
    const endpoint = { url: parsed.url, expected: nodeId };
    this.#following += 1;
    try {
      this.keep(endpoint, await this.#dial(endpoint));
    } catch {
      // A hint is only a hint: the next one may be better.
    } finally {
      this.#following -= 1;
    }
  }

  async #dial(endpoint: Endpoint): Promise<Peer> {
    const { clock, links } = this.#options;
    const limited = combineSignals({ clock, timeoutMs: DIAL_TIMEOUT_MS });
    try {
      return await links.dial(endpoint, false, limited.signal);
    } finally {
      limited.dispose();
    }
  }

  #arm(): void {
    const { clock } = this.#options;
    const deadlineMs = this.#machine.deadlineMs;
    if (this.#timer !== undefined) clock.clearTimer(this.#timer);
    this.#timer = undefined;
    if (deadlineMs === undefined || this.#isStopped) return;
    this.#timer = clock.setTimer(Math.max(1, deadlineMs - clock.monotonicMs()), () => {
      this.#timer = undefined;
      for (const url of this.#machine.tick(clock.monotonicMs())) void this.#redial(url);
      this.#arm();
    });
  }

  async #redial(url: string): Promise<void> {
    const { links, clock } = this.#options;
    const kept = this.#endpoints.get(url);
    if (kept === undefined) return this.#machine.forget(url);
    try {
      // It may have dialled us meanwhile.
      const peer = links.peer(kept.nodeId) ?? (await this.#dial(kept.endpoint));
      this.keep(kept.endpoint, peer);
    } catch (error) {
      const isRefusal = REFUSED_CODES.includes(codeOf(error) ?? '');
      this.#machine.failed(url, isRefusal, clock.monotonicMs());
      this.#arm();
    }
  }
}
