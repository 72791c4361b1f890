import type { NodeId } from '@yakmesh/crypto';
import type { Random } from '../transport/index.js';
import { ASIDE_RELAYS, ASIDE_SHARE, ASIDES_MAX, RELAYED_ASIDES_MAX } from './tree-limits.js';
import type { Trunk } from './trunk.js';

/**
 * Copies that leave the tree near a message's origin: the message then runs through the tree from several places at once, and
 * a packet that is lost near one of them holds up few. Where such a wave meets another, somebody has a message twice: so there
 * are as many as the mesh has nodes to bear it.
 */
export class Asides {
  readonly #trunk: Trunk;
  readonly #random: Random;

  constructor(trunk: Trunk, random: Random) {
    this.#trunk = trunk;
    this.#random = random;
  }

  /** Which of the lazy neighbours get a message at once, whose origin we are, or have it from. */
  chosen(lazy: readonly NodeId[], from: 'self' | 'origin', nowMs: number): NodeId[] {
    const budget = ASIDE_SHARE * this.#trunk.nodes;
    const count =
      from === 'self'
        ? Math.min(ASIDES_MAX, Math.floor(budget))
        : this.#drawn((budget - ASIDES_MAX) / ASIDE_RELAYS);
    if (count === 0) return [];
    const left = lazy.filter((peer) => this.#trunk.isSettled(peer, nowMs));
    const chosen: NodeId[] = [];
    while (chosen.length < count && left.length > 0)
      chosen.push(...left.splice(this.#random.below(left.length), 1));
    return chosen;
  }

  /** So many on average. */
  #drawn(mean: number): number {
    const most = Math.min(RELAYED_ASIDES_MAX, Math.max(0, mean));
    return Math.floor(most + this.#random.unit());
  }
}
