import { KeyedSlidingWindow } from '@yakmesh/core/transport';
import { WINDOW_ENTRIES_MAX } from './scope-windows.js';

/** Refusals count toward a ban for ten minutes. */
export const STRIKE_LIFE_MS = 600_000;

/** Counts refusals until they are too many. */
export class Strikes {
  readonly #windows: KeyedSlidingWindow | undefined;

  /** @param threshold strikes that are too many within `windowMs`; Infinity for never. Keys beyond `keysMax` drive out the one that was struck longest ago. */
  constructor(threshold: number, windowMs: number, keysMax: number) {
    if (threshold !== Infinity)
      this.#windows = new KeyedSlidingWindow(threshold - 1, windowMs, keysMax, WINDOW_ENTRIES_MAX);
  }

  /** Keys with strikes. */
  get size(): number {
    return this.#windows?.size ?? 0;
  }

  /** Counts one strike; true when it is one too many, and then the key starts anew. */
  add(key: string, nowMs: number): boolean {
    if (this.#windows === undefined || this.#windows.take(key, nowMs)) return false;
    this.#windows.delete(key);
    return true;
  }

  /** Forgets a key's strikes. */
  delete(key: string): void {
    this.#windows?.delete(key);
  }
}
