import { HASH_PUZZLE_PARTS, HashPuzzleSolver, PuzzleIssuer as Issuer, puzzlePrefix } from '@yakmesh/crypto';
import type { Random } from '../transport/index.js';

export { PUZZLE_BITS_MAX, PUZZLE_BITS_MIN, puzzlePrefix } from '@yakmesh/crypto';

/** Sub-puzzles of one challenge: eight small ones vary less in solving time than one large one. */
export const PUZZLE_COUNT = HASH_PUZZLE_PARTS;

/** Solves a challenge in slices, in this thread; a node leaves it to its pool instead. */
export class PuzzleSolver extends HashPuzzleSolver {
  constructor(seed: Uint8Array, session: Uint8Array, keyHash: Uint8Array, bits: number) {
    super(puzzlePrefix(seed, session, keyHash), bits);
  }
}

export interface PuzzleIssuerOptions {
  readonly random: Random;
  /** Difficulty wanted now, in bits; 0 demands no puzzle. */
  readonly bits: (nowMs: number) => number;
}

/** Issues and checks the handshake's puzzles. */
export class PuzzleIssuer extends Issuer {
  constructor({ random, bits }: PuzzleIssuerOptions) {
    super({ secret: random.bytes(32), bits });
  }
}
