/** Neighbours whose failures are remembered; more than a node has links. The one that failed longest ago goes first. */
const NEIGHBOURS_MAX = 256;

/**
 * Batch heads that proved bad, kept apart for each neighbour: a flood of garbage pushes out the flooder's own entries
 * only, while everybody profits from all of them.
 */
export class NegativeCache {
  readonly #entriesMax: number;
  readonly #lifeMs: number;
  readonly #neighbours = new Map<string, Map<string, number>>();

  /** Keeps `entriesMax` failures of each neighbour for `lifeMs` milliseconds. */
  constructor(entriesMax: number, lifeMs: number) {
    this.#entriesMax = entriesMax;
    this.#lifeMs = lifeMs;
  }

  /** Whether any neighbour sent this before and it was bad. */
  has(key: string, nowMs: number): boolean {
    for (const entries of this.#neighbours.values()) {
      const untilMs = entries.get(key);
      if (untilMs === undefined) continue;
      if (untilMs > nowMs) return true;
      entries.delete(key);
    }
    return false;
  }

  /** Remembers a failure. */
  add(neighbour: string, key: string, nowMs: number): void {
    const entries = this.#neighbours.get(neighbour) ?? new Map<string, number>();
    this.#neighbours.delete(neighbour);
    this.#neighbours.set(neighbour, entries);
    entries.delete(key);
    entries.set(key, nowMs + this.#lifeMs);
    if (entries.size > this.#entriesMax) deleteFirst(entries);
    if (this.#neighbours.size > NEIGHBOURS_MAX) deleteFirst(this.#neighbours);
  }
}

function deleteFirst(map: Map<string, unknown>): void {
  for (const key of map.keys()) {
    map.delete(key);
    return;
  }
}
