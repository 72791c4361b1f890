import type { SigningIdentity } from './identity.js';
import type { MlDsa65 } from './provider.js';
import type { PuzzleSlice, PuzzleWork } from './puzzle-slice.js';
import { workSlice } from './puzzle-slice.js';

/** A signature to be made. */
export interface SignWork {
  readonly type: 'sign';
  readonly identity: SigningIdentity;
  readonly message: Uint8Array;
  readonly context: Uint8Array;
  readonly isLow: boolean;
}

/** A signature to be checked. */
export interface VerifyWork {
  readonly type: 'verify';
  readonly publicKey: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
  readonly context: Uint8Array;
  readonly isLow: boolean;
}

/** Whether it gives way to signatures and verifications of a normal priority. */
export function isLow(work: PoolWork): boolean {
  return work.type !== 'puzzle' && work.isLow;
}

/** What a pool can be asked for. */
export type PoolWork = SignWork | VerifyWork | PuzzleWork;

/** What comes of it: a signature, a verdict, or how far a puzzle came. */
export type PoolResult = Uint8Array | boolean | PuzzleSlice;

/** Does the work in this thread, or where the algorithm works. */
export function compute(work: PoolWork, mlDsa65: MlDsa65): Promise<PoolResult> | PoolResult {
  switch (work.type) {
    case 'sign':
      return work.identity.sign(work.message, { context: work.context });
    case 'verify':
      return mlDsa65.verify(work.publicKey, work.message, work.signature, work.context);
    case 'puzzle':
      return workSlice(work);
  }
}

/** One piece of work and the promise that waits for it. It settles once; whatever comes later is ignored. */
export class PoolJob {
  readonly work: PoolWork;
  /** Settles with the result, a failure, or the reason of the caller's signal. */
  readonly promise: Promise<PoolResult>;
  /** How often a worker died under it. */
  deaths = 0;
  #settle: { resolve(result: PoolResult): void; reject(reason: unknown): void } | undefined;
  #stopListening: (() => void) | undefined;

  /** `onAbort` is called when the signal fires first, after the promise was rejected. */
  constructor(work: PoolWork, signal: AbortSignal | undefined, onAbort: (job: PoolJob) => void) {
    this.work = work;
    this.promise = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    if (signal === undefined) return;
    const abort = (): void => {
      this.reject(signal.reason);
      onAbort(this);
    };
    signal.addEventListener('abort', abort, { once: true });
    this.#stopListening = () => {
      signal.removeEventListener('abort', abort);
    };
  }

  /** Whether nobody waits any more. */
  get settled(): boolean {
    return this.#settle === undefined;
  }

  resolve(result: PoolResult): void {
    this.#end()?.resolve(result);
  }

  reject(reason: unknown): void {
    this.#end()?.reject(reason);
  }

  #end(): { resolve(result: PoolResult): void; reject(reason: unknown): void } | undefined {
    const settle = this.#settle;
    this.#settle = undefined;
    this.#stopListening?.();
    return settle;
  }
}
