// What one node heard, by phase of the soak: which messages, how often, and how late.

/** Messages of one speaker that are told apart; a longer run would need more. */
const NUMBERS_MAX = 1_048_576;

export class Ears {
  #seen = new Map();
  #phases = new Map();

  hear({ phase, speaker, n, sentMs }, heardMs) {
    const heard = this.#phase(phase);
    const seen = this.#numbersOf(speaker);
    if (n >= NUMBERS_MAX || seen[n] === 1) {
      heard.repeated += 1;
      return;
    }
    seen[n] = 1;
    heard.count += 1;
    heard.latencies.push(heardMs - sentMs);
    heard.sentMs.push(sentMs);
  }

  of(phase) {
    return this.#phase(phase);
  }

  #numbersOf(speaker) {
    let seen = this.#seen.get(speaker);
    if (seen === undefined) this.#seen.set(speaker, (seen = new Uint8Array(NUMBERS_MAX)));
    return seen;
  }

  #phase(name) {
    let phase = this.#phases.get(name);
    if (phase === undefined)
      this.#phases.set(name, (phase = { count: 0, repeated: 0, latencies: [], sentMs: [] }));
    return phase;
  }
}
