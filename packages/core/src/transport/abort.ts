import { systemClock, type Clock } from './clock.js';

/** A time limit on a given clock. */
export interface SignalTimeout {
  readonly clock: Clock;
  readonly timeoutMs: number;
}

/** What may abort: a signal, milliseconds on the system's clock, or a limit on another clock. */
export type SignalSource = AbortSignal | SignalTimeout | number | undefined;

/** One signal for several, from {@link combineSignals}. */
export interface CombinedSignal {
  /** Aborts when the first of the sources does, with that source's reason; a DOMException "TimeoutError" for a limit. */
  readonly signal: AbortSignal;
  /** Unlinks from all sources and clears the timers. Call it always (`finally`); twice is fine. */
  dispose(): void;
}

/**
 * Joins signals and time limits into one. Unlike AbortSignal.any it leaves nothing behind on a long-lived source once
 * it is disposed of or has aborted.
 */
export function combineSignals(...sources: readonly SignalSource[]): CombinedSignal {
  const controller = new AbortController();
  const unlinks: (() => void)[] = [];
  const dispose = (): void => {
    for (const unlink of unlinks.splice(0)) unlink();
  };
  const abort = (reason: unknown): void => {
    dispose();
    controller.abort(reason);
  };
  for (const source of sources) {
    if (controller.signal.aborted) break;
    if (source !== undefined) link(source, abort, unlinks);
  }
  return { signal: controller.signal, dispose };
}

function link(
  source: AbortSignal | SignalTimeout | number,
  abort: (reason: unknown) => void,
  unlinks: (() => void)[],
): void {
  if (typeof source === 'number') {
    link({ clock: systemClock, timeoutMs: source }, abort, unlinks);
  } else if ('timeoutMs' in source) {
    const { clock, timeoutMs } = source;
    const timer = clock.setTimer(timeoutMs, () =>
      abort(new DOMException(`not done within ${timeoutMs} ms`, 'TimeoutError')),
    );
    unlinks.push(() => clock.clearTimer(timer));
  } else if (source.aborted) {
    abort(source.reason);
  } else {
    unlinks.push(onAbort(source, () => abort(source.reason)));
  }
}

function onAbort(signal: AbortSignal, listener: () => void): () => void {
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}

/**
 * The promise's outcome, or the signal's reason if that comes first. The work itself goes on unless it heeds the
 * signal too; its late outcome, also a rejection, is dropped.
 */
export function withAbort<T>(signal: AbortSignal | undefined, promise: PromiseLike<T>): Promise<T> {
  if (signal === undefined) return Promise.resolve(promise);
  return new Promise<T>((resolve, reject) => {
    if (signal.aborted) {
      promise.then(undefined, () => undefined);
      reject(signal.reason);
      return;
    }
    const unlink = onAbort(signal, () => reject(signal.reason));
    promise.then(
      (value) => {
        unlink();
        resolve(value);
      },
      (error: unknown) => {
        unlink();
        reject(error);
      },
    );
  });
}

/** Waits on a clock; rejects with the signal's reason when it aborts first, and leaves neither timer nor listener. */
export function delay(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason);
      return;
    }
    const timer = clock.setTimer(delayMs, () => {
      unlink?.();
      resolve();
    });
    const unlink =
      signal &&
      onAbort(signal, () => {
        clock.clearTimer(timer);
        reject(signal.reason);
      });
  });
}
