import {
  batchContext,
  CryptoError,
  CryptoPool,
  type PoolMode,
  type SigningIdentity,
  type PoolSignOptions,
  type SolvePuzzleOptions,
  type PoolVerifyOptions,
} from '@yakmesh/crypto';
import type { CryptoJob } from '../../crypto-job.js';
import { BoundedMap } from '../../transport/bounded-map.js';
import type { Clock } from '../../transport/clock.js';
import { isModelSignature, modelSignature } from './model-identity.js';

/** What cryptography costs a node of a simulation, in milliseconds of its one worker. */
export interface ModelCosts {
  readonly mode: PoolMode;
  readonly signMs: number;
  readonly verifyMs: number;
}

/** As measured (docs/BENCHMARKS.md): in JavaScript, and by OpenSSL where Node has ML-DSA. */
export const MODEL_COSTS: Readonly<Record<'noble' | 'native', ModelCosts>> = Object.freeze({
  noble: { mode: 'in-thread', signMs: 6, verifyMs: 1.9 },
  native: { mode: 'native-async', signMs: 0.8, verifyMs: 0.17 },
});

/** A hash of a puzzle takes a microsecond. */
const PUZZLE_HASH_MS = 0.001;
const PUZZLE_BYTES = 40;
/** Verified heads that a node remembers, as many as its real cache holds. */
const HEADS_MAX = 4_096;
/** Jobs that wait at most, as in the real pool. */
const WAITING_MAX = 1_024;

type HeadJob = Extract<CryptoJob, { type: 'verify-head' }>;

interface Verdict {
  readonly publicKey: Uint8Array;
  readonly head: Uint8Array;
  readonly isGood: boolean;
}

/** What was computed of a signature's bytes before: the same bytes, which all nodes of a process share, always give the same. */
const verdicts = new WeakMap<Uint8Array, Verdict>();

/** The model of a node's crypto: hashes for signatures, and their real cost as virtual time of one worker that does one thing after another. */
export class ModelPool extends CryptoPool {
  readonly #clock: Clock;
  readonly #costs: ModelCosts;
  readonly #heads = new BoundedMap<string, true>(HEADS_MAX);
  readonly #flights = new Map<string, ((isGood: boolean) => void)[]>();
  #freeMs = 0;
  #waiting = 0;
  #isClosed = false;

  constructor(clock: Clock, costs: ModelCosts = MODEL_COSTS.noble) {
    super({ workers: 0 });
    this.#clock = clock;
    this.#costs = costs;
  }

  override get mode(): PoolMode {
    return this.#costs.mode;
  }

  override ready(): Promise<void> {
    return Promise.resolve();
  }

  override async sign(
    identity: SigningIdentity,
    message: Uint8Array,
    options: PoolSignOptions,
  ): Promise<Uint8Array> {
    await this.#spend(this.#costs.signMs, options.signal);
    return modelSignature(identity.publicKey, message, options.context);
  }

  override async verify(
    publicKey: Uint8Array,
    message: Uint8Array,
    signature: Uint8Array,
    context: Uint8Array,
    options: PoolVerifyOptions = {},
  ): Promise<boolean> {
    await this.#spend(this.#costs.verifyMs, options.signal);
    return isModelSignature(publicKey, message, signature, context);
  }

  override async solvePuzzle(
    _: Uint8Array,
    bits: number,
    options: SolvePuzzleOptions = {},
  ): Promise<Uint8Array> {
    await this.#spend(2 ** bits * PUZZLE_HASH_MS, options.signal);
    return new Uint8Array(PUZZLE_BYTES);
  }

  override close(): Promise<void> {
    this.#isClosed = true;
    return Promise.resolve();
  }

  /** Whether the head of that batch was verified here before. */
  knows(batchKey: string): boolean {
    return this.#heads.has(batchKey);
  }

  /** Verifies a head, each once: whoever asks meanwhile hears the same verdict. */
  verifyHead(batchKey: string, job: HeadJob): Promise<boolean> {
    return new Promise((resolve) => {
      const flight = this.#flights.get(batchKey);
      if (flight !== undefined) return void flight.push(resolve);
      const waiting = [resolve];
      this.#flights.set(batchKey, waiting);
      this.#after(this.#costs.verifyMs, () => {
        this.#flights.delete(batchKey);
        const isGood = isGoodHead(job);
        if (isGood) this.#heads.set(batchKey, true);
        for (const each of waiting) each(isGood);
      });
    });
  }

  #spend(costMs: number, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (this.#isClosed) throw new CryptoError('CRYPTO_POOL_CLOSED', 'the pool is closed');
    if (this.#waiting >= WAITING_MAX)
      throw new CryptoError('CRYPTO_POOL_FULL', `${WAITING_MAX} jobs wait already`);
    return new Promise((resolve) => this.#after(costMs, resolve));
  }

  #after(costMs: number, callback: () => void): void {
    const nowMs = this.#clock.monotonicMs();
    this.#freeMs = Math.max(nowMs, this.#freeMs) + costMs;
    this.#waiting += 1;
    this.#clock.setTimer(this.#freeMs - nowMs, () => {
      this.#waiting -= 1;
      callback();
    });
  }
}

function isGoodHead({ use, networkHash, publicKey, head, signature }: HeadJob): boolean {
  const known = verdicts.get(signature);
  if (known !== undefined && known.head === head && known.publicKey === publicKey) return known.isGood;
  const isGood = isModelSignature(publicKey, head, signature, batchContext(use, networkHash));
  verdicts.set(signature, { publicKey, head, isGood });
  return isGood;
}
