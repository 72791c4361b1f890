import { platform } from '#platform';
import { copyBytes, requireBytes } from './bytes.js';

/** Parts of one puzzle: eight small ones vary less in solving time than one large one. */
export const HASH_PUZZLE_PARTS = 8;
/** Bytes of a solution: eight 40-bit numbers. With 16 bits each, 69 % of the puzzles of 18 bits had none. */
export const HASH_PUZZLE_SOLUTION_BYTES = 40;
/** The easiest puzzle: below it a part of bits − 3 has no bits left. Less is a RangeError. */
export const HASH_PUZZLE_BITS_MIN = 4;
/** The hardest puzzle: minutes of work, and every 40-bit search still ends. More is a RangeError; who solves for strangers allows less. */
export const HASH_PUZZLE_BITS_MAX = 28;
/** The longest prefix: it is hashed with every candidate. A longer one is a RangeError. */
export const HASH_PUZZLE_PREFIX_BYTES_MAX = 1_024;

const NUMBER_BYTES = HASH_PUZZLE_SOLUTION_BYTES / HASH_PUZZLE_PARTS;
const HASH_BYTES = 32;
/** Binary logarithm of the number of parts: all together cost 2^bits hashes on average. */
const PART_SAVINGS_BITS = 3;
const U32_VALUES = 0x1_0000_0000;

/** How far a puzzle is solved; a solver can go on from there in another thread. */
export interface HashPuzzlePosition {
  /** Parts that are solved, 0 to 8. */
  readonly solved: number;
  /** The number to be tried next for the part after them. */
  readonly candidate: number;
  /** 40 B: the numbers found, and zeros. */
  readonly solution: Uint8Array;
}

const START: HashPuzzlePosition = Object.freeze({
  solved: 0,
  candidate: 0,
  solution: new Uint8Array(HASH_PUZZLE_SOLUTION_BYTES),
});

/**
 * Solves a puzzle in slices, so that its driver decides how long it holds the thread. A part i of 0..7 is solved by a
 * number x for which SHA-256(prefix ‖ u8 i ‖ u40 x) starts with bits − 3 zero bits.
 */
export class HashPuzzleSolver {
  readonly #bits: number;
  readonly #input: Uint8Array;
  readonly #view: DataView;
  readonly #digest = new Uint8Array(HASH_BYTES);
  readonly #solution: Uint8Array;
  #solved: number;
  #candidate: number;

  /** Throws a `RangeError` for bits outside 4 to 28 and for a prefix of more than 1,024 B. */
  constructor(prefix: Uint8Array, bits: number, position: HashPuzzlePosition = START) {
    requireHashPuzzle(prefix, bits);
    this.#bits = bits - PART_SAVINGS_BITS;
    this.#input = partInput(prefix);
    this.#view = new DataView(this.#input.buffer);
    this.#solution = copyBytes(position.solution);
    this.#solved = position.solved;
    this.#candidate = position.candidate;
  }

  /** From 0 to 1 in eighths; a part takes 2^(bits − 3) candidates on average. */
  get progress(): number {
    return this.#solved / HASH_PUZZLE_PARTS;
  }

  /** Where another solver can go on. */
  get position(): HashPuzzlePosition {
    return { solved: this.#solved, candidate: this.#candidate, solution: copyBytes(this.#solution) };
  }

  /** Tries so many candidates; answers the 40 B solution once every part is solved. */
  work(candidates: number): Uint8Array | undefined {
    for (let count = 0; this.#solved < HASH_PUZZLE_PARTS && count < candidates; count++) this.#try();
    return this.#solved < HASH_PUZZLE_PARTS ? undefined : copyBytes(this.#solution);
  }

  #try(): void {
    const tail = this.#input.length - NUMBER_BYTES;
    this.#input[tail - 1] = this.#solved;
    this.#input[tail] = this.#candidate / U32_VALUES;
    this.#view.setUint32(tail + 1, this.#candidate % U32_VALUES);
    this.#candidate++;
    platform.sha256Into(this.#input, this.#digest, 0);
    if (!startsWithZeroBits(this.#digest, this.#bits)) return;
    this.#solution.set(this.#input.subarray(tail), this.#solved * NUMBER_BYTES);
    this.#solved++;
    this.#candidate = 0;
  }
}

/**
 * Whether a solution fits; false for one of any other length than 40 B. It costs at most eight hashes, and one for most
 * wrong ones. Throws a `RangeError` for bits outside 4 to 28 and for a prefix of more than 1,024 B.
 */
export function solvesHashPuzzle(prefix: Uint8Array, bits: number, solution: Uint8Array): boolean {
  requireHashPuzzle(prefix, bits);
  if (!(solution instanceof Uint8Array) || solution.length !== HASH_PUZZLE_SOLUTION_BYTES) return false;
  const input = partInput(prefix);
  const tail = input.length - NUMBER_BYTES;
  const digest = new Uint8Array(HASH_BYTES);
  for (let part = 0; part < HASH_PUZZLE_PARTS; part++) {
    input[tail - 1] = part;
    for (let i = 0; i < NUMBER_BYTES; i++) input[tail + i] = solution[part * NUMBER_BYTES + i] ?? 0;
    platform.sha256Into(input, digest, 0);
    if (!startsWithZeroBits(digest, bits - PART_SAVINGS_BITS)) return false;
  }
  return true;
}

/** Throws unless there is such a puzzle. */
export function requireHashPuzzle(prefix: Uint8Array, bits: number): void {
  requireBytes(prefix, 'prefix');
  if (prefix.length > HASH_PUZZLE_PREFIX_BYTES_MAX) {
    throw new RangeError(`prefix must have at most ${HASH_PUZZLE_PREFIX_BYTES_MAX} bytes`);
  }
  if (!Number.isInteger(bits) || bits < HASH_PUZZLE_BITS_MIN || bits > HASH_PUZZLE_BITS_MAX) {
    throw new RangeError(
      `bits must be a whole number from ${HASH_PUZZLE_BITS_MIN} to ${HASH_PUZZLE_BITS_MAX}`,
    );
  }
}

function partInput(prefix: Uint8Array): Uint8Array {
  const input = new Uint8Array(prefix.length + 1 + NUMBER_BYTES);
  input.set(prefix);
  return input;
}

/** A digest's first 32 bits are enough for a part of at most 25. */
function startsWithZeroBits(digest: Uint8Array, bits: number): boolean {
  const high = ((digest[0] ?? 0) << 24) | ((digest[1] ?? 0) << 16);
  return Math.clz32(high | ((digest[2] ?? 0) << 8) | (digest[3] ?? 0)) >= bits;
}
