import type { Random } from '../transport/index.js';
import {
  DETOUR_MS_MAX,
  GRAFT_MS_MIN,
  GRAFT_ROUND_TRIPS,
  IMPATIENCE,
  PATIENCE_MS_DEFAULT,
  PATIENCE_MS_MAX,
  PATIENCE_STEP_MS,
  TORN_GRAFT_MS_MIN,
} from './tree-limits.js';

/**
 * How long beyond the tree's length a message is awaited: so long that all but a share of them come by themselves. Those are
 * asked for, of a tree that loses packets the ones that would come last.
 */
export class Patience {
  readonly #random: Random;
  #ms = PATIENCE_MS_DEFAULT;

  constructor(random: Random) {
    this.#random = random;
  }

  /**
   * How long an announced message is awaited before its announcer is asked for it, which is by so much a detour from the tree's way. Where that
   * may be torn, no longer than a message takes; spread, so that of many who wait for the same tree the first to ask can supply the others.
   */
  waitMs(rttMs: number, detourMs: number, isTorn: boolean): number {
    const detour = Math.min(DETOUR_MS_MAX, detourMs);
    if (detour !== 0) return Math.max(TORN_GRAFT_MS_MIN, detour + this.#ms);
    const leastMs = Math.max(isTorn ? TORN_GRAFT_MS_MIN : GRAFT_MS_MIN, GRAFT_ROUND_TRIPS * rttMs);
    return leastMs * (1 + this.#random.unit() / 2);
  }

  /** A message came so long after it was due; before it where negative. */
  came(lateMs: number): void {
    const share = lateMs > this.#ms ? 1 - IMPATIENCE : -IMPATIENCE;
    const ms = this.#ms + PATIENCE_STEP_MS * share;
    this.#ms = Math.min(PATIENCE_MS_MAX, Math.max(-PATIENCE_MS_MAX, ms));
  }
}
