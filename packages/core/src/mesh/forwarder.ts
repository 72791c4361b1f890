import type { NodeId } from '@yakmesh/crypto';
import type { BatchMessage, Parcel } from '../envelope/batch.js';
import type { Arrival } from '../link/parcel-reader.js';
import type { Peer } from './peer.js';
import type { Sending } from './spreader.js';

/** How direct messages find their way. */
export interface Forwarder {
  /** Our own message, signed. */
  send(to: NodeId, parcel: Parcel): Sending;
  /** A verified message for another node. */
  forward(from: Peer, arrival: Arrival, message: BatchMessage): void;
}
