// What every fuzz target is made of: decoders, good encodings to damage, and claims that must hold whatever arrives.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mustBeLinear, shapesOf } from './fuzz/linear-time.mjs';
import { mutate, randomFrom } from './fuzz/mutation.mjs';

export { mustBeLinear, repeated } from './fuzz/linear-time.mjs';
export { mutate, randomFrom } from './fuzz/mutation.mjs';

/** Inputs of a run that was given neither a number nor a time: a million, unless the target says why fewer. */
const RUNS_DEFAULT = 1_000_000;
/** The clock is looked at after so many inputs of a cheap target. */
const INPUTS_BETWEEN_LOOKS = 64;

/**
 * A fuzz target, the default export of a `fuzz/*.fuzz.mjs`:
 * - `decoders`: functions of bytes by the name of the decoder that each calls; none may throw. What they claim of the
 *   result they claim with `must`. Each is measured on inputs of 16 and 128 KiB, too.
 * - `samples()`: good encodings to damage; or `prepare()`, which makes `{ samples, … }` and perhaps `close()`.
 * - `check(bytes, prepared, random)`: whatever else must hold, of machines for instance.
 * - `covers`: names of decoders that only `check` exercises.
 * - `shapes`: further makers of adversarial inputs, as `[what, (length) => bytes]`, for the measurement.
 * - `expensive`: `{ runs, why }` where an input takes so long that a million of them is no default.
 * Finds are kept in the corpus, which every later run tries first.
 */
export function target({
  name,
  decoders = {},
  samples,
  prepare = async () => ({ samples: await samples() }),
  check,
  covers = [],
  shapes = [],
  expensive,
}) {
  const attempt = async (bytes, prepared, random) => {
    for (const decode of Object.values(decoders)) await decode(bytes);
    await check?.(bytes, prepared, random);
  };

  const run = async ({ runs, seconds, seed, corpusDir, log }) => {
    const endMs = performance.now() + (seconds ?? Infinity) * 1_000;
    const wanted = runs ?? (seconds === undefined ? (expensive?.runs ?? RUNS_DEFAULT) : Infinity);
    const prepared = await prepare();
    const random = randomFrom(seed);
    const kept = readdirSync(corpusDir).filter((entry) => entry.endsWith('.bin'));
    for (const entry of kept) {
      const bytes = new Uint8Array(readFileSync(join(corpusDir, entry)));
      await attempt(bytes, prepared, randomFrom(seed)).catch((error) => {
        throw new Find(`${entry} of the corpus`, error, 1);
      });
    }
    for (const [what, make] of [...shapesOf(prepared.samples), ...shapes]) {
      for (const [decoder, decode] of Object.entries(decoders))
        await mustBeLinear(`${decoder} of ${what}`, make, decode);
    }
    const looks = expensive === undefined ? INPUTS_BETWEEN_LOOKS : 1;
    let count = 0;
    for (; count < wanted; count++) {
      if (count % looks === 0 && performance.now() >= endMs) break;
      const bytes = mutate(random, prepared.samples);
      try {
        await attempt(bytes, prepared, random);
      } catch (error) {
        throw new Find(keep(corpusDir, bytes), error, count + 1);
      }
    }
    if (wanted < RUNS_DEFAULT && runs === undefined && expensive !== undefined)
      log(`${wanted} inputs and no more: ${expensive.why}`);
    await prepared.close?.();
    return { runs: count, kept: kept.length };
  };
  return { name, covers: [...Object.keys(decoders), ...covers], run };
}

/** What a run found: where its input is kept, and after how many inputs the same seed finds it again. */
export class Find extends Error {
  constructor(where, cause, runs) {
    super(`${cause?.message ?? cause} (${where})`, { cause });
    this.runs = runs;
  }
}

function keep(corpusDir, bytes) {
  const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
  const file = join(corpusDir, `${digest}.bin`);
  writeFileSync(file, bytes);
  return file;
}

/** Throws unless the claim holds. */
export function must(condition, claim) {
  if (!condition) throw new Error(`broken: ${claim}`);
}
