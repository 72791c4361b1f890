import { systemClock, type Clock, type TimerHandle } from '../transport/clock.js';
import { TimerHeap, type VirtualTimer } from './timer-heap.js';

/** Where a {@link VirtualClock} begins. */
export interface VirtualClockOptions {
  /** The wall clock at the start. @default 1_700_000_000_000 */
  readonly startMs?: number;
  /** The monotonic clock at the start. @default 0 */
  readonly monotonicStartMs?: number;
}

/** Turns of the real event loop granted after each event, so that chains of promises and setImmediate run out. */
const SETTLE_TURNS = 2;

/** Events at one instant after which the clock says that time cannot go on: something reschedules itself at once for ever. */
const EVENTS_AT_ONCE_MAX = 1_000_000;

/** How far `until` goes unless told otherwise: an hour of virtual time. */
const UNTIL_LIMIT_MS = 3_600_000;

interface Operation {
  readonly settled: Promise<void>;
  release(): void;
}

/**
 * Time that moves only when told. Timers fire in the order of their times, then of their setting; after each one the
 * clock waits, while virtual time stands still, until promises and tracked operations have run out.
 */
export class VirtualClock implements Clock {
  /** Awaited after every event; replace it to wait for more. */
  settle: () => Promise<void> = () => this.quiet();

  #wallOffsetMs: number;
  readonly #timers = new TimerHeap();
  readonly #operations: Operation[] = [];
  #release: Promise<void> | undefined;
  #monotonicMs: number;
  #order = 0;
  #isAdvancing = false;
  #eventsAtOnce = 0;
  #events = 0;

  constructor(options: VirtualClockOptions = {}) {
    this.#monotonicMs = options.monotonicStartMs ?? 0;
    this.#wallOffsetMs = (options.startMs ?? 1_700_000_000_000) - this.#monotonicMs;
  }

  /** Events fired so far. */
  get events(): number {
    return this.#events;
  }

  /** Timers and deferred calls that have not fired: 0 once everything is stopped. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  nowMs(): number {
    return Math.floor(this.#wallOffsetMs + this.#monotonicMs);
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  setTimer(delayMs: number, callback: () => void): TimerHandle {
    const timer: VirtualTimer = {
      atMs: this.#monotonicMs + Math.max(0, delayMs),
      order: this.#order,
      callback,
    };
    this.#order += 1;
    this.#timers.push(timer);
    return timer;
  }

  clearTimer(handle: TimerHandle): void {
    this.#timers.clear(handle as VirtualTimer);
  }

  /** Calls back at the present instant, after what is due already; it takes `advance(0)` or more to happen. */
  defer(callback: () => void): void {
    this.setTimer(0, callback);
  }

  /**
   * Registers work outside of virtual time, as a signature in a worker: time stands still until it is done. Outcomes are
   * handed out one by one in the order of registration, however the real work finished, which keeps runs alike. Track
   * only innermost work: what itself waits for later tracked work would wait for ever.
   */
  track<T>(promise: PromiseLike<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let release = (): void => undefined;
      const settled = promise.then(
        (value) => void (release = () => resolve(value)),
        (error: unknown) => void (release = () => reject(error)),
      );
      this.#operations.push({ settled: Promise.resolve(settled), release: () => release() });
      this.#release ??= this.#releaseInOrder();
    });
  }

  /** Waits until promises and tracked operations have run out; virtual time stands still. */
  async quiet(): Promise<void> {
    do {
      await this.#release;
      for (let turn = 0; turn < SETTLE_TURNS; turn += 1) await realTurn();
    } while (this.#release !== undefined);
  }

  /** Lets time pass. Rejects with whatever a timer's callback throws. */
  async advance(durationMs: number): Promise<void> {
    await this.advanceTo(this.#monotonicMs + durationMs);
  }

  /** Lets time pass up to a monotonic time, that included. */
  async advanceTo(monotonicMs: number): Promise<void> {
    if (!(monotonicMs >= this.#monotonicMs && monotonicMs < Infinity)) {
      throw new RangeError(`the clock shows ${this.#monotonicMs} ms and cannot go to ${monotonicMs}`);
    }
    await this.#exclusively(async () => {
      do await this.settle();
      while (this.#fireNext(monotonicMs));
      this.#monotonicMs = monotonicMs;
    });
  }

  /**
   * Lets time pass until the promise is settled, and answers its outcome. Rejects with a RangeError when it is not
   * settled by then, or when no timer is left that could settle it.
   */
  async until<T>(promise: PromiseLike<T>, limitMs: number = UNTIL_LIMIT_MS): Promise<T> {
    let isSettled = false;
    const settle = (): void => void (isSettled = true);
    promise.then(settle, settle);
    await this.#exclusively(async () => {
      const endMs = this.#monotonicMs + limitMs;
      do await this.settle();
      while (!isSettled && this.#fireNext(endMs));
    });
    if (!isSettled) {
      const why = this.#timers.size === 0 ? 'and no timer is left' : `within ${limitMs} ms`;
      throw new RangeError(`the promise was not settled ${why}`);
    }
    return promise;
  }

  /** Sets the wall clock forward or back, as a user or NTP does; timers and the monotonic clock do not notice. */
  jumpWallClock(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  #fireNext(endMs: number): boolean {
    const nextMs = this.#timers.nextMs();
    if (nextMs === undefined || nextMs > endMs) return false;
    this.#eventsAtOnce = nextMs > this.#monotonicMs ? 0 : this.#eventsAtOnce + 1;
    if (this.#eventsAtOnce > EVENTS_AT_ONCE_MAX) {
      throw new RangeError(
        `more than ${EVENTS_AT_ONCE_MAX} events at ${this.#monotonicMs} ms: time cannot go on`,
      );
    }
    this.#monotonicMs = nextMs;
    this.#events += 1;
    this.#timers.pop()?.();
    return true;
  }

  async #exclusively(work: () => Promise<void>): Promise<void> {
    if (this.#isAdvancing) throw new TypeError('the clock is advancing already; await that first');
    this.#isAdvancing = true;
    try {
      await work();
    } finally {
      this.#isAdvancing = false;
    }
  }

  async #releaseInOrder(): Promise<void> {
    for (let next = this.#operations.shift(); next !== undefined; next = this.#operations.shift()) {
      await next.settled;
      next.release();
      // What waits for this outcome runs out before the next one is handed out.
      await realTurn();
    }
    this.#release = undefined;
  }
}

function realTurn(): Promise<void> {
  return new Promise((resolve) => systemClock.defer(resolve));
}
