import type { Clock, TimerHandle } from '../transport/index.js';
import { EntryBook } from '../tree/entry-book.js';
import type { Entry } from '../tree/messages.js';

/** Our own messages that wait for a neighbour's limit are looked at again so much later. */
const LATE_LOOK_MS = 100;

/**
 * Announces our own messages. While they wait for the limit of a neighbour in the tree they are not announced: the others
 * would ask for what is on its way, and make it go twice.
 */
export class OwnAnnouncements {
  readonly #clock: Clock;
  readonly #announce: (entries: readonly Entry[]) => void;
  readonly #late = new EntryBook();
  #isBehind: () => boolean = () => false;
  #timer: TimerHandle | undefined;

  constructor(clock: Clock, announce: (entries: readonly Entry[]) => void) {
    this.#clock = clock;
    this.#announce = announce;
  }

  /** Now, or when nothing waits any more. */
  announce(entries: readonly Entry[], isBehind: () => boolean): void {
    this.#isBehind = isBehind;
    if (this.#late.size === 0 && !isBehind()) return this.#announce(entries);
    for (const entry of entries) this.#late.add(entry);
    this.#arm();
  }

  stop(): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer);
    this.#timer = undefined;
    this.#late.clear();
  }

  #arm(): void {
    this.#timer ??= this.#clock.setTimer(LATE_LOOK_MS, () => {
      this.#timer = undefined;
      if (this.#isBehind()) return this.#arm();
      const { entries } = this.#late;
      this.#late.clear();
      this.#announce(entries);
    });
  }
}
