import type { Logger } from '../transport/index.js';
import type { Counters } from './counters.js';

/** Calls what the application wrote: its exception or rejection is counted and logged, and never reaches the network. */
export type Isolated = (call: () => unknown) => void;

export function isolation(counters: Counters, log: Logger): Isolated {
  const failed = (error: unknown): void => {
    counters.add('handler:failed');
    log.error({ error: error instanceof Error ? error.message : 'unknown' }, 'A protocol handler failed.');
  };
  return (call) => {
    try {
      // An async handler is a legal handler; its rejection must not end the process.
      const returned = call();
      if (isThenable(returned)) returned.then(undefined, failed);
    } catch (error) {
      failed(error);
    }
  };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
