// What every fuzz target of this package is made of: damage done to good encodings, and random bytes, from a seed.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Longer inputs would cost time and reach nothing that shorter ones do not. */
const LENGTH_MAX = 8_192;

/** A small generator of 32-bit numbers (mulberry32): repeatable, and secure for nothing. */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

function randomOf(random, length) {
  return Uint8Array.from({ length }, () => random(256));
}

/** One of the good encodings with one to four injuries, or random bytes of any or of the right length. */
function mutate(random, samples) {
  const sample = samples[random(samples.length)];
  if (random(8) === 0) return randomOf(random, random(2) === 0 ? sample.length : random(512));
  let bytes = Uint8Array.from(sample);
  for (let injuries = random(5); injuries > 0; injuries--) {
    const at = random(bytes.length + 1);
    switch (random(6)) {
      case 0:
        if (at < bytes.length) bytes[at] ^= 1 << random(8);
        break;
      case 1:
        if (at < bytes.length) bytes[at] = [0, 1, 0x7f, 0x80, 0xff][random(5)];
        break;
      case 2:
        bytes = bytes.slice(0, at);
        break;
      case 3:
        bytes = Uint8Array.from([...bytes, ...randomOf(random, random(64))]);
        break;
      case 4:
        bytes = Uint8Array.from([...bytes.slice(0, at), ...bytes.slice(at + random(32))]);
        break;
      default:
        bytes.set(randomOf(random, Math.min(bytes.length - at, random(32))), at);
    }
  }
  return bytes.slice(0, LENGTH_MAX);
}

/**
 * A target that calls `check(bytes)`, which throws on a find. `samples` makes good encodings to damage. `cost` divides
 * the runs of targets whose single check is slow. Finds are kept in the corpus, which every later run tries first.
 */
export function decoderTarget({ name, samples, check, cost = 1 }) {
  const run = async ({ runs, seed, corpusDir, log }) => {
    const good = await samples();
    const random = randomFrom(seed);
    const attempt = async (bytes, origin) => {
      try {
        await check(bytes);
      } catch (error) {
        const file = join(corpusDir, `find-${seed}.bin`);
        if (origin === 'new') writeFileSync(file, bytes);
        log(`${name}: ${error.message} (${origin === 'new' ? file : origin})`);
        throw error;
      }
    };
    const kept = readdirSync(corpusDir).filter((entry) => entry.endsWith('.bin'));
    for (const entry of kept) await attempt(new Uint8Array(readFileSync(join(corpusDir, entry))), entry);
    const count = Math.ceil(runs / cost);
    for (let i = 0; i < count; i++) await attempt(mutate(random, good), 'new');
    return { runs: count + kept.length, finds: [] };
  };
  return { name, run };
}

/** Throws unless the claim holds. */
export function must(condition, claim) {
  if (!condition) throw new Error(`broken: ${claim}`);
}
