import { CodedError } from './transport/index.js';

/**
 * Codes of failed operations and of refusals. A `MESH_` code reaches the caller of a method; a `LINK_` code says why a link or its
 * handshake ended; a `PEER_` code counts what a peer did wrong.
 */
export type MeshErrorCode =
  | 'MESH_ABORTED'
  | 'MESH_BAD_ENDPOINT'
  | 'MESH_BUSY'
  | 'MESH_CONNECT_FAILED'
  | 'MESH_FULL'
  | 'MESH_NETWORK_MISMATCH'
  | 'MESH_NOT_LISTENING'
  | 'MESH_NOT_STARTED'
  | 'MESH_NO_FREE_PORT'
  | 'MESH_PUZZLE'
  | 'MESH_QUEUE_FULL'
  | 'MESH_RATE_LIMITED'
  | 'MESH_STOPPED'
  | 'MESH_TIMEOUT'
  | 'MESH_TOO_LARGE'
  | 'MESH_UNREACHABLE'
  | 'MESH_VERSION_MISMATCH'
  | 'PROTOCOL_CLOSED'
  | 'PROTOCOL_TAKEN'
  | LinkErrorCode;

/** Why a link ended; sent to the other end in an encrypted CLOSE where one is still possible. */
export type LinkErrorCode =
  | 'LINK_BAD_FRAME'
  | 'LINK_BAD_MESSAGE'
  | 'LINK_BAD_SIGNATURE'
  | 'LINK_CLOSED'
  | 'LINK_CREDIT'
  | 'LINK_DECRYPT'
  | 'LINK_DENIED'
  | 'LINK_DUPLICATE'
  | 'LINK_FIN'
  | 'LINK_FULL'
  | 'LINK_PEER_MISMATCH'
  | 'LINK_SELF'
  | 'LINK_SIGNATURE'
  | 'LINK_FLOOD'
  | 'LINK_STALLED'
  | 'LINK_TIMEOUT'
  | 'LINK_TRANSCRIPT'
  | 'LINK_UNEXPECTED';

/** What a peer sent and was not acted on: counted, told to the guard, never thrown. */
export type PeerFaultCode =
  | 'PEER_BAD_ENVELOPE'
  | 'PEER_BAD_PAYLOAD'
  | 'PEER_BAD_HINT'
  | 'PEER_DUPLICATE'
  | 'PEER_EXPIRED'
  | 'PEER_FROM_FUTURE'
  | 'PEER_HTTP_FLOOD'
  | 'PEER_CONNECT_FLOOD'
  | 'PEER_NOT_HANDSHAKE'
  | 'PEER_NOT_HTTP'
  | 'PEER_REPEATS'
  | 'PEER_STALE_SEQUENCE'
  | 'PEER_TOO_FAST'
  | 'PEER_UNKNOWN_FRAME'
  | 'PEER_UNKNOWN_NETWORK'
  | 'PEER_UNKNOWN_ORIGIN_TOO_OLD';

/** An operation of the mesh that failed; `code` says why and stays the same between versions. */
export class MeshError extends CodedError<MeshErrorCode> {
  override readonly name = 'MeshError';
}

/** A caller's mistake: an option or argument that cannot be used. The message says what to give instead. */
export class MeshArgumentError extends TypeError {
  override readonly name = 'MeshArgumentError';
  readonly code: 'MESH_BAD_OPTION' | 'MESH_BAD_ARGUMENT';

  constructor(code: 'MESH_BAD_OPTION' | 'MESH_BAD_ARGUMENT', message: string) {
    super(message);
    this.code = code;
  }
}
