import type { Kem, NodeId } from '@yakmesh/crypto';
import type { CryptoJob } from '../crypto-job.js';
import type { HandshakeErrorCode } from '../errors.js';
import type { ChannelSecrets } from './key-schedule.js';
import type { ChannelParams } from './params.js';
import type { Ticket } from './resumption.js';

export type ChannelRole = 'initiator' | 'responder';

/** Whoever opened at the other end; undefined for an anonymous initiator. */
export interface ProvenPeer {
  readonly nodeId: NodeId;
  readonly nodeIdBytes: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** Everything that a proven handshake hands to the session. */
export interface HandshakeOutcome {
  readonly role: ChannelRole;
  readonly kem: Kem;
  readonly peer: ProvenPeer | undefined;
  readonly isAnonymous: boolean;
  /** The ticket that stood for keys and signatures; undefined where both have signed. */
  readonly resumed: Ticket | undefined;
  readonly params: ChannelParams;
  readonly secrets: ChannelSecrets;
  /** Our session id, in the header of records to us, and the other end's. 16 B each. */
  readonly ownSession: Uint8Array;
  readonly peerSession: Uint8Array;
}

/** Why bytes of a stranger were dropped without a word; counted. */
export type PeerFaultCode =
  | 'PEER_BAD_MESSAGE'
  | 'PEER_BAD_NETWORK'
  | 'PEER_BAD_VERSION'
  | 'PEER_UNEXPECTED'
  | 'PEER_DECRYPT'
  | 'PEER_FIN'
  | 'PEER_SIGNATURE'
  | 'PEER_SELF'
  | 'PEER_PUZZLE'
  | 'PEER_TIMEOUT';

/** What a handshake machine wants done. After `done` or `fail` it wants nothing more. */
export type HandshakeAction =
  | { readonly type: 'send'; readonly bytes: Uint8Array }
  | { readonly type: 'job'; readonly ticket: number; readonly job: CryptoJob }
  | { readonly type: 'done'; readonly outcome: HandshakeOutcome }
  | { readonly type: 'fail'; readonly code: HandshakeErrorCode | PeerFaultCode }
  /** Dropped without a word; the machine goes on. */
  | { readonly type: 'ignored'; readonly code: PeerFaultCode };

/** Our own side of a handshake. */
export interface HandshakeSelf {
  readonly nodeId: NodeId;
  readonly nodeIdBytes: Uint8Array;
  readonly publicKey: Uint8Array;
  /** The encoded 64 B params field. */
  readonly params: Uint8Array;
}
