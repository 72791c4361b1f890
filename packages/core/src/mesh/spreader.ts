import type { Batch, BatchMessage, Parcel } from '../envelope/batch.js';
import type { Envelope } from '../envelope/envelope.js';
import type { Arrival } from '../link/parcel-actions.js';
import type { SkippedPeer } from '../transport/index.js';
import type { Peer } from './peer.js';

/** What became of a parcel of our own. */
export interface Sending {
  readonly peersSent: number;
  readonly skipped: readonly SkippedPeer[];
}

/** How broadcasts go from neighbour to neighbour. */
export interface Spreader {
  /** Our own messages, signed. */
  publish(parcel: Parcel): Sending;
  /** Messages of an arrival that are verified, new, and admitted by their protocol's gate: they go on to the others. */
  relay(from: Peer, arrival: Arrival, messages: readonly BatchMessage[]): void;
  /** Whether we asked this neighbour for this message: then it is no part of what its origin says now. */
  isAsked(from: Peer, batch: Batch, envelope: Envelope): boolean;
  /** It brought along the tree what was here before. */
  duplicate(from: Peer): void;
  /** A neighbour is there, or speaks other protocols than before. */
  informed(peer: Peer): void;
  disconnected(peer: Peer): void;
  /** Ends all waiting. Twice is fine. */
  stop(): void;
}
