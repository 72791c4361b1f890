import type { Clock } from '@yakmesh/core/transport';

/** Work that is done once in the next turn of the event loop, however often it was asked for. */
export class OnceATurn {
  readonly #clock: Clock;
  readonly #work: () => void;
  #isAsked = false;
  #isStopped = false;

  constructor(clock: Clock, work: () => void) {
    this.#clock = clock;
    this.#work = work;
  }

  ask(): void {
    if (this.#isAsked || this.#isStopped) return;
    this.#isAsked = true;
    this.#clock.defer(() => {
      this.#isAsked = false;
      if (!this.#isStopped) this.#work();
    });
  }

  stop(): void {
    this.#isStopped = true;
  }
}
