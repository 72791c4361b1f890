import type { Clock, TimerHandle } from '../transport/index.js';

/** How long each step of a handshake may take at the accepting side. */
const HANDSHAKE_STEP_MS = 5_000;
/** How long a retired link waits for the other end to retire it too. */
const RETIRE_MS = 2_000;
/** How long a peer that dialled twice may take to retire one of the two links. */
const CHOICE_MS = 5_000;

/** The time limit that a session is under, one at a time: a new one takes the place of the last. */
export class StepTimer {
  readonly #clock: Clock;
  #timer: TimerHandle | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** For the next step of a handshake, up to the peer's first word after it. */
  forStep(expired: () => void): void {
    this.#arm(HANDSHAKE_STEP_MS, expired);
  }

  /** For the peer's choice between two links. */
  forChoice(expired: () => void): void {
    this.#arm(CHOICE_MS, expired);
  }

  /** For the other end to retire a link too. */
  forRetirement(expired: () => void): void {
    this.#arm(RETIRE_MS, expired);
  }

  clear(): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }

  #arm(ms: number, expired: () => void): void {
    this.clear();
    this.#timer = this.#clock.setTimer(ms, expired);
  }
}
