import type { CryptoJob } from '../crypto-job.js';
import type { PeerFaultCode } from '../handshake/actions.js';
import type { RecordFault } from '../record/opener.js';
import type { StreamEvent } from './streams.js';

/** What the other end sent that was dropped; counted. */
export type SessionFault = RecordFault | Extract<PeerFaultCode, 'PEER_BAD_MESSAGE'>;

/** A record for a path. */
export interface SendAction {
  readonly type: 'send';
  readonly path: number;
  readonly bytes: Uint8Array;
}

/** What a session wants done. */
export type SessionAction =
  | SendAction
  | { readonly type: 'job'; readonly ticket: number; readonly job: CryptoJob }
  /** The first record came: the other end has the session too. */
  | { readonly type: 'confirmed' }
  /** Something may be sent: call `transmit`. */
  | { readonly type: 'ready' }
  | StreamEvent
  | { readonly type: 'datagram'; readonly bytes: Uint8Array }
  | { readonly type: 'datagram-dropped' }
  /** The keys were replaced. */
  | { readonly type: 'ratcheted'; readonly epoch: number }
  /** Records go another way from now on. */
  | { readonly type: 'path'; readonly path: number }
  | { readonly type: 'fault'; readonly code: SessionFault; readonly path: number }
  /** The session ends; `lastWords` may be repeated to whoever still speaks to it. */
  | {
      readonly type: 'closed';
      readonly code: number;
      readonly reason: string;
      readonly isRemote: boolean;
      readonly lastWords: Uint8Array | undefined;
    }
  /** Nothing more comes: flows and state can go. */
  | { readonly type: 'ended' };
