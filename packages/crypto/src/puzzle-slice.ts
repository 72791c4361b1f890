import { copyBytes } from './bytes.js';
import type { HashPuzzlePosition } from './hash-puzzle.js';
import { HashPuzzleSolver } from './hash-puzzle.js';

/** How long one slice may hold its thread: a signature behind it waits no longer, and a browser still draws every frame. */
export const PUZZLE_SLICE_MS = 8;

/** Candidates tried before the clock is looked at: about 0.1 ms on Node and 0.5 ms in a browser. */
const CANDIDATES_BETWEEN_LOOKS = 256;

/** A puzzle and where to go on with it; 8 ms of work. */
export interface PuzzleWork {
  readonly type: 'puzzle';
  /** What is hashed with every candidate. */
  readonly prefix: Uint8Array;
  /** Difficulty of the whole puzzle, in bits. */
  readonly bits: number;
  /** Undefined for the first slice. */
  readonly position: HashPuzzlePosition | undefined;
}

/** Where the slice ended; the puzzle is solved when all its parts are. */
export interface PuzzleSlice {
  readonly position: HashPuzzlePosition;
  /** From 0 to 1. */
  readonly progress: number;
}

/** Works on a puzzle for {@link PUZZLE_SLICE_MS}, or less when it is solved before. */
export function workSlice({ prefix, bits, position }: Omit<PuzzleWork, 'type'>): PuzzleSlice {
  const solver = new HashPuzzleSolver(prefix, bits, position);
  const endMs = performance.now() + PUZZLE_SLICE_MS;
  while (solver.work(CANDIDATES_BETWEEN_LOOKS) === undefined && performance.now() < endMs);
  return { position: solver.position, progress: solver.progress };
}

/** The work as a thread gets it: nothing of it is shared with the caller. */
export function copyOfPuzzle({ type, prefix, bits, position }: PuzzleWork): PuzzleWork {
  return { type, prefix: copyBytes(prefix), bits, position };
}
