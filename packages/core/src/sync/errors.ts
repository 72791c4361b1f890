import { CodedError } from '../transport/index.js';

/**
 * Codes of records that could not be written here. SYNC_FULL: a limit of the store. SYNC_TOO_LARGE: the value. SYNC_NOT_OWNER: the key belongs to
 * another node. SYNC_REFUSED: the collection's own rule. SYNC_STALE: a later record of the key came first. SYNC_STORE_FAILED: the store; `cause` says why. SYNC_OFF: the option `records` is false.
 */
export type RecordErrorCode =
  | 'SYNC_FULL'
  | 'SYNC_NOT_OWNER'
  | 'SYNC_OFF'
  | 'SYNC_REFUSED'
  | 'SYNC_STALE'
  | 'SYNC_STORE_FAILED'
  | 'SYNC_TOO_LARGE';

/** What a record of another node was refused for: counted as `sync/1:` and the code, and in the case of the first two told to the guard. */
export type RecordFaultCode =
  | 'SYNC_BAD_RECORD'
  | 'SYNC_BAD_PROOF'
  | 'SYNC_BURIED'
  | 'SYNC_FROM_FUTURE'
  | 'SYNC_FULL'
  | 'SYNC_NOT_OWNER'
  | 'SYNC_REFUSED'
  | 'SYNC_UNKNOWN_NETWORK';

/** A record that could not be written; `code` says why and stays the same between versions. */
export class RecordError extends CodedError<RecordErrorCode> {
  override readonly name = 'RecordError';
}
