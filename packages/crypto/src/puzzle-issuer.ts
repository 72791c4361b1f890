import { concatBytes, copyBytes, utf8ToBytes } from './bytes.js';
import { HASH_PUZZLE_BITS_MIN, solvesHashPuzzle } from './hash-puzzle.js';
import { hmacSha256, sha256 } from './symmetric.js';

/** Hardest puzzle that a handshake's client solves, in bits: about 0.4 s on Node and 2 s in a browser. */
export const PUZZLE_BITS_MAX = 20;
/** Easiest one: below it, a sub-puzzle of k − 3 bits has no bits left. */
export const PUZZLE_BITS_MIN: number = HASH_PUZZLE_BITS_MIN;

const MINUTE_MS = 60_000;
/** Sessions whose solution was used, in each of two rotating sets; a full set is rotated early. */
const USED_SESSIONS_MAX = 65_536;

/** What a puzzle's candidates are hashed with: its solution holds for one challenge, one session and one key. */
export function puzzlePrefix(seed: Uint8Array, session: Uint8Array, keyHash: Uint8Array): Uint8Array {
  return concatBytes(seed, session, keyHash);
}

/** What an issuer is made of. */
export interface PuzzleIssuerOptions {
  /** 32 random bytes, fresh for each process: it signs the challenges. */
  readonly secret: Uint8Array;
  /** Difficulty wanted now, in bits; 0 demands no puzzle. */
  readonly bits: (nowMs: number) => number;
}

/** The first message of a handshake, as far as puzzles look at it. */
export interface PuzzledMessage {
  /** Random, 16 bytes. */
  readonly session: Uint8Array;
  /** The key that the message offers: a solution is good for this one alone. */
  readonly encapsulationKey: Uint8Array;
  /** The solution, 40 bytes. */
  readonly puzzle: Uint8Array;
}

/** Issues and checks the puzzles of handshakes. The seed is derived, so that an unanswered challenge costs no memory. */
export class PuzzleIssuer {
  readonly #secret: Uint8Array;
  readonly #bits: (nowMs: number) => number;
  #used = new Set<string>();
  #usedBefore = new Set<string>();
  #rotatedMinute = 0;

  /** Copies the secret. */
  constructor(options: PuzzleIssuerOptions) {
    this.#secret = copyBytes(options.secret);
    this.#bits = options.bits;
  }

  /** Bits demanded of a first message that arrives now; 0 for none. */
  bitsDemanded(nowMs: number): number {
    const wanted = this.#bits(nowMs);
    return wanted <= 0 ? 0 : Math.min(PUZZLE_BITS_MAX, Math.max(PUZZLE_BITS_MIN, wanted));
  }

  /** The challenge for whoever comes from this scope: an address, or a neighbour. */
  issue(scope: string, bits: number, nowMs: number): { seed: Uint8Array; expirySeconds: number } {
    return { seed: this.#seed(scope, Math.floor(nowMs / MINUTE_MS), bits), expirySeconds: MINUTE_MS / 1_000 };
  }

  /**
   * True once for each session whose solution fits this minute's or the last minute's seed. `bits` is what this peer was
   * challenged with: the difficulty may have changed while it worked.
   */
  check(scope: string, message: PuzzledMessage, bits: number, nowMs: number): boolean {
    const minute = Math.floor(nowMs / MINUTE_MS);
    this.#rotate(minute);
    const name = message.session.join();
    if (this.#used.has(name) || this.#usedBefore.has(name)) return false;
    const key = sha256(message.encapsulationKey);
    const solved = [minute, minute - 1].some((tried) =>
      solvesHashPuzzle(
        puzzlePrefix(this.#seed(scope, tried, bits), message.session, key),
        bits,
        message.puzzle,
      ),
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
