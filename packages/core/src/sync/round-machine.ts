import type { NodeId } from '@yakmesh/crypto';
import type { Machine, Random } from '../transport/index.js';
import { ROUND_AGAIN_MS, ROUND_MS } from './limits.js';

export interface RoundAction {
  readonly type: 'begin';
  readonly peer: NodeId;
}

/** With whom a round begins, and when: with each neighbour that we dialled, and every minute with a random one. One at a time. */
export class RoundMachine implements Machine<RoundAction> {
  readonly #random: Random;
  readonly #peers = new Set<NodeId>();
  readonly #dueMs = new Map<NodeId, number>();
  #active: NodeId | undefined;
  #nextMs = Infinity;

  constructor(random: Random) {
    this.#random = random;
  }

  get deadlineMs(): number | undefined {
    const dueMs = this.#active === undefined ? Math.min(...this.#dueMs.values()) : Infinity;
    const deadlineMs = Math.min(dueMs, this.#nextMs);
    return deadlineMs === Infinity ? undefined : deadlineMs;
  }

  /** A neighbour that speaks the protocol. Whoever dialled begins. */
  joined(peer: NodeId, isDialled: boolean, nowMs: number): readonly RoundAction[] {
    if (this.#peers.size === 0) this.#arm(nowMs);
    this.#peers.add(peer);
    if (isDialled) this.#dueMs.set(peer, nowMs);
    return this.#begin(nowMs);
  }

  gone(peer: NodeId, nowMs: number): readonly RoundAction[] {
    this.#peers.delete(peer);
    this.#dueMs.delete(peer);
    if (this.#active === peer) this.#active = undefined;
    if (this.#peers.size === 0) this.#nextMs = Infinity;
    return this.#begin(nowMs);
  }

  finished(peer: NodeId, isComplete: boolean, nowMs: number): readonly RoundAction[] {
    if (this.#active === peer) this.#active = undefined;
    if (!isComplete && this.#peers.has(peer)) this.#dueMs.set(peer, nowMs + ROUND_AGAIN_MS);
    return this.#begin(nowMs);
  }

  tick(nowMs: number): readonly RoundAction[] {
    if (nowMs >= this.#nextMs) {
      this.#arm(nowMs);
      const peers = [...this.#peers];
      const peer = peers[this.#random.below(peers.length)];
      if (peer !== undefined && !this.#dueMs.has(peer)) this.#dueMs.set(peer, nowMs);
    }
    return this.#begin(nowMs);
  }

  #arm(nowMs: number): void {
    this.#nextMs = nowMs + ROUND_MS * (0.8 + 0.4 * this.#random.unit());
  }

  #begin(nowMs: number): readonly RoundAction[] {
    if (this.#active !== undefined) return [];
    let peer: NodeId | undefined;
    let earliestMs = Infinity;
    for (const [candidate, dueMs] of this.#dueMs) {
      if (dueMs > nowMs || dueMs >= earliestMs) continue;
      peer = candidate;
      earliestMs = dueMs;
    }
    if (peer === undefined) return [];
    this.#dueMs.delete(peer);
    this.#active = peer;
    return [{ type: 'begin', peer }];
  }
}
