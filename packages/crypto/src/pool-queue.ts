import { isLow, type PoolJob } from './pool-job.js';

/** What gives way has a turn after so many that did not. */
const TURNS_BEFORE_LOW = 3;

/** In the order of their turns. */
const KINDS = ['sign', 'verify', 'low', 'puzzle'] as const;

type Kind = (typeof KINDS)[number];

/**
 * What waits in a pool: signatures, then verifications, then both of a low priority, then slices of puzzles, each in the
 * order of arrival. While one of a low priority waits it has every fourth turn.
 */
export class PoolQueue {
  readonly #waiting: Record<Kind, Set<PoolJob>> = {
    sign: new Set(),
    verify: new Set(),
    low: new Set(),
    puzzle: new Set(),
  };
  /** Jobs that went before one of a low priority since its kind's last turn. */
  #turns = 0;

  /** Signatures and verifications that wait. */
  get urgentCount(): number {
    return this.#waiting.sign.size + this.#waiting.verify.size + this.#waiting.low.size;
  }

  /** The signature, else the verification that comes next. */
  get urgent(): PoolJob | undefined {
    const low = first(this.#waiting.low);
    if (low !== undefined && this.#turns >= TURNS_BEFORE_LOW) return low;
    return first(this.#waiting.sign) ?? first(this.#waiting.verify) ?? low;
  }

  /** The slice of a puzzle that comes next. */
  get slice(): PoolJob | undefined {
    return first(this.#waiting.puzzle);
  }

  /** Puts a job last among its kind. */
  add(job: PoolJob): void {
    this.#waiting[kindOf(job)].add(job);
  }

  /** A job has its turn. */
  take(job: PoolJob): void {
    this.delete(job);
    const isOvertaking = kindOf(job) !== 'low' && this.#waiting.low.size > 0;
    this.#turns = isOvertaking ? this.#turns + 1 : 0;
  }

  /** Takes a job out, if it is there. */
  delete(job: PoolJob): void {
    this.#waiting[kindOf(job)].delete(job);
  }

  /** Puts jobs first among their kinds. */
  putBack(jobs: readonly PoolJob[]): void {
    for (const kind of KINDS) {
      const returned = jobs.filter((job) => kindOf(job) === kind);
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

function kindOf({ work }: PoolJob): Kind {
  return isLow(work) ? 'low' : work.type;
}

function first<T>(items: Iterable<T>): T | undefined {
  for (const item of items) return item;
  return undefined;
}
