import { namespaced, systemClock, type Store, type TimerHandle } from '@yakmesh/core/transport';
import type { ReputationTracker } from '@yakmesh/defense';

/** How often reputations are saved while a node runs; what came since is lost when its process is killed. */
export const REPUTATION_SAVE_MS = 60_000;

/** Keeps reputations, and so bans, over restarts. */
export class ReputationKeeper {
  readonly #reputation: ReputationTracker;
  readonly #store: Store;
  #timer: TimerHandle | undefined;
  #saving: Promise<void> = Promise.resolve();

  constructor(reputation: ReputationTracker, store: Store) {
    this.#reputation = reputation;
    this.#store = namespaced(store, 'defense');
  }

  /** Reads what was saved; damaged parts are passed over. Rejects as the store does. */
  async start(): Promise<void> {
    await this.#reputation.load(this.#store);
    this.#arm();
  }

  /** Saves for the last time. Rejects as the store does. */
  async stop(): Promise<void> {
    if (this.#timer === undefined) return;
    systemClock.clearTimer(this.#timer);
    this.#timer = undefined;
    await this.#saving;
    await this.#reputation.save(this.#store);
  }

  #arm(): void {
    this.#timer = systemClock.setTimer(REPUTATION_SAVE_MS, () => {
      // A store that fails now may work in a minute; the last save tells its owner.
      this.#saving = this.#reputation.save(this.#store).catch(() => undefined);
      this.#arm();
    });
  }
}
