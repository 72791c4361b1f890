import { BoundedMap, SlidingWindow } from '@yakmesh/core/transport';
import { randomBytes } from '@yakmesh/crypto';

/** Entries of one window: limits up to 64 are exact, larger ones may refuse 1/64 of the window too early. 1 KiB a key. */
export const WINDOW_ENTRIES_MAX = 64;

/** Windows that newcomers share while there is no room for one of their own. One attacked provider fills one of them. */
export const SHARED_WINDOWS_MAX = 256;

/** What {@link ScopeWindows} count. */
export interface ScopeWindowsOptions {
  /** Takes that one key has in any window; Infinity for no limit. */
  readonly limit: number;
  /** Length of a window in milliseconds. */
  readonly windowMs: number;
  /** Keys counted at once. */
  readonly keysMax: number;
}

/** Where a key comes from. */
export interface WindowSource {
  /** The wider scope by which newcomers share windows. */
  readonly wide: string;
}

/** Whose limit was reached: the key's own, or that of all newcomers that share a window with it. */
export type TakeResult = 'taken' | 'refused' | 'refused-shared';

/**
 * One sliding window a key, whose counts nobody can drive out. A key that is counted keeps its place until its window is
 * empty, when forgetting it loses nothing. While no place is free, new keys share 256 windows of the same limit by a
 * seeded hash of the wider scope they come from: an attacker with many keys slows newcomers down, and no one else.
 */
export class ScopeWindows {
  readonly #limit: number;
  readonly #windowMs: number;
  readonly #windows: BoundedMap<string, SlidingWindow>;
  readonly #shared = new Map<number, SlidingWindow>();
  readonly #seed = new DataView(randomBytes(4).buffer).getUint32(0);

  /** @throws RangeError as SlidingWindow and BoundedMap do. */
  constructor({ limit, windowMs, keysMax }: ScopeWindowsOptions) {
    this.#limit = limit;
    this.#windowMs = windowMs;
    this.#windows = new BoundedMap(keysMax, { touchOnGet: true });
  }

  /** Keys that have a window of their own. */
  get size(): number {
    return this.#windows.size;
  }

  /** Shared windows in use, at most 256. */
  get sharedSize(): number {
    return this.#shared.size;
  }

  /** Counts one take of the key if its window admits it. A key without a source comes from nowhere but itself. */
  take(key: string, nowMs: number, source?: WindowSource): TakeResult {
    if (this.#limit === Infinity) return 'taken';
    const own = this.#windows.get(key) ?? this.#make(key, nowMs);
    if (own !== undefined) return own.take(nowMs) ? 'taken' : 'refused';
    return this.#sharedWindow(source?.wide ?? key).take(nowMs) ? 'taken' : 'refused-shared';
  }

  /** Milliseconds until a take would be admitted, 0 for now. Asking does not count. */
  retryAfterMs(key: string, nowMs: number, source?: WindowSource): number {
    if (this.#limit === Infinity) return 0;
    const own = this.#windows.peek(key);
    if (own !== undefined) return own.retryAfterMs(nowMs);
    if (this.#limit === 0) return Infinity;
    const hasRoom = this.#windows.size < this.#windows.limit || this.#idleWindow(nowMs) !== undefined;
    return hasRoom ? 0 : this.#sharedWindow(source?.wide ?? key).retryAfterMs(nowMs);
  }

  /** Forgets what a key has used. */
  delete(key: string): boolean {
    return this.#windows.delete(key);
  }

  #make(key: string, nowMs: number): SlidingWindow | undefined {
    if (this.#windows.size < this.#windows.limit) {
      const window = new SlidingWindow(this.#limit, this.#windowMs, WINDOW_ENTRIES_MAX);
      this.#windows.set(key, window);
      return window;
    }
    // An empty window is as good as a new one, and nothing is left for the garbage collector of an attacker's keys.
    const idle = this.#idleWindow(nowMs);
    if (idle !== undefined) this.#windows.set(key, idle);
    return idle;
  }

  // The key that asked longest ago is the only one to look at: as soon as it has not asked for a window's length, it goes.
  #idleWindow(nowMs: number): SlidingWindow | undefined {
    const window = this.#windows.oldest()?.[1];
    return window?.remaining(nowMs) === this.#limit ? window : undefined;
  }

  #sharedWindow(wide: string): SlidingWindow {
    const index = hashOf(wide, this.#seed) % SHARED_WINDOWS_MAX;
    const known = this.#shared.get(index);
    if (known !== undefined) return known;
    const window = new SlidingWindow(this.#limit, this.#windowMs, WINDOW_ENTRIES_MAX);
    this.#shared.set(index, window);
    return window;
  }
}

// FNV-1a, mixed once more as in MurmurHash3. The seed keeps an attacker from choosing whom to share a window with.
function hashOf(text: string, seed: number): number {
  let hash = seed;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x0100_0193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
