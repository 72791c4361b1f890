import { systemClock, type Clock, type TimerHandle } from '../../transport/clock.js';
import { EventHeap } from './event-heap.js';

/** Ticks of a millisecond: times are rounded up to 0.1 ms, as fine as the measured latencies are. */
const TICKS_PER_MS = 10;
/** Part of a tick that sums of fractions may be off by. */
const ROUNDING = 1e-6;
/** Turns at one instant after which the clock says that time cannot go on: something reschedules itself at once for ever. */
const TURNS_AT_ONCE_MAX = 100_000;
/** How far `until` goes unless told otherwise: an hour of virtual time. */
const UNTIL_LIMIT_MS = 3_600_000;
const START_MS = 1_700_000_000_000;

/**
 * Virtual time for millions of events. What falls into the same tick of 0.1 ms fires in one go; then promises run out, once
 * for all of it, while time stands still. Nothing else may be asynchronous: what waits for a worker, a file or a socket
 * belongs to the `VirtualClock`, which waits for it after every single event.
 */
export class FastClock implements Clock {
  readonly #heap = new EventHeap();
  #tick = 0;
  #nowMs = 0;
  #events = 0;
  #isAdvancing = false;

  /** Events fired so far. */
  get events(): number {
    return this.#events;
  }

  /** Timers and deferred calls that have not fired. */
  get pendingTimers(): number {
    return this.#heap.size;
  }

  nowMs(): number {
    return Math.floor(START_MS + this.#nowMs);
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  setTimer(delayMs: number, callback: () => void): TimerHandle {
    // At least a tick: who waits for a moment that is not there yet must not be woken before it.
    const delay = delayMs > 0 ? Math.max(1, Math.ceil(delayMs * TICKS_PER_MS - ROUNDING)) : 0;
    return this.#heap.push(this.#tick + delay, callback);
  }

  clearTimer(handle: TimerHandle): void {
    if (typeof handle === 'number') this.#heap.clear(handle);
  }

  defer(callback: () => void): void {
    this.#heap.push(this.#tick, callback);
  }

  /** Lets time pass. Rejects with whatever a timer's callback throws. */
  async advance(durationMs: number): Promise<void> {
    await this.advanceTo(this.monotonicMs() + durationMs);
  }

  /** Lets time pass up to a monotonic time, that included. */
  async advanceTo(monotonicMs: number): Promise<void> {
    const endTick = Math.round(monotonicMs * TICKS_PER_MS);
    if (!(endTick >= this.#tick && endTick < Infinity))
      throw new RangeError(`the clock shows ${this.monotonicMs()} ms and cannot go to ${monotonicMs}`);
    await this.#run(endTick, () => false);
    this.#show(endTick);
  }

  /** Lets time pass until the promise is settled, and answers its outcome; rejects with a RangeError when that takes longer. */
  async until<T>(promise: PromiseLike<T>, limitMs: number = UNTIL_LIMIT_MS): Promise<T> {
    let isSettled = false;
    const settle = (): void => void (isSettled = true);
    promise.then(settle, settle);
    await this.#run(this.#tick + limitMs * TICKS_PER_MS, () => isSettled);
    if (isSettled) return promise;
    throw new RangeError(`the promise was not settled within ${limitMs} ms`);
  }

  async #run(endTick: number, isDone: () => boolean): Promise<void> {
    if (this.#isAdvancing) throw new TypeError('the clock is advancing already; await that first');
    this.#isAdvancing = true;
    let turns = 0;
    try {
      for (;;) {
        await promisesRunOut();
        const next = this.#heap.nextTime();
        if (next > endTick || isDone()) return;
        turns = next > this.#tick ? 0 : turns + 1;
        if (turns > TURNS_AT_ONCE_MAX)
          throw new RangeError(
            `more than ${TURNS_AT_ONCE_MAX} turns at ${this.monotonicMs()} ms: time cannot go on`,
          );
        this.#show(next);
        this.#fire(next);
      }
    } finally {
      this.#isAdvancing = false;
    }
  }

  #show(tick: number): void {
    this.#tick = tick;
    this.#nowMs = tick / TICKS_PER_MS;
  }

  /** All of one tick, but what they push for the same tick comes after the promises that they have settled. */
  #fire(tick: number): void {
    const { lastOrder } = this.#heap;
    for (;;) {
      const callback = this.#heap.popAt(tick, lastOrder);
      if (callback === undefined) return;
      this.#events += 1;
      callback();
    }
  }
}

/** A whole turn of the event loop comes once in so many times, so that input and timers of the process do not starve. */
const RUNS_PER_TURN = 256;
let runs = 0;

/** Until every promise that can be is settled: Node's tick queue is looked at when they are, which costs a fraction of a turn. */
function promisesRunOut(): Promise<void> {
  runs += 1;
  const { nextTick } = globalThis.process ?? {};
  const isTurn = nextTick === undefined || runs % RUNS_PER_TURN === 0;
  return new Promise((resolve) => (isTurn ? systemClock.defer(resolve) : nextTick(resolve)));
}
