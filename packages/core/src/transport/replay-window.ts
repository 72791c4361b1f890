/** The largest sequence number: the wire carries 48 bits. */
const SEQUENCE_MAX = 0xffff_ffff_ffff;

/** The widest window: 128 KiB of bits. Reordering beyond a million messages is no reordering. */
const WINDOW_BITS_MAX = 0x10_0000;

/**
 * Which sequence numbers were seen, for the last `bits` up to the highest one; all below count as seen. Checking and
 * marking are apart, because a number may be marked only after its message was authenticated: else a forger moves the
 * window on and locks the genuine sender out. The ring of words is that of RFC 6479.
 */
export class ReplayWindow {
  readonly bits: number;
  readonly #words: Uint32Array;
  #highest = -1;

  /** @throws RangeError unless bits is an integer in 1..2²⁰. */
  constructor(bits: number) {
    if (!Number.isInteger(bits) || bits < 1 || bits > WINDOW_BITS_MAX) {
      throw new RangeError(`a ReplayWindow takes 1..2^20 bits, not ${bits}`);
    }
    this.bits = bits;
    // One word more than the bits need, since the window seldom begins at a word's edge.
    this.#words = new Uint32Array(Math.ceil(bits / 32) + 1);
  }

  /** The highest number marked, or -1. */
  get highest(): number {
    return this.#highest;
  }

  /** Whether the number is new: a u48, not marked and not older than the window. Changes nothing. */
  check(sequence: number): boolean {
    if (!Number.isInteger(sequence) || sequence < 0 || sequence > SEQUENCE_MAX) return false;
    if (sequence > this.#highest) return true;
    if (this.#highest - sequence >= this.bits) return false;
    return ((this.#words[this.#wordOf(sequence)] ?? 0) & bitOf(sequence)) === 0;
  }

  /** Marks the number as seen if `check` would accept it, and answers whether it did. */
  mark(sequence: number): boolean {
    if (!this.check(sequence)) return false;
    if (sequence > this.#highest) this.#advance(sequence);
    const word = this.#wordOf(sequence);
    this.#words[word] = (this.#words[word] ?? 0) | bitOf(sequence);
    return true;
  }

  #wordOf(sequence: number): number {
    return Math.floor(sequence / 32) % this.#words.length;
  }

  #advance(sequence: number): void {
    const last = Math.floor(sequence / 32);
    const first = this.#highest < 0 ? last : Math.floor(this.#highest / 32) + 1;
    if (last - first + 1 >= this.#words.length) this.#words.fill(0);
    else for (let word = first; word <= last; word += 1) this.#words[word % this.#words.length] = 0;
    this.#highest = sequence;
  }
}

function bitOf(sequence: number): number {
  return 1 << (sequence % 32);
}
