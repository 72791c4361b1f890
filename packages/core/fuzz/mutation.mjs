// What the fuzz targets of this package need beyond damaged encodings.
import { must, randomFrom } from '../../../tools/fuzz-target.mjs';

export { must, mutate, target } from '../../../tools/fuzz-target.mjs';

/** The generator as core's Random, for machines. */
export function machineRandom(seed) {
  const next = randomFrom(seed);
  return {
    bytes: (length) => Uint8Array.from({ length }, () => next(256)),
    u32: () => next(2 ** 32),
    below: (n) => next(n),
    unit: () => next(2 ** 32) / 2 ** 32,
  };
}

/**
 * Throws where sixteen times the input takes a hundred times as long: linear work takes sixteen times, garbage
 * collection some more, quadratic work 256 times.
 */
export function mustBeLinear(what, make, work) {
  const costMs = (length) => {
    const input = make(length);
    let bestMs = Infinity;
    for (let round = 0; round < 5; round++) {
      const startMs = performance.now();
      work(input);
      bestMs = Math.min(bestMs, performance.now() - startMs);
    }
    return bestMs;
  };
  const [short, long] = [costMs(65_536), costMs(16 * 65_536)];
  must(long < 100 * Math.max(short, 1), `${what} takes ${short} ms for 64 KiB and ${long} ms for 1 MiB`);
}
