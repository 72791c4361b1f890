/** A running hash of what happened: two runs that agree in it had the same events at the same times in the same order. */
export class Trace {
  #low = 0x811c_9dc5;
  #high = 0x9e37_79b9;
  #steps = 0;

  /** What was mixed in so far. */
  get steps(): number {
    return this.#steps;
  }

  /** 16 hexadecimal digits. */
  get hash(): string {
    const text = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');
    return text(this.#high) + text(this.#low);
  }

  /** Mixes an event in: when it was, in units of 0.1 ms, and what. */
  mix(atMs: number, what: number, size: number): void {
    this.#steps += 1;
    this.#word(Math.round(atMs * 10) | 0);
    this.#word(what);
    this.#word(size);
  }

  /** One step of MurmurHash3 in each of two words. */
  #word(value: number): void {
    const mixed = Math.imul(value, 0xcc9e_2d51);
    this.#low = Math.imul(this.#low ^ ((mixed << 15) | (mixed >>> 17)), 0x1b87_3593) ^ (this.#high >>> 16);
    this.#high = (Math.imul(this.#high, 5) + (this.#low ^ value)) | 0;
  }
}
