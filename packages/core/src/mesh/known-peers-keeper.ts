import { decodeKnownPeers, type KnownPeers } from '../membership/known-peers.js';
import type { Clock, Logger, Store, TimerHandle } from '../transport/index.js';

/** Between two saves at least. */
const SAVE_PEERS_MS = 10_000;
/** Until the first one: who is killed soon after his first start must not have forgotten whom he found. */
const FIRST_SAVE_MS = 1_000;
const KEY = 'core/known-peers';

export interface KnownPeersKeeperOptions {
  readonly known: KnownPeers;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Keeps the known peers in the store, so that a node finds the mesh again after a restart. */
export class KnownPeersKeeper {
  readonly #options: KnownPeersKeeperOptions;
  #timer: TimerHandle | undefined;
  #hasSaved = false;

  constructor(options: KnownPeersKeeperOptions) {
    this.#options = options;
  }

  async load(): Promise<void> {
    const { known, store } = this.#options;
    const bytes = await store.get(KEY);
    if (bytes === undefined) return;
    // The most recent one last: it is the newest again.
    for (const peer of decodeKnownPeers(bytes).reverse()) known.note(peer);
    known.isDirty = false;
  }

  start(): void {
    const { clock, log } = this.#options;
    this.#timer = clock.setTimer(this.#hasSaved ? SAVE_PEERS_MS : FIRST_SAVE_MS, () => {
      this.#save().catch(() => log.warn({}, 'The known peers could not be saved; it is tried again.'));
      this.start();
    });
  }

  async stop(): Promise<void> {
    const { clock, log } = this.#options;
    if (this.#timer !== undefined) clock.clearTimer(this.#timer);
    this.#timer = undefined;
    await this.#save().catch(() =>
      log.error({}, 'The known peers could not be saved; the next start goes by the last save.'),
    );
  }

  async #save(): Promise<void> {
    const { known, store } = this.#options;
    if (!known.isDirty) return;
    this.#hasSaved = true;
    try {
      await store.put(KEY, known.encode());
    } catch (error) {
      known.isDirty = true;
      throw error;
    }
  }
}
