import {
  concatBytes,
  HASH_PUZZLE_BITS_MIN,
  HASH_PUZZLE_PARTS,
  HashPuzzleSolver,
  hmacSha256,
  sha256,
  solvesHashPuzzle,
  utf8ToBytes,
} from '@yakmesh/crypto';
import type { Random } from '../transport/index.js';
import type { Hello } from './messages.js';

/** Sub-puzzles of one challenge: eight small ones vary less in solving time than one large one. */
export const PUZZLE_COUNT = HASH_PUZZLE_PARTS;
/** Hardest puzzle that a client solves, in bits: about 0.4 s on Node and 2 s in a browser. A harder one is refused with MESH_PUZZLE. */
export const PUZZLE_BITS_MAX = 20;
/** Easiest one: below it, a sub-puzzle of k − 3 bits has no bits left. */
export const PUZZLE_BITS_MIN = HASH_PUZZLE_BITS_MIN;
const MINUTE_MS = 60_000;
/** Sessions whose solution was used, in each of two rotating sets; a full set is rotated early. */
const USED_SESSIONS_MAX = 65_536;

/** What a puzzle's candidates are hashed with: its solution holds for one challenge, one session and one key. */
export function puzzlePrefix(seed: Uint8Array, session: Uint8Array, keyHash: Uint8Array): Uint8Array {
  return concatBytes(seed, session, keyHash);
}

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

/** Issues and checks the handshake's puzzles. The seed is derived, so that an unanswered challenge costs no memory. */
export class PuzzleIssuer {
  readonly #secret: Uint8Array;
  readonly #bits: (nowMs: number) => number;
  #used = new Set<string>();
  #usedBefore = new Set<string>();
  #rotatedMinute = 0;

  constructor(options: PuzzleIssuerOptions) {
    this.#secret = options.random.bytes(32);
    this.#bits = options.bits;
  }

  /** Bits demanded of a HELLO that arrives now; 0 for none. */
  bitsDemanded(nowMs: number): number {
    const wanted = this.#bits(nowMs);
    return wanted <= 0 ? 0 : Math.min(PUZZLE_BITS_MAX, Math.max(PUZZLE_BITS_MIN, wanted));
  }

  issue(scope: string, bits: number, nowMs: number): { seed: Uint8Array; expirySeconds: number } {
    return { seed: this.#seed(scope, Math.floor(nowMs / MINUTE_MS), bits), expirySeconds: MINUTE_MS / 1_000 };
  }

  /**
   * True once for each session whose solution fits this minute's or the last minute's seed. `bits` is what this peer was
   * challenged with: the difficulty may have changed while it worked.
   */
  check(scope: string, hello: Hello, bits: number, nowMs: number): boolean {
    const minute = Math.floor(nowMs / MINUTE_MS);
    this.#rotate(minute);
    const name = hello.session.join();
    if (this.#used.has(name) || this.#usedBefore.has(name)) return false;
    const key = sha256(hello.encapsulationKey);
    const solved = [minute, minute - 1].some((tried) =>
      solvesHashPuzzle(puzzlePrefix(this.#seed(scope, tried, bits), hello.session, key), bits, hello.puzzle),
    );
    if (solved) this.#used.add(name);
    return solved;
  }

  #seed(scope: string, minute: number, bits: number): Uint8Array {
    return hmacSha256(this.#secret, utf8ToBytes(`pz${scope}|${minute}|${bits}`));
  }

  #rotate(minute: number): void {
    const isDue = minute - this.#rotatedMinute >= 2;
    if (!isDue && this.#used.size < USED_SESSIONS_MAX) return;
    this.#usedBefore = this.#used;
    this.#used = new Set();
    this.#rotatedMinute = minute;
  }
}
