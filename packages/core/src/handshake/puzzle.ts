import { concatBytes, hmacSha256, sha256, utf8ToBytes } from '@yakmesh/crypto';
import type { Random } from '../transport/index.js';
import { PUZZLE_BYTES, type Hello } from './messages.js';

/** Sub-puzzles of one challenge: eight small ones vary less in solving time than one large one. */
export const PUZZLE_COUNT = 8;
/** Hardest puzzle that a client solves, in bits: about 1.6 s in JavaScript. A harder one is refused with MESH_PUZZLE. */
export const PUZZLE_BITS_MAX = 20;
/** Easiest one: below it, a sub-puzzle of k − 3 bits has no bits left. */
export const PUZZLE_BITS_MIN = 4;
const NONCE_BYTES = PUZZLE_BYTES / PUZZLE_COUNT;
const MINUTE_MS = 60_000;
/** Sessions whose solution was used, in each of two rotating sets; a full set is rotated early. */
const USED_SESSIONS_MAX = 65_536;
const SUB_PUZZLE_SAVINGS_BITS = 3;

function leadingZeroBits(digest: Uint8Array): number {
  let bits = 0;
  for (const byte of digest) {
    if (byte !== 0) return bits + Math.clz32(byte) - 24;
    bits += 8;
  }
  return bits;
}

/** One sub-puzzle holds when SHA-256(seed ‖ session ‖ H(ek) ‖ u8 i ‖ u40 x) starts with bits − 3 zero bits. */
function subPuzzle(seed: Uint8Array, session: Uint8Array, key: Uint8Array, index: number): Uint8Array {
  return concatBytes(seed, session, key, Uint8Array.of(index), new Uint8Array(NONCE_BYTES));
}

/** A puzzle's solver that works in slices, so that its driver decides how long it may hold the thread. */
export class PuzzleSolver {
  readonly #bits: number;
  readonly #solution = new Uint8Array(PUZZLE_BYTES);
  readonly #seed: Uint8Array;
  readonly #session: Uint8Array;
  readonly #key: Uint8Array;
  #index = 0;
  #candidate = 0;
  #input: Uint8Array;

  constructor(seed: Uint8Array, session: Uint8Array, key: Uint8Array, bits: number) {
    this.#seed = seed;
    this.#session = session;
    this.#key = key;
    this.#bits = bits - SUB_PUZZLE_SAVINGS_BITS;
    this.#input = subPuzzle(seed, session, key, 0);
  }

  /** Tries so many candidates; answers the 40 B solution once all eight are found. */
  work(candidates: number): Uint8Array | undefined {
    const tail = this.#input.length - NONCE_BYTES;
    for (let count = 0; count < candidates; count += 1) {
      new DataView(this.#input.buffer).setUint32(tail + 1, this.#candidate);
      this.#candidate += 1;
      if (leadingZeroBits(sha256(this.#input)) < this.#bits) continue;
      this.#solution.set(this.#input.subarray(tail), this.#index * NONCE_BYTES);
      this.#index += 1;
      if (this.#index === PUZZLE_COUNT) return this.#solution;
      this.#candidate = 0;
      this.#input = subPuzzle(this.#seed, this.#session, this.#key, this.#index);
    }
    return undefined;
  }
}

function solves(
  seed: Uint8Array,
  session: Uint8Array,
  key: Uint8Array,
  bits: number,
  solution: Uint8Array,
): boolean {
  for (let index = 0; index < PUZZLE_COUNT; index += 1) {
    const input = subPuzzle(seed, session, key, index);
    input.set(solution.subarray(index * NONCE_BYTES, (index + 1) * NONCE_BYTES), input.length - NONCE_BYTES);
    if (leadingZeroBits(sha256(input)) < bits - SUB_PUZZLE_SAVINGS_BITS) return false;
  }
  return true;
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
      solves(this.#seed(scope, tried, bits), hello.session, key, bits, hello.puzzle),
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
