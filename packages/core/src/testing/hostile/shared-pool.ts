import { CryptoPool } from '@yakmesh/crypto';

/** Real signatures in a worker that outlives the nodes it works for: each attack would wait for a new one otherwise. */
export class SharedPool extends CryptoPool {
  /** One worker, as a node on two processors has. */
  constructor() {
    super({ workers: 1 });
  }

  /** A node that stops leaves the worker to the next one; an idle worker keeps no process alive. */
  override close(): Promise<void> {
    return Promise.resolve();
  }
}

/** The victim's, so that attackers do not compute at its cost. */
export const victimPool = new SharedPool();
/** That of everyone else. */
export const worldPool = new SharedPool();
