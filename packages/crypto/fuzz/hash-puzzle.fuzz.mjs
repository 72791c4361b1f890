// The input is a solution of 40 B: nothing throws, and only what satisfies the definition passes.
import { must, target } from '../../../tools/fuzz-target.mjs';
import { concatBytes, HashPuzzleSolver, sha256, solvesHashPuzzle } from '../dist/index.js';

const BITS = 6;
const prefix = new Uint8Array(32).fill(7);

/** The definition, written another way: a part of 3 bits needs a first byte below 32. */
function isSolution(bytes) {
  if (bytes.length !== 40) return false;
  return Array.from({ length: 8 }, (_, part) =>
    sha256(concatBytes(prefix, Uint8Array.of(part), bytes.subarray(part * 5, part * 5 + 5))),
  ).every((digest) => digest[0] < 32);
}

export default target({
  name: 'hash puzzles',
  samples: () => [new HashPuzzleSolver(prefix, BITS).work(100_000)],
  decoders: {
    solvesHashPuzzle: (bytes) =>
      must(solvesHashPuzzle(prefix, BITS, bytes) === isSolution(bytes), 'only solutions pass the check'),
  },
});
