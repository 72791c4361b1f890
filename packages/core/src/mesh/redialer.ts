import type { NodeId } from '@yakmesh/crypto';
import type { MeshErrorCode, PeerFaultCode } from '../errors.js';
import { codeOf, combineSignals, type Clock, type Random, type TimerHandle } from '../transport/index.js';
import type { Endpoint } from './endpoint.js';
import type { LinkLayer } from './link-layer.js';
import type { Peer } from './peer.js';
import { RedialMachine } from './redial-machine.js';

/** How long one dial may take unless its caller says otherwise. */
export const DIAL_TIMEOUT_MS = 10_000;
const REFUSED_CODES: readonly string[] = [
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
}

interface Kept {
  readonly endpoint: Endpoint;
  readonly nodeId: NodeId;
  /** Only for as long as its link is held. */
  readonly isHeld: boolean;
}

/** Dials again, for ever, what the application has connected to or a subsystem holds, and was lost. */
export class Redialer {
  readonly #options: RedialerOptions;
  readonly #machine: RedialMachine;
  readonly #endpoints = new Map<string, Kept>();
  #isStopped = false;
  #timer: TimerHandle | undefined;

  constructor(options: RedialerOptions) {
    this.#options = options;
    this.#machine = new RedialMachine(options.random);
  }

  /** From now on this endpoint is kept: dialled again for ever when the link is lost. */
  keep(endpoint: Endpoint, peer: Peer): void {
    if (this.#note({ endpoint, nodeId: peer.nodeId, isHeld: false }, peer)) peer.isKept = true;
  }

  /** The same until `letGo`, for a link that is held; what the application keeps stays as it is. */
  keepHeld(endpoint: Endpoint, peer: Peer): void {
    if (!peer.isKept) this.#note({ endpoint, nodeId: peer.nodeId, isHeld: true }, peer);
  }

  /** Nobody holds the link to that node any more. */
  letGo(nodeId: NodeId): void {
    for (const [url, kept] of this.#endpoints) {
      if (kept.nodeId !== nodeId || !kept.isHeld) continue;
      this.#machine.forget(url);
      this.#endpoints.delete(url);
    }
    this.#arm();
  }

  /** The caller closed the link: it is not wanted any more. */
  forget(peer: Peer): void {
    if (peer.dialled === undefined) return;
    this.#machine.forget(peer.dialled);
    this.#endpoints.delete(peer.dialled);
  }

  lost(peer: Peer, code: MeshErrorCode | PeerFaultCode): void {
    if (peer.dialled === undefined || this.#isStopped) return;
    const nowMs = this.#options.clock.monotonicMs();
    this.#machine.lost(peer.dialled, nowMs);
    // It needed the place for another one, and we have other neighbours.
    if (code === 'LINK_FULL' && this.#options.links.peerCount > 0) this.#machine.rest(peer.dialled, nowMs);
    this.#arm();
  }

  /** No neighbour is left: what rests is dialled again. */
  wake(): void {
    this.#machine.wake(this.#options.clock.monotonicMs());
    this.#arm();
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== undefined) this.#options.clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }

  /** False where there is no room for it. */
  #note(kept: Kept, peer: Peer): boolean {
    const { url } = kept.endpoint;
    peer.dialled = url;
    if (!this.#machine.connected(url)) return false;
    this.#endpoints.set(url, kept);
    return true;
  }

  async #dial({ endpoint, isHeld }: Kept): Promise<Peer> {
    const { clock, links } = this.#options;
    const limited = combineSignals({ clock, timeoutMs: DIAL_TIMEOUT_MS });
    try {
      const purpose = isHeld ? 'hold' : links.peerCount === 0 ? 'join' : 'fill';
      return await links.dial(endpoint, purpose, limited.signal);
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
    const { links } = this.#options;
    const kept = this.#endpoints.get(url);
    if (kept === undefined) return this.#machine.forget(url);
    try {
      // It may have dialled us meanwhile.
      const peer = links.peer(kept.nodeId) ?? (await this.#dial(kept));
      // Let go while the dial was under way: the link stays as any other.
      if (!this.#endpoints.has(url)) return;
      if (kept.isHeld) this.keepHeld(kept.endpoint, peer);
      else this.keep(kept.endpoint, peer);
    } catch (error) {
      this.#failed(url, codeOf(error) ?? '');
    }
  }

  #failed(url: string, code: string): void {
    const { clock, links } = this.#options;
    const nowMs = clock.monotonicMs();
    this.#machine.failed(url, code === 'MESH_FULL' || REFUSED_CODES.includes(code), nowMs);
    if (code === 'MESH_FULL' && links.peerCount > 0) this.#machine.rest(url, nowMs);
    this.#arm();
  }
}
