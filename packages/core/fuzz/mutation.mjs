// What the fuzz targets of this package need beyond damaged encodings.
import { randomFrom } from '../../../tools/fuzz-target.mjs';

export { must, mutate, repeated, target } from '../../../tools/fuzz-target.mjs';

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
