import { withAbort, type Clock } from '../transport/index.js';
import type { Peer } from './peer.js';

/** How long a call waits at most for congested queues to drain. */
const DRAIN_MS_MAX = 5_000;

/** Lets those who await their sends wait until their neighbours have caught up: the backpressure that a caller feels. */
export class DrainWaits {
  readonly #clock: Clock;
  readonly #peers: () => readonly Peer[];
  #draining: Promise<void> | undefined;
  #resume: (() => void) | undefined;
  #isStopped = false;

  constructor(clock: Clock, peers: () => readonly Peer[]) {
    this.#clock = clock;
    this.#peers = peers;
  }

  /** Some queue has drained, or its peer is suspect or gone: those who wait look again. */
  wake(): void {
    this.#resume?.();
  }

  stop(): void {
    this.#isStopped = true;
    this.wake();
  }

  /** The result of a send, held back while neighbours have long queues and answer, at most 5 s. */
  paced<Result>(sent: Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
    // No async function: one that waits keeps the message alive with which it was called, and callers may be thousands.
    return sent.then((result) => {
      if (this.#congested().length === 0) return result;
      this.#draining ??= this.#drain().finally(() => (this.#draining = undefined));
      const answer = (): Result => result;
      return withAbort(signal, this.#draining).then(answer, answer);
    });
  }

  /** One wait, whoever waits. */
  async #drain(): Promise<void> {
    const untilMs = this.#clock.monotonicMs() + DRAIN_MS_MAX;
    for (;;) {
      const congested = this.#congested();
      const leftMs = untilMs - this.#clock.monotonicMs();
      if (congested.length === 0 || leftMs <= 0 || this.#isStopped) return;
      for (const peer of congested) peer.session.wantDrain();
      await this.#sleep(leftMs);
    }
  }

  #congested(): readonly Peer[] {
    return this.#peers().filter((peer) => peer.isCongested && !peer.isSuspect);
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#clock.setTimer(ms, resolve);
      this.#resume = () => {
        this.#clock.clearTimer(timer);
        resolve();
      };
    });
  }
}
