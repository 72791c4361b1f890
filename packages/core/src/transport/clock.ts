/** What `setTimer` answers; opaque, for `clearTimer` only. */
export type TimerHandle = object | number;

/** Time and timers, injected, so that a test can let an hour pass in a moment. */
export interface Clock {
  /** Wall clock in whole milliseconds since 1970. It may jump; use it only for what is signed or shown. */
  nowMs(): number;
  /** Milliseconds since an arbitrary start, with fractions. It never goes back; use it for durations and deadlines. */
  monotonicMs(): number;
  /** Calls back once after `delayMs`; less than 0 counts as 0, more than 2³¹ − 1 ms (24.8 days) as that. */
  setTimer(delayMs: number, callback: () => void): TimerHandle;
  /** A timer that has fired, or was cleared before, is ignored. */
  clearTimer(handle: TimerHandle): void;
  /** Calls back in the next turn of the event loop, after input and output that is ready. It cannot be cleared. */
  defer(callback: () => void): void;
}

/** The longest delay that timers take; Node and browsers fire at once for a longer one. */
const DELAY_MS_MAX = 0x7fff_ffff;

let deferInBrowser: ((callback: () => void) => void) | undefined;

// Browsers hold setTimeout(0) back by 4 ms when nested; a message port does not wait.
function messageChannelDefer(): (callback: () => void) => void {
  const waiting: (() => void)[] = [];
  const channel = new MessageChannel();
  // Assigned this way because Node's types, under which this compiles, do not know the property.
  Object.assign(channel.port1, { onmessage: () => waiting.shift()?.() });
  return (callback) => {
    waiting.push(callback);
    channel.port2.postMessage(0);
  };
}

/** The clock of the system. */
export const systemClock: Clock = Object.freeze({
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer: (delayMs: number, callback: () => void): TimerHandle =>
    setTimeout(callback, Math.min(Math.max(delayMs, 0), DELAY_MS_MAX)),
  clearTimer: (handle: TimerHandle) => clearTimeout(handle as ReturnType<typeof setTimeout>),
  defer: (callback: () => void) => {
    if (typeof setImmediate === 'function') {
      setImmediate(callback);
      return;
    }
    deferInBrowser ??= messageChannelDefer();
    deferInBrowser(callback);
  },
});
