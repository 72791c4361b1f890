import { IMPATIENCE, PATIENCE_MS_DEFAULT, PATIENCE_MS_MAX, PATIENCE_STEP_MS } from './tree-limits.js';

/**
 * How long beyond the tree's length a message is awaited: so long that all but a share of them come by themselves. Those are
 * asked for, of a tree that loses packets the ones that would come last.
 */
export class Patience {
  #ms = PATIENCE_MS_DEFAULT;

  get ms(): number {
    return this.#ms;
  }

  /** A message came so long after it was due; before it where negative. */
  came(lateMs: number): void {
    const share = lateMs > this.#ms ? 1 - IMPATIENCE : -IMPATIENCE;
    const ms = this.#ms + PATIENCE_STEP_MS * share;
    this.#ms = Math.min(PATIENCE_MS_MAX, Math.max(-PATIENCE_MS_MAX, ms));
  }
}
