import { platform } from '#platform';
import { requireBytes } from './bytes.js';
import { CryptoError } from './errors.js';
import { requireHashPuzzle } from './hash-puzzle.js';
import type { SigningIdentity } from './identity.js';
import { requireContext, seedAccessOf } from './identity.js';
import { chooseMlDsa65 } from './native-provider.js';
import { nobleProvider } from './noble-provider.js';
import { PoolCrew } from './pool-crew.js';
import type { PoolResult, PoolWork } from './pool-job.js';
import { compute, PoolJob } from './pool-job.js';
import type { CryptoPoolOptions, PoolSignOptions, PoolVerifyOptions } from './pool-options.js';
import { PoolQueue } from './pool-queue.js';
import type { MlDsa65 } from './provider.js';
import type { SolvePuzzleOptions } from './puzzle-run.js';
import { solveInSlices } from './puzzle-run.js';
import type { PuzzleSlice, PuzzleWork } from './puzzle-slice.js';

/**
 * How a pool works: `workers` in threads of its own (noble), `native-async` in the platform's threads, `in-thread` on
 * the caller's event loop, one job a turn, where neither can be had.
 */
export type PoolMode = 'workers' | 'native-async' | 'in-thread';

/** A node has other work for its last processor, and two workers already sign 240 and verify 1,000 a second. */
const WORKERS_DEFAULT_MAX = 2;
const WORKERS_MAX = 64;
const QUEUE_DEFAULT = 1024;

/** Puzzles being solved at once; each has but one slice in the queue. A further one rejects with CRYPTO_POOL_FULL. */
export const PUZZLES_MAX = 64;

/** libuv has four threads; one stays free for files and names. */
const NATIVE_JOBS_MAX = 3;

/**
 * Signs, verifies and solves puzzles off the event loop. Signatures go before verifications: they are our own and few.
 * Slices of puzzles come last. Close it to leave nothing behind; until then idle workers do not keep the process alive.
 */
export class CryptoPool {
  readonly #queueMax: number;
  readonly #provider: 'auto' | 'noble' | 'native';
  readonly #crew: PoolCrew | undefined;
  readonly #queue = new PoolQueue();
  readonly #running = new Set<PoolJob>();
  readonly #slices = new Set<PoolJob>();
  readonly #runs = new Set<Promise<void>>();
  #puzzles = 0;
  #isSlicingHere = false;
  #mode: PoolMode;
  #mlDsa65: MlDsa65 | undefined;
  #deciding: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  /** Nothing starts before the first job. */
  constructor(options: CryptoPoolOptions = {}) {
    const workers = options.workers ?? Math.max(1, Math.min(WORKERS_DEFAULT_MAX, platform.cores() - 1));
    this.#queueMax = requireCount(options.queueMax ?? QUEUE_DEFAULT, 'queueMax', 1, Number.MAX_SAFE_INTEGER);
    this.#provider = options.provider ?? 'auto';
    const size = platform.name === 'node' ? requireCount(workers, 'workers', 0, WORKERS_MAX) : 0;
    this.#mode = size === 0 ? 'in-thread' : 'workers';
    if (size === 0) return;
    this.#crew = new PoolCrew(size, platform.startWorker, {
      room: () => {
        this.#pump();
      },
      returned: (jobs) => {
        this.#putBack(jobs);
      },
      disbanded: () => {
        if (this.#isCrewed()) this.#mode = 'in-thread';
      },
    });
  }

  /** How the pool works. Final once {@link CryptoPool.ready} has settled, unless its workers fail later. */
  get mode(): PoolMode {
    return this.#mode;
  }

  /** Settles when the pool knows who computes; rejects with `CRYPTO_UNAVAILABLE` where a forced provider is missing. */
  async ready(): Promise<void> {
    this.#deciding ??= this.#decide();
    await this.#deciding;
  }

  /**
   * An ML-DSA-65 signature. An identity that is not of this copy of the package, whose seed is out of reach, is asked to
   * sign by itself. Rejects with `CRYPTO_POOL_FULL`, `CRYPTO_POOL_CLOSED`, `IDENTITY_DESTROYED` or the signal's reason.
   */
  async sign(identity: SigningIdentity, message: Uint8Array, options: PoolSignOptions): Promise<Uint8Array> {
    requireBytes(message, 'message');
    requireContext(options.context);
    if (seedAccessOf(identity) === undefined) {
      this.#requireOpen();
      return identity.sign(message, options);
    }
    const { context, priority } = options;
    const work: PoolWork = { type: 'sign', identity, message, context, isLow: priority === 'low' };
    return (await this.#submit(work, options.signal)) as Uint8Array;
  }

  /** Whether a signature fits, as {@link verifySignature} says. Rejects with `CRYPTO_POOL_FULL`, `CRYPTO_POOL_CLOSED` or the signal's reason. */
  async verify(
    publicKey: Uint8Array,
    message: Uint8Array,
    signature: Uint8Array,
    context: Uint8Array,
    options: PoolVerifyOptions = {},
  ): Promise<boolean> {
    requireBytes(publicKey, 'publicKey');
    requireBytes(message, 'message');
    requireBytes(signature, 'signature');
    requireBytes(context, 'context');
    const isLow = options.priority === 'low';
    const work: PoolWork = { type: 'verify', publicKey, message, signature, context, isLow };
    return (await this.#submit(work, options.signal)) as boolean;
  }

  /**
   * The 40 B solution of a hash puzzle of 4 to 28 bits, which takes 2^bits hashes on average: in a worker where there is
   * one, whoever signs, else on the event loop in slices of 8 ms. It takes what signatures and verifications leave, and
   * several puzzles share. Rejects with `CRYPTO_POOL_FULL` beyond 64 puzzles, with `CRYPTO_POOL_CLOSED` or the signal's
   * reason.
   */
  async solvePuzzle(prefix: Uint8Array, bits: number, options: SolvePuzzleOptions = {}): Promise<Uint8Array> {
    requireHashPuzzle(prefix, bits);
    if (this.#puzzles >= PUZZLES_MAX) {
      throw new CryptoError('CRYPTO_POOL_FULL', `the pool already solves ${PUZZLES_MAX} puzzles`);
    }
    const runSlice = async (work: PuzzleWork): Promise<PuzzleSlice> =>
      (await this.#submit(work, options.signal)) as PuzzleSlice;
    this.#puzzles++;
    try {
      return await solveInSlices(prefix, bits, options.onProgress, runSlice);
    } finally {
      this.#puzzles--;
    }
  }

  /** Rejects what is waiting or running with `CRYPTO_POOL_CLOSED` and ends the workers. Twice is fine. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const jobs = [...this.#running, ...this.#slices, ...this.#queue.drain()];
    this.#running.clear();
    this.#slices.clear();
    for (const job of jobs) job.reject(closedError());
    await Promise.all([this.#crew?.close(), ...this.#runs]); // What runs outside a worker cannot be cut short.
  }

  #submit(work: PoolWork, signal: AbortSignal | undefined): Promise<PoolResult> {
    this.#requireOpen();
    signal?.throwIfAborted();
    if (work.type !== 'puzzle' && this.#queue.urgentCount >= this.#queueMax) {
      throw new CryptoError('CRYPTO_POOL_FULL', `the pool's queue already holds ${this.#queueMax} jobs`);
    }
    const job = new PoolJob(work, signal, (aborted) => {
      this.#queue.delete(aborted);
    });
    this.#queue.add(job);
    this.#pump();
    return job.promise;
  }

  #putBack(jobs: readonly PoolJob[]): void {
    for (const job of jobs) this.#forget(job);
    if (this.#closing !== undefined) return;
    this.#queue.putBack(jobs.filter((job) => !job.settled));
    this.#pump();
  }

  /** Starts what there is room for. */
  #pump(): void {
    if (this.#mlDsa65 === undefined) {
      this.#startDeciding();
      return;
    }
    for (let job = this.#queue.urgent; job !== undefined; job = this.#queue.urgent) {
      if (!this.#start(job, this.#mlDsa65)) break;
      this.#queue.take(job);
    }
    // Where the platform's own threads do the rest, workers are free for puzzles whatever waits.
    if (this.#queue.urgentCount > 0 && this.#mode !== 'native-async') return;
    for (let job = this.#queue.slice; job !== undefined; job = this.#queue.slice) {
      if (!this.#startSlice(job)) return;
      this.#queue.delete(job);
    }
  }

  #startDeciding(): void {
    if (this.#deciding !== undefined) return;
    this.ready().then(
      () => {
        this.#pump();
      },
      (error: unknown) => {
        for (const job of this.#queue.drain()) job.reject(error);
        this.#deciding = undefined;
      },
    );
  }

  async #decide(): Promise<void> {
    const mlDsa65 = await chooseMlDsa65(this.#provider);
    if (mlDsa65.offThread) this.#mode = 'native-async';
    this.#mlDsa65 = mlDsa65;
  }

  #start(job: PoolJob, mlDsa65: MlDsa65): boolean {
    if (this.#mode === 'workers') {
      if (this.#giveAway(job)) return true;
      if (this.#isCrewed()) return false;
    }
    if (this.#running.size >= (this.#mode === 'native-async' ? NATIVE_JOBS_MAX : 1)) return false;
    this.#startHere(job, this.#mode === 'in-thread', mlDsa65);
    return true;
  }

  #startSlice(job: PoolJob): boolean {
    if (this.#giveAway(job)) return true;
    if (this.#crew?.isOver === false || this.#isSlicingHere) return false;
    this.#isSlicingHere = true;
    this.#startHere(job, true, nobleProvider.mlDsa65);
    return true;
  }

  #giveAway(job: PoolJob): boolean {
    if (this.#crew?.take(job) !== true) return false;
    this.#follow(job);
    return true;
  }

  /** Taking a job may have disbanded the crew. */
  #isCrewed(): boolean {
    return this.#mode === 'workers';
  }

  #follow(job: PoolJob): void {
    (job.work.type === 'puzzle' ? this.#slices : this.#running).add(job);
    const done = (): void => {
      this.#forget(job);
    };
    job.promise.then(done, done);
  }

  #forget(job: PoolJob): void {
    this.#running.delete(job);
    this.#slices.delete(job);
  }

  #startHere(job: PoolJob, breathes: boolean, mlDsa65: MlDsa65): void {
    this.#follow(job);
    const run = this.#runHere(job, breathes, mlDsa65).finally(() => this.#runs.delete(run));
    this.#runs.add(run);
  }

  async #runHere(job: PoolJob, breathes: boolean, mlDsa65: MlDsa65): Promise<void> {
    try {
      if (breathes) await platform.breathe();
      if (!job.settled) job.resolve(await compute(job.work, mlDsa65));
    } catch (error) {
      job.reject(error);
    }
    this.#forget(job);
    if (job.work.type === 'puzzle') this.#isSlicingHere = false;
    if (this.#closing === undefined) this.#pump();
  }

  #requireOpen(): void {
    if (this.#closing !== undefined) throw closedError();
  }
}

function closedError(): CryptoError {
  return new CryptoError('CRYPTO_POOL_CLOSED', 'the pool is closed');
}

function requireCount(value: number, name: string, min: number, max: number): number {
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} must be a whole number from ${min} to ${max}`);
  }
  return value;
}
