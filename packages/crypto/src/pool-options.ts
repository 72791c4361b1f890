import type { SignOptions } from './identity.js';
import type { VerifyOptions } from './verify.js';

/** Options of `CryptoPool`. */
export interface CryptoPoolOptions {
  /**
   * Worker threads when noble does the work, and for puzzles; 0 works in the caller's thread. Each costs about 10 MB
   * and one processor while busy. @defaultValue one less than the processors, at least 1 and at most 2
   */
  readonly workers?: number;
  /** Jobs that may wait; a further one rejects with `CRYPTO_POOL_FULL`. @defaultValue 1,024 (half a second of native verifications) */
  readonly queueMax?: number;
  /** Who computes. @defaultValue 'auto': native where it passed its round trip, else noble */
  readonly provider?: 'auto' | 'noble' | 'native';
}

/** When a signature or a verification has its turn. */
export interface PoolPriority {
  /**
   * `low` gives way to what is normal, but for every fourth turn, and waits for an idle worker: for what strangers ask,
   * so that they hold up nobody who is known. @defaultValue 'normal'
   */
  readonly priority?: 'normal' | 'low' | undefined;
}

/** Options of `CryptoPool.sign`. */
export interface PoolSignOptions extends SignOptions, PoolPriority {}

/** Options of `CryptoPool.verify`. */
export interface PoolVerifyOptions extends VerifyOptions, PoolPriority {}
