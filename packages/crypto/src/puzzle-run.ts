import { copyBytes } from './bytes.js';
import type { HashPuzzlePosition } from './hash-puzzle.js';
import type { PuzzleSlice, PuzzleWork } from './puzzle-slice.js';

/** Least time between two reports of progress: 20 a second are enough for a bar on a screen. Those between are left out. */
export const PUZZLE_PROGRESS_MIN_MS = 50;

/** Options of {@link CryptoPool.solvePuzzle}. */
export interface SolvePuzzleOptions {
  /** Stops between two slices; the promise then rejects with its reason at once. */
  readonly signal?: AbortSignal | undefined;
  /** Told how far it is, from 0 to 1, at most 20 times a second and once at the end. What it throws rejects the promise. */
  readonly onProgress?: ((progress: number) => void) | undefined;
}

/** Solves a puzzle one slice after the other; `runSlice` decides where and when each of them is worked on. */
export async function solveInSlices(
  prefix: Uint8Array,
  bits: number,
  onProgress: ((progress: number) => void) | undefined,
  runSlice: (work: PuzzleWork) => Promise<PuzzleSlice>,
): Promise<Uint8Array> {
  const own = copyBytes(prefix);
  let toldMs = performance.now();
  let position: HashPuzzlePosition | undefined;
  for (;;) {
    const slice = await runSlice({ type: 'puzzle', prefix: own, bits, position });
    const nowMs = performance.now();
    const isSolved = slice.progress === 1;
    if (isSolved || nowMs - toldMs >= PUZZLE_PROGRESS_MIN_MS) {
      toldMs = nowMs;
      onProgress?.(slice.progress);
    }
    if (isSolved) return slice.position.solution;
    position = slice.position;
  }
}
