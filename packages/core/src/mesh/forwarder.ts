import type { NodeId } from '@yakmesh/crypto';
import type { BatchMessage, Parcel } from '../envelope/batch.js';
import type { Arrival } from '../link/parcel-actions.js';
import type { Peer } from './peer.js';

/** Where a direct message may go out. */
export interface WayOptions {
  /** The only neighbour to go through. */
  readonly via?: NodeId | undefined;
  /** A neighbour to go through only where there is no other. */
  readonly avoid?: NodeId | undefined;
}

/** Whose queue took a direct message of ours, or why none did. */
export type DirectSending =
  | { readonly via: NodeId }
  | { readonly via?: undefined; readonly code: 'MESH_UNREACHABLE' | 'MESH_QUEUE_FULL' };

/** How direct messages find their way. */
export interface Forwarder {
  /** The neighbour that our next message to a node would go through; undefined while no way is known. */
  next(to: NodeId, options: WayOptions): Peer | undefined;
  /** Looks for a way; false where there is none. It may take seconds. */
  find(to: NodeId, via: NodeId | undefined): Promise<boolean>;
  /** Our own message, signed. */
  send(to: NodeId, parcel: Parcel, options: WayOptions): DirectSending;
  /** Verified direct messages came. True when the way back to their origin is taken up, and those that go on may say so. */
  heard(from: Peer, arrival: Arrival, isGoingOn: boolean): boolean;
  /** Verified messages of an arrival for other nodes. */
  forward(from: Peer, arrival: Arrival, messages: readonly BatchMessage[], isAdopted: boolean): void;
}
