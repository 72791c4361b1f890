/** Why a message's nonce, timestamp or number is refused. A result, never thrown. */
export type ReplayRefusalCode =
  | 'NONCE_MALFORMED'
  | 'NONCE_REGISTRY_FULL'
  | 'NONCE_REPEATED'
  | 'NONCE_SENDER_FULL'
  | 'REPLAY_NOT_AUTHENTIC'
  | 'SENDER_MALFORMED'
  | 'SEQUENCE_EPOCH_FROM_FUTURE'
  | 'SEQUENCE_EPOCH_OLD'
  | 'SEQUENCE_JUMP'
  | 'SEQUENCE_MALFORMED'
  | 'SEQUENCE_REPEATED'
  | 'SEQUENCE_SENDER_FORGOTTEN'
  | 'SEQUENCE_TOO_OLD'
  | 'TIMESTAMP_FROM_FUTURE'
  | 'TIMESTAMP_MALFORMED'
  | 'TIMESTAMP_TOO_OLD';

/** A message, or the part of it that was asked about, is new. */
export interface ReplayAcceptance {
  readonly valid: true;
  readonly code?: undefined;
  readonly reason?: undefined;
}

/** It is refused; `reason` is one sentence for people and quotes nothing that the peer sent. */
export interface ReplayRefusal {
  readonly valid: false;
  readonly code: ReplayRefusalCode;
  readonly reason: string;
}

/** What `explain` and ReplayDefense answer. */
export type ReplayVerdict = ReplayAcceptance | ReplayRefusal;

const REASONS: Readonly<Record<ReplayRefusalCode, string>> = {
  NONCE_MALFORMED: 'A nonce is 8 to 64 bytes, or 16 to 128 characters of hex or base64url.',
  NONCE_REGISTRY_FULL:
    'The registry holds as many nonces as it may, and none of them is old enough to be forgotten.',
  NONCE_REPEATED: 'The nonce was used before.',
  NONCE_SENDER_FULL: 'The sender holds as many nonces as it may while the registry is so full.',
  REPLAY_NOT_AUTHENTIC: 'The message is not authentic.',
  SENDER_MALFORMED: 'A sender is named by a string of 1 to 256 characters.',
  SEQUENCE_EPOCH_FROM_FUTURE: 'The epoch lies in the future.',
  SEQUENCE_EPOCH_OLD: 'The sender has restarted more than once since this epoch.',
  SEQUENCE_JUMP: 'The number is too far beyond the last one.',
  SEQUENCE_MALFORMED: 'Numbers and epochs are whole and from 0 to 2^48 - 1.',
  SEQUENCE_REPEATED: 'The number was used before.',
  SEQUENCE_SENDER_FORGOTTEN:
    'The sender may have been forgotten, and the message may have been seen before that.',
  SEQUENCE_TOO_OLD: 'The number is older than the window of numbers remembered.',
  TIMESTAMP_FROM_FUTURE: 'The timestamp is further ahead than clocks may differ.',
  TIMESTAMP_MALFORMED: 'A timestamp is a whole number of milliseconds since 1970.',
  TIMESTAMP_TOO_OLD: 'The timestamp is too old.',
};

const ACCEPTED: ReplayAcceptance = Object.freeze({ valid: true });

/** The verdict for a code, or acceptance where there is none. */
export function replayVerdict(code: ReplayRefusalCode | undefined): ReplayVerdict {
  return code === undefined ? ACCEPTED : { valid: false, code, reason: REASONS[code] };
}
