import type { NodeId } from '@yakmesh/crypto';
import type { CryptoJob } from '../crypto-job.js';
import type { LinkErrorCode, MeshErrorCode, PeerFaultCode } from '../errors.js';
import type { LinkSecrets } from './key-schedule.js';
import type { LinkParams } from './params.js';

export type HandshakeRole = 'initiator' | 'responder';

/** Everything that a proven handshake hands to the link. */
export interface HandshakeOutcome {
  readonly role: HandshakeRole;
  readonly nodeId: NodeId;
  readonly nodeIdBytes: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly params: LinkParams;
  readonly secrets: LinkSecrets;
  readonly networkHash: Uint8Array;
}

/** What a handshake machine wants done. After `done`, `denied` or `fail` it wants nothing more. */
export type HandshakeAction =
  | { readonly type: 'send'; readonly bytes: Uint8Array }
  | { readonly type: 'job'; readonly ticket: number; readonly job: CryptoJob }
  | { readonly type: 'done'; readonly outcome: HandshakeOutcome }
  /** The peer is not wanted. It has proven nothing but that it holds the session's keys, under which it is told so. */
  | { readonly type: 'denied'; readonly secrets: LinkSecrets; readonly code: LinkErrorCode }
  | { readonly type: 'fail'; readonly code: MeshErrorCode | PeerFaultCode };

/** Our own side of a handshake. */
export interface HandshakeSelf {
  readonly nodeId: NodeId;
  readonly nodeIdBytes: Uint8Array;
  readonly publicKey: Uint8Array;
  /** The encoded 64 B params field. */
  readonly params: Uint8Array;
}
