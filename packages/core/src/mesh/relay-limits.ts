import type { NodeId } from '@yakmesh/crypto';
import { TokenBucket } from '../link/token-bucket.js';
import { BoundedMap } from '../transport/index.js';
import { HOLD_MS_MAX } from './origin-lines.js';
import type { Peer } from './peer.js';

/** Origins whose allowance is remembered for each neighbour; one that is forgotten begins with a full one. */
const ORIGINS_MAX = 1_024;

/** Seconds of its limit that a neighbour takes in one heap: those of one second at once, and what it holds. */
const BURST_SECONDS = 1 + HOLD_MS_MAX / 1_000;

interface Allowances {
  readonly messagesPerSecond: number;
  readonly buckets: BoundedMap<NodeId, TokenBucket>;
}

/**
 * Relays bring a neighbour no more of one origin than it takes: what it would drop is not sent, and nobody is blamed for it.
 * An origin cannot know the limits of nodes that it is no neighbour of.
 */
export class RelayLimits {
  readonly #allowances = new WeakMap<Peer, Allowances>();

  /** How many of `count` messages of an origin a neighbour takes now; they count as sent. */
  admitted(peer: Peer, origin: NodeId, count: number, nowMs: number): number {
    const { messagesPerSecond } = peer;
    if (messagesPerSecond === 0) return count;
    const { buckets } = this.#of(peer, messagesPerSecond);
    let bucket = buckets.get(origin);
    if (bucket === undefined) {
      bucket = new TokenBucket(messagesPerSecond, BURST_SECONDS * messagesPerSecond, nowMs);
      buckets.set(origin, bucket);
    }
    let taken = 0;
    while (taken < count && bucket.take(nowMs)) taken += 1;
    return taken;
  }

  #of(peer: Peer, messagesPerSecond: number): Allowances {
    const known = this.#allowances.get(peer);
    if (known?.messagesPerSecond === messagesPerSecond) return known;
    const buckets = new BoundedMap<NodeId, TokenBucket>(ORIGINS_MAX, { touchOnGet: true });
    const allowances = { messagesPerSecond, buckets };
    this.#allowances.set(peer, allowances);
    return allowances;
  }
}
