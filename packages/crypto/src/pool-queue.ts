import type { PoolJob, PoolWork } from './pool-job.js';

type Kind = PoolWork['type'];

/** What waits in a pool: signatures before verifications before slices of puzzles, each in the order of arrival. */
export class PoolQueue {
  readonly #waiting: Record<Kind, Set<PoolJob>> = {
    sign: new Set(),
    verify: new Set(),
    puzzle: new Set(),
  };

  /** Signatures and verifications that wait. */
  get urgentCount(): number {
    return this.#waiting.sign.size + this.#waiting.verify.size;
  }

  /** The signature, else the verification that comes next. */
  get urgent(): PoolJob | undefined {
    return first(this.#waiting.sign) ?? first(this.#waiting.verify);
  }

  /** The slice of a puzzle that comes next. */
  get slice(): PoolJob | undefined {
    return first(this.#waiting.puzzle);
  }

  /** Puts a job last among its kind. */
  add(job: PoolJob): void {
    this.#waiting[job.work.type].add(job);
  }

  /** Takes a job out, if it is there. */
  delete(job: PoolJob): void {
    this.#waiting[job.work.type].delete(job);
  }

  /** Puts jobs first among their kinds. */
  putBack(jobs: readonly PoolJob[]): void {
    for (const kind of ['sign', 'verify', 'puzzle'] as const) {
      const returned = jobs.filter((job) => job.work.type === kind);
      this.#waiting[kind] = new Set([...returned, ...this.#waiting[kind]]);
    }
  }

  /** Takes everything out. */
  drain(): PoolJob[] {
    const jobs = Object.values(this.#waiting).flatMap((queue) => [...queue]);
    for (const queue of Object.values(this.#waiting)) queue.clear();
    return jobs;
  }
}

function first<T>(items: Iterable<T>): T | undefined {
  for (const item of items) return item;
  return undefined;
}
