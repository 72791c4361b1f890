import { BoundedMap, type Clock } from '@yakmesh/core/transport';

/** Sessions and OPENs of the past that are remembered. */
const TOMBSTONES_MAX = 8_192;
const TOMBSTONE_MS = 120_000;

export interface Tombstone {
  readonly endMs: number;
  /** CLOSE, for whoever has not heard it. */
  readonly lastWords: Uint8Array | undefined;
}

/** Sessions and handshakes that are over, so that what is replayed of them begins nothing. */
export class Tombstones {
  readonly #clock: Clock;
  readonly #stones = new BoundedMap<string, Tombstone>(TOMBSTONES_MAX);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  bury(name: string, lastWords: Uint8Array | undefined): void {
    this.#stones.set(name, { endMs: this.#clock.monotonicMs() + TOMBSTONE_MS, lastWords });
  }

  find(name: string): Tombstone | undefined {
    const found = this.#stones.get(name);
    return found !== undefined && found.endMs > this.#clock.monotonicMs() ? found : undefined;
  }
}
