import type { CryptoJob } from '../crypto-job.js';
import type { Batch, BatchMessage } from '../envelope/batch.js';
import type { LinkErrorCode, PeerFaultCode } from '../errors.js';

/** What the reader of a link's batches wants done, or tells. */
export type ParcelAction =
  | { readonly type: 'job'; readonly ticket: number; readonly job: CryptoJob }
  | { readonly type: 'need-key'; readonly nodeIdBytes: Uint8Array }
  | { readonly type: 'deliver'; readonly arrival: Arrival }
  | { readonly type: 'consumed'; readonly bytes: number }
  | {
      readonly type: 'fault';
      readonly code: PeerFaultCode;
      readonly count: number;
      readonly isTreeCopy?: boolean | undefined;
    }
  | { readonly type: 'close'; readonly code: LinkErrorCode };

/** Verified new messages of one batch, and the credit that the peer gets back once they are dealt with. */
export interface Arrival {
  readonly batch: Batch;
  readonly messages: readonly BatchMessage[];
  readonly isWhole: boolean;
  readonly ttl: number;
  /** `HopFlag`s, added up; unknown ones among them. */
  readonly flags: number;
  readonly chargedBytes: number;
}
