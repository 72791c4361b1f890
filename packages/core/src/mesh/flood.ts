import { parcelBytes, type BatchMessage, type Parcel } from '../envelope/batch.js';
import type { Arrival } from '../link/parcel-reader.js';
import { parcelItem } from '../link/send-queue.js';
import type { Clock, SkippedPeer } from '../transport/index.js';
import type { Counters } from './counters.js';
import type { Pacer } from './pacer.js';
import type { Peer } from './peer.js';
import { RelayLimits } from './relay-limits.js';
import type { Sending, Spreader } from './spreader.js';

export interface FloodOptions {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly pacer: Pacer;
  readonly peers: () => readonly Peer[];
}

/** Sends every broadcast over every link. */
export class Flood implements Spreader {
  readonly #options: FloodOptions;
  readonly #limits = new RelayLimits();

  constructor(options: FloodOptions) {
    this.#options = options;
  }

  publish(parcel: Parcel): Sending {
    const { pacer, peers } = this.#options;
    const skipped: SkippedPeer[] = [];
    let peersSent = 0;
    for (const peer of peers()) {
      if (!peer.accepts(parcel.batch.networkHash)) continue;
      if (pacer.send(peer, parcel)) peersSent += 1;
      else skipped.push({ nodeId: peer.nodeId, code: 'MESH_QUEUE_FULL' });
    }
    return { peersSent, skipped };
  }

  /** A ttl of 0 has arrived at its last hop; it never wraps. */
  relay(from: Peer, arrival: Arrival, messages: readonly BatchMessage[]): void {
    const { batch, ttl } = arrival;
    if (ttl === 0 || batch.use !== 'gossip') return;
    const { counters, clock } = this.#options;
    const nowMs = clock.monotonicMs();
    const all = relayed(arrival, messages);
    for (const peer of this.#options.peers()) {
      if (peer === from || peer.nodeId === batch.origin || !peer.accepts(batch.networkHash)) continue;
      const count = this.#limits.admitted(peer, batch.origin, messages.length, nowMs);
      const isAll = count === messages.length;
      if (!isAll) counters.add('messages:relay-limited', messages.length - count);
      if (count === 0) continue;
      const parcel = isAll ? all : relayed(arrival, messages.slice(0, count));
      if (peer.enqueue(parcelItem(parcel))) counters.add('messages:relayed', count);
      else counters.add('messages:relay-skipped', count);
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
    // The lowest of them: a batch must not lift what its origin signed as routine.
    priority: Math.min(...messages.map(({ envelope }) => envelope.priority)),
    bytes: parcelBytes(messages),
  };
}
