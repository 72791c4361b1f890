import type { Clock, TimerHandle } from '../../transport/clock.js';

interface HostTimer {
  callback: (() => void) | undefined;
  inner: TimerHandle | undefined;
}

/** The clock of one process in a simulation: its wall clock may be off, its quartz too fast, and its timers stop with it. */
export class HostClock implements Clock {
  /** How far its wall clock is ahead. */
  skewMs = 0;
  readonly #clock: Clock;
  #state: 'running' | 'paused' | 'dead' = 'running';
  /** Its seconds in a second. */
  #rate = 1;
  #baseMs: number;
  #ownMs: number;
  #waiting: HostTimer[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#baseMs = clock.monotonicMs();
    this.#ownMs = this.#baseMs;
  }

  get isPaused(): boolean {
    return this.#state === 'paused';
  }

  nowMs(): number {
    const aheadMs =
      this.#rate === 1 && this.#ownMs === this.#baseMs ? 0 : this.monotonicMs() - this.#clock.monotonicMs();
    return Math.floor(this.#clock.nowMs() + aheadMs + this.skewMs);
  }

  monotonicMs(): number {
    const elapsedMs = this.#clock.monotonicMs() - this.#baseMs;
    return this.#ownMs + (this.#rate === 1 ? elapsedMs : elapsedMs * this.#rate);
  }

  setTimer(delayMs: number, callback: () => void): TimerHandle {
    const timer: HostTimer = { callback, inner: undefined };
    if (this.#state !== 'dead')
      timer.inner = this.#clock.setTimer(delayMs / this.#rate, () => this.#fire(timer));
    return timer;
  }

  clearTimer(handle: TimerHandle): void {
    const timer = handle as HostTimer;
    if (timer.callback !== undefined && timer.inner !== undefined) this.#clock.clearTimer(timer.inner);
    timer.callback = undefined;
  }

  defer(callback: () => void): void {
    this.setTimer(0, callback);
  }

  /** From now on it gains so many millionths; 100 is what a bad quartz does. Timers that are set already keep their time. */
  drift(partsPerMillion: number): void {
    this.#ownMs = this.monotonicMs();
    this.#baseMs = this.#clock.monotonicMs();
    this.#rate = 1 + partsPerMillion / 1e6;
  }

  /** The process stands still; time goes on all the same. */
  pause(): void {
    if (this.#state === 'running') this.#state = 'paused';
  }

  /** What became due meanwhile fires now, in its order. */
  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'running';
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const timer of waiting) timer.inner = this.#clock.setTimer(0, () => this.#fire(timer));
  }

  /** The process is gone: none of its timers fires any more. */
  kill(): void {
    this.#state = 'dead';
    this.#waiting = [];
  }

  #fire(timer: HostTimer): void {
    if (this.#state === 'paused') {
      timer.inner = undefined;
      this.#waiting.push(timer);
      return;
    }
    const { callback } = timer;
    timer.callback = undefined;
    if (this.#state === 'running') callback?.();
  }
}
