import { CodedError } from '@yakmesh/core/transport';

/** Why a handshake came to nothing. */
export type HandshakeErrorCode =
  | 'ANNEX_TIMEOUT' // Nobody answered, or no answer was complete in time.
  | 'ANNEX_PEER_MISMATCH' // Somebody else proved itself than was called.
  | 'ANNEX_DECRYPT' // A tag did not fit: another network, another peer, or a changed byte.
  | 'ANNEX_SIGNATURE' // A signature did not fit.
  | 'ANNEX_FIN' // The MAC that ties an identity to these keys did not fit.
  | 'ANNEX_SELF' // The other end is this node.
  | 'ANNEX_VERSION' // The other end speaks another version or suite.
  | 'ANNEX_BUSY' // The other end takes no further handshake now.
  | 'ANNEX_PUZZLE' // The other end demands a puzzle that is too hard, or refused its solution.
  | 'ANNEX_DENIED' // The other end does not want us.
  | 'ANNEX_DUPLICATE'; // Both ends opened at once, and the other session stays.

/** Why a channel ended, or an operation on it failed. */
export type AnnexErrorCode =
  | HandshakeErrorCode
  | 'ANNEX_STATE' // The channel is not established yet, or it was given another mesh.
  | 'ANNEX_CLOSED' // The channel is closed, by this side or the other.
  | 'ANNEX_TRUNCATED' // The channel or stream ended before its sender said that this was all.
  | 'ANNEX_RESET' // The other end gave the stream up.
  | 'ANNEX_IDLE' // Nothing was said for the idle limit.
  | 'ANNEX_LIMIT' // A hard limit of the session was reached, or the other end broke one.
  | 'ANNEX_RATCHET' // The ratchet did not turn in time, or its signature was wrong: somebody may hold the keys.
  | 'ANNEX_PROTOCOL' // The other end broke the protocol under the session's own keys.
  | 'ANNEX_REPLACED' // The other end lost this session and opened a new one.
  | 'ANNEX_UNREACHABLE' // No way to the other end is left.
  | 'ANNEX_STREAMS_FULL' // As many streams are open as the other end takes.
  | 'ANNEX_TOO_LARGE' // A message is larger than the limit.
  | 'ANNEX_QUEUE_FULL' // Too much waits to be sent.
  | 'ANNEX_LISTENING'; // The mesh has a listener already.

/** The one class of failure of this package. Compare its `code`. */
export class AnnexError extends CodedError<AnnexErrorCode> {
  override readonly name = 'AnnexError';
}
