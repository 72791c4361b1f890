import type { PoolRequest, PoolResponse } from './pool-messages.js';
import type { AsymmetricProvider } from './provider.js';

/** The cost of one scrypt derivation (RFC 7914 §2): memory is 128 · 2^log2N · r bytes. */
export interface ScryptCost {
  /** Binary logarithm of the number of rounds. */
  readonly log2N: number;
  /** Block size factor. */
  readonly r: number;
  /** Parallelisation factor. */
  readonly p: number;
}

/** One worker thread as the pool sees it. */
export interface WorkerThread {
  /** Sends a message; the buffers of `transfer` move instead of being copied. */
  post(message: PoolRequest, transfer: readonly ArrayBufferLike[]): void;
  /** Whether the thread keeps the process alive: only while it has work. */
  keepAlive(alive: boolean): void;
  /** Ends the thread; settles when it is gone. */
  terminate(): Promise<void>;
}

/** What a worker thread tells its owner. */
export interface WorkerEvents {
  /** The worker answered. */
  message(message: PoolResponse): void;
  /** The worker could not start or died; called at most once, and nothing follows. */
  gone(): void;
}

/**
 * The platform's own asymmetric algorithms, not yet tried: a probe decides which of them may be used. `#platform` exports
 * it apart from {@link Platform}, so that a bundle of the symmetric part alone carries no lattices.
 */
export type NativeCandidates = () => AsymmetricProvider | undefined;

/**
 * Everything else that differs between Node and browsers. The package.json import `#platform` chooses the implementation:
 * node:crypto on Node, noble and WebCrypto elsewhere. All results are plain `Uint8Array`s that own their memory.
 */
export interface Platform {
  /** Which implementation this is; shown by the report. */
  readonly name: 'node' | 'web';
  /** Who does the symmetric algorithms; shown by the report. */
  readonly symmetricProvider: string;
  /** What the platform's own asymmetric algorithms are called; shown by the report. */
  readonly nativeName: string;
  sha256(bytes: Uint8Array): Uint8Array;
  /** SHA-256 straight into `target` at `offset`: the hot path of hash trees. */
  sha256Into(bytes: Uint8Array, target: Uint8Array, offset: number): void;
  sha512(bytes: Uint8Array): Uint8Array;
  sha3Hash256(bytes: Uint8Array): Uint8Array;
  readonly hmacSha256: (key: Uint8Array, data: Uint8Array) => Uint8Array;
  readonly hmacSha512: (key: Uint8Array, data: Uint8Array) => Uint8Array;
  aes256GcmSeal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Uint8Array;
  /** `bytes` is the plaintext and 16 bytes behind it. */
  aes256GcmSealInPlace(key: Uint8Array, nonce: Uint8Array, bytes: Uint8Array, aad: Uint8Array): void;
  aes256GcmOpen(
    key: Uint8Array,
    nonce: Uint8Array,
    sealed: Uint8Array,
    aad: Uint8Array,
  ): Uint8Array | undefined;
  /** scrypt off the event loop where the platform can, in slices on it where it cannot. */
  scrypt(password: Uint8Array, salt: Uint8Array, cost: ScryptCost, length: number): Promise<Uint8Array>;
  /** A worker for the pool, or undefined where there is none. */
  readonly startWorker: (events: WorkerEvents) => WorkerThread | undefined;
  /** Frees the memory of an array that nobody else has, if it is whole and large; it is empty then. */
  discard(array: Uint8Array): void;
  /** Lets the event loop serve others before the next piece of work in this thread. */
  breathe(): Promise<void>;
  /** Processors that this process may use at once. */
  cores(): number;
}
