import type { BatchHead, NodeId } from '@yakmesh/crypto';
import type { Batch } from '../envelope/batch.js';
import type { KnownKey } from './key-cache.js';
import type { HeadFrame, WireMessage } from './parcel-frames.js';
import type { TokenBucket } from './token-bucket.js';

/** A batch that the peer has named. */
export interface Slot {
  lane: Lane;
  state: 'wants-key' | 'wants-token' | 'verifying' | 'valid' | 'dropped';
  isKeyAsked: boolean;
  /** Credit that its frame holds until the verification starts: a flood of heads ends with the window. */
  heldBytes: number;
  readonly frame: HeadFrame;
  readonly head: BatchHead;
  readonly signer: NodeId;
  readonly networkHash: Uint8Array | undefined;
  key: KnownKey | undefined;
  batch: Batch | undefined;
  /** When its key was asked for. */
  sinceMs: number;
}

/** Messages in their order of arrival. What was asked for has a lane of its own, so that no live message waits for it. */
export interface Lane {
  readonly tokens: TokenBucket;
  /** Verifications of it that may run at once. */
  readonly jobsMax: number;
  jobs: number;
  unverified: Slot[];
  waiting: Waiting[];
}

/** A frame whose batch may not be verified yet. */
export interface Waiting {
  readonly slot: Slot;
  readonly ttl: number;
  readonly flags: number;
  readonly messages: readonly WireMessage[];
  readonly isBlock: boolean;
  readonly bytes: number;
}

export function newLane(tokens: TokenBucket, jobsMax: number): Lane {
  return { tokens, jobsMax, jobs: 0, unverified: [], waiting: [] };
}
