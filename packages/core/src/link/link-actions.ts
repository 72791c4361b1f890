import type { CryptoJob } from '../crypto-job.js';
import type { LinkErrorCode, PeerFaultCode } from '../errors.js';
import type { LinkInfo, PeerHint } from './control-frames.js';
import type { FlowCloseFrame, FlowFrame, FlowOpenFrame } from './flow-frames.js';
import type { Arrival } from './parcel-actions.js';

/** What an authenticated link wants done, or tells. After `close` it wants nothing more. */
export type LinkAction =
  | { readonly type: 'job'; readonly ticket: number; readonly job: CryptoJob }
  /** The peer has accepted us and told of itself: the link may be used. */
  | { readonly type: 'established'; readonly info: LinkInfo }
  | { readonly type: 'info'; readonly info: LinkInfo }
  | { readonly type: 'peers'; readonly hints: readonly PeerHint[] }
  | { readonly type: 'ping' }
  | { readonly type: 'pong'; readonly rttMs: number }
  | { readonly type: 'suspect' }
  | { readonly type: 'deliver'; readonly arrival: Arrival; readonly receivedMs: number }
  | {
      readonly type: 'protocol';
      readonly protocol: string;
      readonly body: Uint8Array;
      readonly receivedMs: number;
    }
  | { readonly type: 'flow-open'; readonly frame: FlowOpenFrame; readonly receivedMs: number }
  | { readonly type: 'flow'; readonly frame: FlowFrame; readonly receivedMs: number }
  | { readonly type: 'flow-close'; readonly frame: FlowCloseFrame }
  | {
      readonly type: 'fault';
      readonly code: PeerFaultCode;
      readonly count: number;
      /** All broadcasts of a frame that came along the tree were here before. */
      readonly isTreeCopy?: boolean | undefined;
    }
  /** `isRemote`: the peer said so. Otherwise we did, and `nextRecord` still gives the CLOSE that tells it. */
  | { readonly type: 'close'; readonly code: LinkErrorCode; readonly isRemote: boolean };
