import type { NodeId } from '@yakmesh/crypto';
import type { Parcel } from '../envelope/batch.js';
import type { Counters } from './counters.js';
import type { Forwarder } from './forwarder.js';
import type { Pacer } from './pacer.js';
import type { Peer } from './peer.js';
import type { Sending } from './spreader.js';

export interface NeighboursOnlyOptions {
  readonly counters: Counters;
  readonly pacer: Pacer;
  readonly peer: (nodeId: NodeId) => Peer | undefined;
}

/** Sends direct messages to neighbours, and forwards none. */
export class NeighboursOnly implements Forwarder {
  readonly #options: NeighboursOnlyOptions;

  constructor(options: NeighboursOnlyOptions) {
    this.#options = options;
  }

  send(to: NodeId, parcel: Parcel): Sending {
    const peer = this.#options.peer(to);
    if (peer === undefined) return { peersSent: 0, skipped: [{ nodeId: to, code: 'MESH_UNREACHABLE' }] };
    if (this.#options.pacer.send(peer, parcel)) return { peersSent: 1, skipped: [] };
    return { peersSent: 0, skipped: [{ nodeId: to, code: 'MESH_QUEUE_FULL' }] };
  }

  forward(): void {
    this.#options.counters.add('PEER_WRONG_DESTINATION');
  }
}
