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
 * - `NODE_BAD_CONFIG`: settings cannot be used; a {@link ConfigError} lists them all.
 * - `NODE_CONTROL_BAD_REQUEST`: what was asked over the control socket is no request, or none that the node knows.
 * - `NODE_CONTROL_BUSY`: the node has as many control connections as it takes.
 * - `NODE_CONTROL_DENIED`: the token is not the node's, or the token file or the socket is not the owner's alone.
 * - `NODE_CONTROL_FAILED`: the conversation over the control socket broke off.
 * - `NODE_CONTROL_IN_USE`: somebody else is at the control path.
 * - `NODE_CONTROL_TIMEOUT`: the node did not answer in time.
 * - `NODE_DATA_IN_USE`: another process uses the data directory.
 * - `NODE_DATA_UNUSABLE`: the data directory, or the store in it, cannot be used.
 * - `NODE_NO_RECORD`: the node holds no such record.
 * - `NODE_NOT_RUNNING`: no node of this data directory runs.
 * - `NODE_STOP_TIMEOUT`: a node that was told to stop hung, and was ended.
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
  | 'IDENTITY_NEEDS_PASSPHRASE'
  | 'NODE_BAD_CONFIG'
  | 'NODE_CONTROL_BAD_REQUEST'
  | 'NODE_CONTROL_BUSY'
  | 'NODE_CONTROL_DENIED'
  | 'NODE_CONTROL_FAILED'
  | 'NODE_CONTROL_IN_USE'
  | 'NODE_CONTROL_TIMEOUT'
  | 'NODE_DATA_IN_USE'
  | 'NODE_DATA_UNUSABLE'
  | 'NODE_NO_RECORD'
  | 'NODE_NOT_RUNNING'
  | 'NODE_STOP_TIMEOUT';

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

/** Settings that cannot be used. */
export class ConfigError extends NodeError {
  /** One sentence for each; it names the source, the setting, and what to give instead. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super('NODE_BAD_CONFIG', problems.join(' '));
    this.problems = problems;
  }
}
