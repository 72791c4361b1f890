import { CodedError } from '@yakmesh/core/transport';

/**
 * Why an operation of this package failed. What comes from the packages beneath keeps the code it has there.
 *
 * - `CODEBASE_NOT_BUILT`: a package has no built JavaScript to hash.
 * - `CODEBASE_TOO_LARGE`: more files, or a larger one, than the fingerprint takes.
 * - `CODEBASE_UNREADABLE`: a file or folder of the codebase cannot be read, or is a symbolic link.
 * - `DEMO_FAILED`: what the demo checks did not hold.
 * - `DEMO_INTERRUPTED`: the demo was asked to end.
 * - `DEMO_NODE_DIED`: a node's process ended by itself.
 * - `DEMO_TIMEOUT`: a step of the demo, or all of it, took too long.
 * - `IDENTITY_BAD_FILE`: the identity file is damaged, or is none.
 * - `IDENTITY_FILE_EXISTS`: there is a file already, and none is ever overwritten.
 * - `IDENTITY_FILE_MISSING`: there is no such file.
 * - `IDENTITY_FILE_PERMISSIONS`: others than its owner may read or write the identity file.
 * - `IDENTITY_FILE_UNREADABLE`: the file cannot be read, or is no regular file.
 * - `IDENTITY_FILE_UNWRITABLE`: the file cannot be written.
 * - `IDENTITY_NEEDS_PASSPHRASE`: the file is sealed, or is to be, and no passphrase was given.
 */
export type NodeErrorCode =
  | 'CODEBASE_NOT_BUILT'
  | 'CODEBASE_TOO_LARGE'
  | 'CODEBASE_UNREADABLE'
  | 'DEMO_FAILED'
  | 'DEMO_INTERRUPTED'
  | 'DEMO_NODE_DIED'
  | 'DEMO_TIMEOUT'
  | 'IDENTITY_BAD_FILE'
  | 'IDENTITY_FILE_EXISTS'
  | 'IDENTITY_FILE_MISSING'
  | 'IDENTITY_FILE_PERMISSIONS'
  | 'IDENTITY_FILE_UNREADABLE'
  | 'IDENTITY_FILE_UNWRITABLE'
  | 'IDENTITY_NEEDS_PASSPHRASE';

/** An operation that failed; `code` says why and stays the same between versions. */
export class NodeError extends CodedError<NodeErrorCode> {
  override readonly name = 'NodeError';
}

/** A caller's mistake: an option that cannot be used. The message says what to give instead. */
export class NodeArgumentError extends TypeError {
  override readonly name = 'NodeArgumentError';
  /** The one code of this class. */
  readonly code = 'NODE_BAD_OPTION';
}
