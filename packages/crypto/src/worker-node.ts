import { Worker } from 'node:worker_threads';
import type { WorkerEvents, WorkerThread } from './platform.js';
import type { PoolResponse } from './pool-messages.js';

/**
 * Starts the pool's worker. The built file is addressed from a file directly in src/, so the same line works from the
 * sources, from dist and from the tarball; where a bundler left the URL dangling, `gone` is called and work goes on in
 * this thread. The process's flags are not inherited: they may name loaders that the worker has no use for.
 */
export function startNodeWorker(events: WorkerEvents): WorkerThread | undefined {
  let worker: Worker;
  try {
    worker = new Worker(new URL('../dist/pool-worker.js', import.meta.url), { execArgv: [] });
  } catch {
    return undefined;
  }
  let isGone = false;
  const gone = (): void => {
    if (isGone) return;
    isGone = true;
    events.gone();
  };
  worker.on('message', (message: PoolResponse) => {
    events.message(message);
  });
  worker.on('error', gone);
  worker.on('messageerror', gone);
  worker.on('exit', gone);
  worker.unref();
  return {
    post: (message, transfer) => {
      worker.postMessage(message, transfer as ArrayBuffer[]);
    },
    keepAlive: (alive) => {
      if (alive) worker.ref();
      else worker.unref();
    },
    terminate: async () => {
      await worker.terminate();
    },
  };
}
