/**
 * What can go wrong in an operation of this package. A caller's mistake (a wrong type, a key of the wrong length
 * handed in by the program itself) throws a `TypeError` or `RangeError` instead; a peer's malformed bytes never
 * throw at all, except where a KEM has nothing else to answer.
 *
 * - `CRYPTO_BAD_KEM_KEY`: a KEM public key has the wrong length, a coefficient above q, or a low-order point.
 * - `CRYPTO_BAD_CIPHERTEXT`: a KEM ciphertext has the wrong length or a low-order point.
 * - `CRYPTO_UNAVAILABLE`: neither provider offers the algorithm here.
 * - `CRYPTO_WORKER_FAILED`: a job failed inside a worker for a reason of its own.
 * - `CRYPTO_POOL_FULL`: the pool's queue holds `queueMax` jobs, or it solves as many puzzles as it may.
 * - `CRYPTO_POOL_CLOSED`: the pool was closed before the job was done.
 * - `IDENTITY_DESTROYED`: the identity or key was used after `destroy()`.
 * - `IDENTITY_BAD_PASSPHRASE`: the passphrase does not open the identity file.
 * - `IDENTITY_BAD_FILE`: the identity file is damaged, of an unknown version, or asks for too costly a derivation.
 * - `BATCH_QUEUE_FULL`: a batch signer's queue is full.
 * - `BATCH_TOO_LARGE`: one message is larger than a whole batch may be.
 * - `BATCH_CLOSED`: the batch signer was closed before the message was signed.
 */
export type CryptoErrorCode =
  | 'CRYPTO_BAD_KEM_KEY'
  | 'CRYPTO_BAD_CIPHERTEXT'
  | 'CRYPTO_UNAVAILABLE'
  | 'CRYPTO_WORKER_FAILED'
  | 'CRYPTO_POOL_FULL'
  | 'CRYPTO_POOL_CLOSED'
  | 'IDENTITY_DESTROYED'
  | 'IDENTITY_BAD_PASSPHRASE'
  | 'IDENTITY_BAD_FILE'
  | 'BATCH_QUEUE_FULL'
  | 'BATCH_TOO_LARGE'
  | 'BATCH_CLOSED';

/** The one class of failure of this package. Its message and `code` never hold secrets or payloads. */
export class CryptoError extends Error {
  /** The reason, from a closed list, so that a program can branch on it. */
  readonly code: CryptoErrorCode;

  /** Makes an error with a code of {@link CryptoErrorCode} and one sentence for people. */
  constructor(code: CryptoErrorCode, message: string) {
    super(message);
    this.name = 'CryptoError';
    this.code = code;
  }
}
