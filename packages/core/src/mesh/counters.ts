/** Codes counted at once; peers cannot name one, so only a defect would meet it. Further codes are counted as `other`. */
const COUNTERS_MAX = 512;

/** Counts by name: what was done, refused and dropped. */
export class Counters {
  readonly #counts = new Map<string, number>();

  add(name: string, count = 1): void {
    const known = this.#counts.get(name);
    if (known === undefined && this.#counts.size >= COUNTERS_MAX && name !== 'other')
      return this.add('other', count);
    this.#counts.set(name, (known ?? 0) + count);
  }

  get(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  snapshot(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }
}
