/** How far one end is: what it has taken of the other's stream, what it has sent of its own, and whether nothing is left to do. */
export interface Progress {
  readonly received: number;
  readonly sent: number;
  readonly isIdle: boolean;
}

/** What the two ends of an exchange have told each other of their progress. */
export class Acknowledgements {
  #told: Progress = { received: 0, sent: 0, isIdle: false };
  #heard: Progress | undefined;

  /** Told whenever the neighbour's stream got further here, and once each time that nothing is left to do; undefined where that is no news. */
  next(received: number, sent: number, isIdle: boolean): Progress | undefined {
    const told = this.#told;
    const isNews = received !== told.received || (isIdle && (!told.isIdle || sent !== told.sent));
    if (!isNews) return undefined;
    this.#told = { received, sent, isIdle };
    return this.#told;
  }

  heard(progress: Progress): void {
    this.#heard = progress;
  }

  /** Whether the neighbour has nothing left to do, all that we sent has come there, and all that it sent here. */
  isAgreed(received: number, sent: number): boolean {
    const heard = this.#heard;
    return heard?.isIdle === true && heard.received === sent && heard.sent === received;
  }

  /** The neighbour's stream begins anew. */
  neighbourBegan(): void {
    this.#told = { received: 0, sent: -1, isIdle: false };
    this.#heard = undefined;
  }

  /** Our own stream begins anew. */
  weBegan(): void {
    this.#told = { ...this.#told, sent: -1 };
    this.#heard = undefined;
  }
}
