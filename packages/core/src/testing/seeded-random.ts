import { randomFrom, type Random } from '../transport/random.js';

/** Values thrown away after seeding, so that similar seeds lead to unlike sequences. */
const WARM_UP_VALUES = 16;

/** Random numbers that a seed determines (sfc32, which passes PractRand). For tests only: they can be predicted. */
export class SeededRandom implements Random {
  readonly seed: string;
  readonly #state: Uint32Array;
  readonly #random: Random;

  constructor(seed: number | string) {
    this.seed = String(seed);
    this.#state = stateOf(this.seed);
    this.#random = randomFrom({ bytes: (length) => this.#bytes(length), u32: () => this.#next() });
    for (let count = 0; count < WARM_UP_VALUES; count += 1) this.#next();
  }

  /** What to print when a test fails, so that it can be replayed. */
  describe(): string {
    return `seed ${JSON.stringify(this.seed)}`;
  }

  /** An independent sequence, determined by this seed and the name but not by what was drawn before. */
  fork(name: string): SeededRandom {
    return new SeededRandom(`${this.seed}/${name}`);
  }

  bytes(length: number): Uint8Array {
    return this.#random.bytes(length);
  }

  u32(): number {
    return this.#random.u32();
  }

  below(n: number): number {
    return this.#random.below(n);
  }

  unit(): number {
    return this.#random.unit();
  }

  #next(): number {
    const [a = 0, b = 0, c = 0, counter = 0] = this.#state;
    const value = (a + b + counter) >>> 0;
    // Stores into the Uint32Array reduce modulo 2³².
    this.#state[3] = counter + 1;
    this.#state[0] = b ^ (b >>> 9);
    this.#state[1] = c + (c << 3);
    this.#state[2] = ((c << 21) | (c >>> 11)) + value;
    return value;
  }

  #bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let offset = 0; offset < length; offset += 4) {
      const value = this.#next();
      for (let index = 0; index < 4 && offset + index < length; index += 1) {
        bytes[offset + index] = value >>> (8 * index);
      }
    }
    return bytes;
  }
}

/** Three words of FNV-1a over the seed's UTF-16, from three offsets, and the counter. */
function stateOf(seed: string): Uint32Array {
  const state = Uint32Array.of(0x811c_9dc5, 0x9e37_79b9, 0x85eb_ca6b, 1);
  for (let index = 0; index < seed.length; index += 1) {
    for (let word = 0; word < 3; word += 1) {
      state[word] = Math.imul((state[word] ?? 0) ^ seed.charCodeAt(index), 0x0100_0193 + 2 * word);
    }
  }
  return state;
}
