import type { NodeId } from '@yakmesh/crypto';
import type { StreamHead, StreamRecord } from './stream-messages.js';

/** A head as it came, with the key that came before it: nothing of it is verified. */
export interface ReceivedHead extends StreamHead {
  readonly publicKey: Uint8Array;
}

/** A record as it came. */
export interface ReceivedRecord extends StreamRecord {
  readonly head: ReceivedHead;
}

export interface ReceivedChunk {
  readonly root: Uint8Array;
  readonly index: number;
  /** Empty: the neighbour does not have it. */
  readonly bytes: Uint8Array;
}

/** The batch that proves records: verified, or our own. */
export interface ProvenHead extends ReceivedHead {
  /** Names the head in the store. */
  readonly key: string;
  readonly author: NodeId;
  readonly networkHash: Uint8Array;
}

/** A record with its proof: what is stored and sent on. */
export interface ProvenRecord extends StreamRecord {
  readonly head: ProvenHead;
}

/** What the exchange with a neighbour wants done. */
export type NeighbourAction =
  | { readonly type: 'frame'; readonly body: Uint8Array }
  /** Read these from the store, then call `loaded`. */
  | { readonly type: 'load'; readonly ticket: number; readonly names: readonly string[] }
  /** Read this from the store, then call `chunkLoaded`. */
  | {
      readonly type: 'load-chunk';
      readonly ticket: number;
      readonly root: Uint8Array;
      readonly index: number;
    }
  /** Verify and keep these durably, then call `stored`. */
  | {
      readonly type: 'store';
      readonly ticket: number;
      readonly records: readonly ReceivedRecord[];
      readonly chunks: readonly ReceivedChunk[];
    }
  /** The neighbour has begun a round. */
  | { readonly type: 'asked' }
  /** A round that we began is over; an incomplete one is to be repeated. */
  | { readonly type: 'round'; readonly isComplete: boolean; readonly received: number; readonly sent: number }
  /** The neighbour broke the rules; a weight of 0 blames nobody. */
  | { readonly type: 'reject'; readonly code: string; readonly weight: number };
