import type { Clock } from '../transport/index.js';
import type { Peer } from './peer.js';

/** How long a call waits at most for congested queues to drain. */
const DRAIN_MS_MAX = 5_000;

/** Calls that wait until their neighbours have caught up: the backpressure that an awaiting caller feels. */
export class DrainWaits {
  readonly #clock: Clock;
  readonly #peers: () => readonly Peer[];
  readonly #resumes = new Set<() => void>();
  #isStopped = false;

  constructor(clock: Clock, peers: () => readonly Peer[]) {
    this.#clock = clock;
    this.#peers = peers;
  }

  /** Some queue has drained or its peer is gone: those who wait look again. */
  wake(): void {
    for (const resume of [...this.#resumes]) resume();
  }

  stop(): void {
    this.#isStopped = true;
    this.wake();
  }

  /** Waits for neighbours whose queue is long, as long as they answer and at most 5 s. */
  async wait(signal: AbortSignal | undefined): Promise<void> {
    const untilMs = this.#clock.monotonicMs() + DRAIN_MS_MAX;
    for (;;) {
      const congested = this.#peers().filter((peer) => peer.isCongested && !peer.isSuspect);
      const leftMs = untilMs - this.#clock.monotonicMs();
      if (congested.length === 0 || leftMs <= 0 || signal?.aborted === true || this.#isStopped) return;
      for (const peer of congested) peer.session.wantDrain();
      await this.#sleep(leftMs);
    }
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const resume = (): void => {
        this.#clock.clearTimer(timer);
        this.#resumes.delete(resume);
        resolve();
      };
      const timer = this.#clock.setTimer(ms, resume);
      this.#resumes.add(resume);
    });
  }
}
