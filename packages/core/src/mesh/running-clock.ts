import type { Clock, TimerHandle } from '../transport/index.js';

/** Between two ticks of all links. */
const TICK_MS = 250;
/** A tick that comes later than this was held up by our own process. */
const LATE_MS = 100;

/** Time without what our own event loop stood still, and the regular tick of all links. Peers are judged by this time only. */
export class RunningClock {
  readonly #clock: Clock;
  readonly #tick: () => boolean;
  #timer: TimerHandle | undefined;
  #isRunning = false;
  #tickedMs = 0;
  #stalledMs = 0;

  /** `tick` answers whether there is still something to tick for. */
  constructor(clock: Clock, tick: () => boolean) {
    this.#clock = clock;
    this.#tick = tick;
  }

  nowMs(): number {
    const realMs = this.#clock.monotonicMs();
    if (!this.#isRunning) return realMs - this.#stalledMs;
    // A stall is known only at the next tick; until then time goes on no further than a punctual tick would allow.
    return Math.min(realMs, this.#tickedMs + TICK_MS + LATE_MS) - this.#stalledMs;
  }

  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#tickedMs = this.#clock.monotonicMs();
    this.#arm();
  }

  stop(): void {
    this.#isRunning = false;
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }

  #arm(): void {
    this.#timer = this.#clock.setTimer(TICK_MS, () => {
      const realMs = this.#clock.monotonicMs();
      this.#stalledMs += Math.max(0, realMs - this.#tickedMs - TICK_MS - LATE_MS);
      this.#tickedMs = realMs;
      if (!this.#tick()) this.stop();
      if (this.#isRunning) this.#arm();
    });
  }
}
