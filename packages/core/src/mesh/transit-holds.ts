import type { Parcel } from '../envelope/batch.js';
import type { Clock, TimerHandle } from '../transport/index.js';
import type { Peer } from './peer.js';

/** Parcels for one destination that wait for a way to it; a further one is dropped. */
export const HELD_PARCELS_PER_DESTINATION_MAX = 64;
/** Parcels that wait in all. */
export const HELD_PARCELS_MAX = 1_024;
/** Bytes that wait in all. */
export const HELD_PARCELS_BYTES_MAX = 4_194_304;
/** How long they wait. */
export const TRANSIT_HOLD_MS = 2_000;

/** A parcel on its way to another node, and the neighbour that brought it. */
export interface Transit {
  readonly from: Peer;
  readonly parcel: Parcel;
}

interface Hold {
  readonly items: Transit[];
  readonly timer: TimerHandle;
}

/** What a relay keeps while it looks for a way. */
export class TransitHolds {
  readonly #clock: Clock;
  readonly #expired: (key: string) => void;
  readonly #holds = new Map<string, Hold>();
  #count = 0;
  #bytes = 0;

  constructor(clock: Clock, expired: (key: string) => void) {
    this.#clock = clock;
    this.#expired = expired;
  }

  /** 'first' when nothing waited for that destination before, 'full' when there is no room. */
  hold(key: string, transit: Transit): 'first' | 'held' | 'full' {
    const known = this.#holds.get(key);
    const { bytes } = transit.parcel;
    const isFull = this.#count >= HELD_PARCELS_MAX || this.#bytes + bytes > HELD_PARCELS_BYTES_MAX;
    if (isFull || (known?.items.length ?? 0) >= HELD_PARCELS_PER_DESTINATION_MAX) return 'full';
    this.#count += 1;
    this.#bytes += bytes;
    if (known !== undefined) {
      known.items.push(transit);
      return 'held';
    }
    const timer = this.#clock.setTimer(TRANSIT_HOLD_MS, () => this.#expired(key));
    this.#holds.set(key, { items: [transit], timer });
    return 'first';
  }

  /** All that waits for a destination waits no longer. */
  take(key: string): readonly Transit[] {
    const hold = this.#holds.get(key);
    if (hold === undefined) return [];
    this.#holds.delete(key);
    this.#clock.clearTimer(hold.timer);
    this.#count -= hold.items.length;
    for (const { parcel } of hold.items) this.#bytes -= parcel.bytes;
    return hold.items;
  }

  stop(): void {
    for (const key of [...this.#holds.keys()]) this.take(key);
  }
}
