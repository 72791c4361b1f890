import { BoundedMap } from '../transport/index.js';
import type { HybridTime } from './hybrid-clock.js';
import { GRAVES_MAX } from './limits.js';
import { nameHash } from './stored-records.js';

/** Deletions whose tombstones are gone: what they deleted must not come back. */
export class Graveyard {
  readonly #graves: BoundedMap<string, HybridTime>;
  #floorMs = 0;
  #forgotten: string[] = [];

  constructor(gravesMax: number = GRAVES_MAX) {
    this.#graves = new BoundedMap(gravesMax, {
      onEvict: (hash, { timeMs }) => {
        this.#floorMs = Math.max(this.#floorMs, timeMs + 1);
        this.#forgotten.push(hash);
      },
    });
  }

  /** Unknown records older than this may be such as were deleted and forgotten. */
  get floorMs(): number {
    return this.#floorMs;
  }

  get(name: string): HybridTime | undefined {
    return this.#graves.size === 0 ? undefined : this.#graves.get(nameHash(name));
  }

  bury(hash: string, version: HybridTime): void {
    this.#graves.set(hash, version);
  }

  /** Hashes that are forgotten since the last call. */
  takeForgotten(): string[] {
    const forgotten = this.#forgotten;
    this.#forgotten = [];
    return forgotten;
  }
}
