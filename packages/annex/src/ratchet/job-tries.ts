import type { CryptoJob, JobResult } from '../crypto-job.js';

/** A job is tried so often before it counts as failed: a crowded pool refuses work for a while. */
const ATTEMPTS_MAX = 20;
const RETRY_MS = 250;

/** A job under its ticket. */
export interface TicketedJob {
  readonly type: 'job';
  readonly ticket: number;
  readonly job: CryptoJob;
}

/** One job at a time, tried again where it fails. */
export class JobTries {
  #job: CryptoJob | undefined;
  #ticket = 0;
  #attempts = 0;
  #retryMs: number | undefined;

  /** When the job is to be tried again. */
  get deadlineMs(): number | undefined {
    return this.#retryMs;
  }

  start(job: CryptoJob): TicketedJob {
    this.#attempts = 0;
    return this.#attempt(job);
  }

  /** Whether this answers the job: not so for one that was given up, whose key pair is erased. */
  takes(ticket: number, result: JobResult): boolean {
    if (ticket === this.#ticket && this.#job !== undefined) return true;
    if (result.type === 'generate') result.keyPair.destroy();
    return false;
  }

  /** It is done. */
  done(): void {
    this.#job = undefined;
  }

  /** It was refused; false when it was so too often. */
  failed(nowMs: number): boolean {
    if (this.#attempts >= ATTEMPTS_MAX) return false;
    this.#retryMs = nowMs + RETRY_MS;
    return true;
  }

  /** The job again, where its time has come. */
  tick(nowMs: number): TicketedJob | undefined {
    const isDue = this.#retryMs !== undefined && nowMs >= this.#retryMs;
    return isDue && this.#job !== undefined ? this.#attempt(this.#job) : undefined;
  }

  /** Gives it up. */
  clear(): void {
    this.#job = undefined;
    this.#retryMs = undefined;
  }

  #attempt(job: CryptoJob): TicketedJob {
    this.#job = job;
    this.#retryMs = undefined;
    this.#attempts += 1;
    this.#ticket += 1;
    return { type: 'job', ticket: this.#ticket, job };
  }
}
