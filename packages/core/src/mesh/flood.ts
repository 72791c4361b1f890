import { HopFlag } from '../envelope/hop-flags.js';
import { parcelBytes, type Batch, type BatchMessage, type Parcel } from '../envelope/batch.js';
import type { Arrival } from '../link/parcel-actions.js';
import { parcelItem } from '../link/send-queue.js';
import type { Clock, SkippedPeer } from '../transport/index.js';
import type { Counters } from './counters.js';
import type { Pacer } from './pacer.js';
import type { Peer } from './peer.js';
import type { RelayLimits } from './relay-limits.js';
import type { Sending } from './spreader.js';

export interface FloodOptions {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly pacer: Pacer;
  readonly limits: RelayLimits;
  /** A neighbour's queue had no room for these. */
  readonly refused: (peer: Peer, batch: Batch, messages: readonly BatchMessage[]) => void;
}

/** Sends broadcasts over each of the links that it is told. */
export class Flood {
  readonly #options: FloodOptions;

  constructor(options: FloodOptions) {
    this.#options = options;
  }

  /** Our own messages, to no neighbour faster than it takes them. */
  publish(parcel: Parcel, targets: readonly Peer[]): Sending {
    const { pacer, refused } = this.#options;
    const skipped: SkippedPeer[] = [];
    let peersSent = 0;
    for (const peer of targets) {
      if (pacer.send(peer, parcel)) {
        peersSent += 1;
        continue;
      }
      skipped.push({ nodeId: peer.nodeId, code: 'MESH_QUEUE_FULL' });
      refused(peer, parcel.batch, parcel.messages);
    }
    return { peersSent, skipped };
  }

  /** Messages of others, as they go on: of each origin no more than the neighbour takes. */
  relay(parcel: Parcel, targets: readonly Peer[]): void {
    const { counters, clock, limits, refused } = this.#options;
    const { batch, messages } = parcel;
    const nowMs = clock.monotonicMs();
    for (const peer of targets) {
      const count = limits.admitted(peer, batch.origin, messages.length, nowMs);
      const isAll = count === messages.length;
      if (!isAll) counters.add('messages:relay-limited', messages.length - count);
      if (count === 0) continue;
      const admitted = isAll ? parcel : partOf(parcel, count);
      if (peer.enqueue(parcelItem(admitted))) counters.add('messages:relayed', count);
      else {
        counters.add('messages:relay-skipped', count);
        refused(peer, batch, admitted.messages);
      }
    }
  }
}

/** Messages of an arrival as they go on, one hop older. */
export function relayed(arrival: Arrival, messages: readonly BatchMessage[]): Parcel {
  return {
    batch: arrival.batch,
    messages,
    isWhole: arrival.isWhole && messages.length === arrival.messages.length,
    ttl: Math.min(arrival.ttl, 32) - 1,
    flags: (arrival.flags ?? 0) & HopFlag.FLOOD,
    // The lowest of them: a batch must not lift what its origin signed as routine.
    priority: Math.min(...messages.map(({ envelope }) => envelope.priority)),
    bytes: parcelBytes(messages),
  };
}

function partOf(parcel: Parcel, count: number): Parcel {
  const messages = parcel.messages.slice(0, count);
  const priority = Math.min(...messages.map(({ envelope }) => envelope.priority));
  return { ...parcel, messages, isWhole: false, priority, bytes: parcelBytes(messages) };
}
