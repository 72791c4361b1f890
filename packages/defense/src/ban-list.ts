/** How often a full list is searched for bans that have ended. */
const SWEEP_INTERVAL_MS = 1_000;

/** Who is banned until when. A ban lasts its time: when the list is full of bans in force, a further one is not taken. */
export class BanList {
  readonly #bansMax: number;
  readonly #untilMs = new Map<string, number>();
  #sweptMs = -Infinity;

  /** @param bansMax bans in force at once. */
  constructor(bansMax: number) {
    this.#bansMax = bansMax;
  }

  /** Bans kept, those that have ended and were not asked about since included. */
  get size(): number {
    return this.#untilMs.size;
  }

  /** Bans a key; a longer ban in force stays. False when the list is full, or fuller than `bansMax` where that is given. */
  ban(key: string, untilMs: number, nowMs: number, bansMax = this.#bansMax): boolean {
    const known = this.#untilMs.get(key);
    if (known === undefined && this.#untilMs.size >= bansMax) {
      this.#sweep(nowMs);
      if (this.#untilMs.size >= bansMax) return false;
    }
    this.#untilMs.set(key, Math.max(known ?? -Infinity, untilMs));
    return true;
  }

  /** Ends a ban; true if there was one. */
  unban(key: string): boolean {
    return this.#untilMs.delete(key);
  }

  /** When the ban of a key ends; 0 where there is none. */
  untilMs(key: string, nowMs: number): number {
    const untilMs = this.#untilMs.get(key);
    if (untilMs === undefined) return 0;
    if (untilMs > nowMs) return untilMs;
    this.#untilMs.delete(key);
    return 0;
  }

  #sweep(nowMs: number): void {
    if (nowMs < this.#sweptMs + SWEEP_INTERVAL_MS) return;
    this.#sweptMs = nowMs;
    for (const [key, untilMs] of this.#untilMs) if (untilMs <= nowMs) this.#untilMs.delete(key);
  }
}
