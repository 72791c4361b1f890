import { requireBytes } from './bytes.js';
import { CryptoError } from './errors.js';

/** What a {@link NaturalBatcher} needs to know. */
export interface NaturalBatcherOptions<Use, Result> {
  /** Messages of one batch at most. */
  readonly countMax: number;
  /** Bytes of one batch's messages together at most. */
  readonly bytesMax: number;
  /** Messages waiting at most, over all uses. */
  readonly queueMax: number;
  /** Awaited before a batch is taken: while it waits the batch grows. */
  readonly pace?: ((use: Use) => Promise<void> | undefined) | undefined;
  /** Does one batch: as many results as messages, in their order. */
  readonly run: (
    use: Use,
    messages: readonly Uint8Array[],
    signal: AbortSignal,
  ) => Promise<readonly Result[]>;
}

interface Waiting<Result> {
  readonly message: Uint8Array;
  readonly resolve: (result: Result) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Natural batching: whatever arrives while one batch is being done makes the next. There is no tick and no timer. An
 * idle batcher starts at the end of the current turn, so a lone message waits for nothing and a loop of sends makes one
 * batch. Uses take turns.
 */
export class NaturalBatcher<Use extends string, Result> {
  readonly #options: NaturalBatcherOptions<Use, Result>;
  readonly #queues = new Map<Use, Set<Waiting<Result>>>();
  readonly #closing = new AbortController();
  #isRunning = false;

  constructor(options: NaturalBatcherOptions<Use, Result>) {
    for (const name of ['countMax', 'bytesMax', 'queueMax'] as const) {
      if (!Number.isSafeInteger(options[name]) || options[name] < 1) {
        throw new RangeError(`${name} must be a whole number of at least 1`);
      }
    }
    this.#options = options;
  }

  /** Messages that wait. */
  get waiting(): number {
    let count = 0;
    for (const queue of this.#queues.values()) count += queue.size;
    return count;
  }

  /** Queues a message; the signal takes it back out while it waits. */
  async add(use: Use, message: Uint8Array, signal: AbortSignal | undefined): Promise<Result> {
    requireBytes(message, 'message');
    signal?.throwIfAborted();
    const { queueMax, bytesMax } = this.#options;
    if (this.#closing.signal.aborted) throw closedError();
    if (message.length > bytesMax)
      throw new CryptoError('BATCH_TOO_LARGE', `a message has at most ${bytesMax} bytes`);
    if (this.waiting >= queueMax)
      throw new CryptoError('BATCH_QUEUE_FULL', `${queueMax} messages already wait`);
    const queue = this.#queueOf(use);
    return new Promise((resolve, reject) => {
      const waiting: Waiting<Result> =
        signal === undefined
          ? { message, resolve, reject }
          : { message, ...abortable(resolve, reject, signal, () => queue.delete(waiting)) };
      queue.add(waiting);
      this.#start();
    });
  }

  /** Rejects what waits and aborts the batch at work. Twice is fine. */
  close(): void {
    this.#closing.abort(closedError());
    for (const queue of this.#queues.values()) {
      for (const { reject } of queue) reject(closedError());
      queue.clear();
    }
  }

  #queueOf(use: Use): Set<Waiting<Result>> {
    const known = this.#queues.get(use);
    if (known !== undefined) return known;
    const queue = new Set<Waiting<Result>>();
    this.#queues.set(use, queue);
    return queue;
  }

  #start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    queueMicrotask(() => {
      void this.#runAll();
    });
  }

  async #runAll(): Promise<void> {
    for (let use = this.#nextUse(); use !== undefined; use = this.#nextUse()) await this.#runOne(use);
    this.#isRunning = false;
  }

  async #runOne(use: Use): Promise<void> {
    let batch: readonly Waiting<Result>[] = [];
    try {
      await this.#options.pace?.(use);
      batch = this.#takeBatch(use);
      if (batch.length === 0) return;
      const messages = batch.map(({ message }) => message);
      const results = await this.#options.run(use, messages, this.#closing.signal);
      batch.forEach(({ resolve, reject }, index) => {
        const result = results[index];
        if (result === undefined)
          reject(new CryptoError('BATCH_CLOSED', 'the batch has no result for this message'));
        else resolve(result);
      });
    } catch (error) {
      if (batch.length === 0) batch = this.#takeBatch(use); // The pace failed: these would wait for ever.
      for (const { reject } of batch) reject(error);
    }
  }

  /** The use that waits longest goes next: it moves to the back of the map when it is served. */
  #nextUse(): Use | undefined {
    for (const [use, queue] of this.#queues) {
      if (queue.size === 0) continue;
      this.#queues.delete(use);
      this.#queues.set(use, queue);
      return use;
    }
    return undefined;
  }

  #takeBatch(use: Use): readonly Waiting<Result>[] {
    const { countMax, bytesMax } = this.#options;
    const queue = this.#queueOf(use);
    const batch: Waiting<Result>[] = [];
    let bytes = 0;
    for (const waiting of queue) {
      bytes += waiting.message.length;
      if (batch.length >= countMax || bytes > bytesMax) break;
      queue.delete(waiting);
      batch.push(waiting);
    }
    return batch;
  }
}

/** The same pair, which also ends at the signal if the message still waits, and then stops listening. */
function abortable<Result>(
  resolve: (result: Result) => void,
  reject: (reason: unknown) => void,
  signal: AbortSignal,
  takeBack: () => boolean,
): Omit<Waiting<Result>, 'message'> {
  const abort = (): void => {
    if (takeBack()) reject(signal.reason);
  };
  signal.addEventListener('abort', abort, { once: true });
  return {
    resolve: (result) => {
      signal.removeEventListener('abort', abort);
      resolve(result);
    },
    reject: (reason) => {
      signal.removeEventListener('abort', abort);
      reject(reason);
    },
  };
}

function closedError(): CryptoError {
  return new CryptoError('BATCH_CLOSED', 'the batch signer is closed');
}
