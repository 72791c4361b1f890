/** The thread that a pool starts: noble's ML-DSA-65 and slices of puzzles, one job after the other. */
import { availableParallelism, constants, setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { wipe } from './bytes.js';
import { nobleProvider } from './noble-provider.js';
import type { PoolRequest, PoolResponse } from './pool-messages.js';
import type { MlDsa65PrivateKey } from './provider.js';
import { workSlice } from './puzzle-slice.js';

/**
 * Signatures give way to the event loop where both want one processor, but not so far that an overloaded loop starves
 * them: the lowest priority left a node under attack without verifications for seconds. A process that has one processor
 * gives them the loop's own priority: there they would starve behind its compiler and its collector too. Linux has a priority
 * for each thread; elsewhere the call would slow the whole process.
 */
function yieldToEventLoop(): void {
  if (process.platform !== 'linux' || availableParallelism() === 1) return;
  try {
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // A sandbox may forbid it; the work is the same.
  }
}

yieldToEventLoop();

const { mlDsa65 } = nobleProvider;
const keys = new Map<number, Promise<MlDsa65PrivateKey>>();

async function answer(request: PoolRequest): Promise<PoolResponse | undefined> {
  switch (request.type) {
    case 'key': {
      const imported = mlDsa65.importSeed(request.seed);
      keys.set(request.key, imported);
      await imported;
      wipe(request.seed);
      return undefined;
    }
    case 'forget': {
      const key = keys.get(request.key);
      keys.delete(request.key);
      (await key)?.destroy();
      return undefined;
    }
    case 'sign': {
      const key = await keys.get(request.key);
      if (key === undefined) return { type: 'failed', job: request.job };
      return {
        type: 'signed',
        job: request.job,
        signature: await key.sign(request.message, request.context),
      };
    }
    case 'verify': {
      const { publicKey, message, signature, context, job } = request;
      return { type: 'verified', job, valid: await mlDsa65.verify(publicKey, message, signature, context) };
    }
    case 'puzzle':
      return { type: 'sliced', job: request.job, slice: workSlice(request.work) };
  }
}

parentPort?.on('message', (request: PoolRequest) => {
  answer(request).then(
    (response) => {
      if (response !== undefined) parentPort?.postMessage(response);
    },
    () => {
      // The error itself stays here: it could quote its arguments.
      if ('job' in request)
        parentPort?.postMessage({ type: 'failed', job: request.job } satisfies PoolResponse);
    },
  );
});
parentPort?.postMessage({ type: 'ready' } satisfies PoolResponse);
