import type { NodeId } from '@yakmesh/crypto';
import type { Parcel } from '../envelope/batch.js';
import { HopFlag } from '../envelope/hop-flags.js';
import { parcelItem } from '../link/send-queue.js';
import { WANTS_MAX } from '../tree/tree-limits.js';
import type { Clock, TimerHandle } from '../transport/index.js';
import type { Counters } from './counters.js';
import type { Peer } from './peer.js';

/** Bytes of a repair that wait in a neighbour's queue: a live message waits behind no more of them. */
const AHEAD_BYTES_MAX = 32_768;
/** Between two looks at the queues. */
const LOOK_MS = 10;

export interface SupplierOptions {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly peer: (nodeId: NodeId) => Peer | undefined;
  /** All that a neighbour wanted has been queued for it. */
  readonly done: (to: NodeId) => void;
}

/** Sends neighbours what they have missed, a little at a time between the live messages. */
export class Supplier {
  readonly #options: SupplierOptions;
  readonly #wanted = new Map<NodeId, (Parcel | 'done')[]>();
  #timer: TimerHandle | undefined;

  constructor(options: SupplierOptions) {
    this.#options = options;
  }

  /** Answers one request. */
  supply(to: NodeId, parcels: readonly Parcel[]): void {
    const wanted = this.#wanted.get(to) ?? [];
    if (wanted.filter((item) => item === 'done').length >= WANTS_MAX)
      return this.#options.counters.add('tree:wants-full');
    wanted.push(...parcels, 'done');
    this.#wanted.set(to, wanted);
    this.#look();
  }

  forget(peer: NodeId): void {
    this.#wanted.delete(peer);
  }

  stop(): void {
    this.#wanted.clear();
    if (this.#timer !== undefined) this.#options.clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    const { clock, peer } = this.#options;
    for (const [to, wanted] of this.#wanted) {
      const neighbour = peer(to);
      if (neighbour !== undefined) this.#feed(neighbour, wanted);
      if (neighbour === undefined || wanted.length === 0) this.#wanted.delete(to);
    }
    if (this.#timer !== undefined || this.#wanted.size === 0) return;
    this.#timer = clock.setTimer(LOOK_MS, () => {
      this.#timer = undefined;
      this.#look();
    });
  }

  #feed(peer: Peer, wanted: (Parcel | 'done')[]): void {
    const { counters, done } = this.#options;
    for (let next = wanted[0]; next !== undefined; next = wanted[0]) {
      if (peer.session.queuedBytes >= AHEAD_BYTES_MAX) return;
      if (next === 'done') done(peer.nodeId);
      else {
        // As low as there is, whatever it was when it was news.
        const item = parcelItem({ ...next, priority: 0, flags: HopFlag.REPAIR });
        if (!peer.enqueue(item)) return;
        counters.add('messages:repaired', next.messages.length);
      }
      wanted.shift();
    }
  }
}
