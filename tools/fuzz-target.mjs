// What every fuzz target is made of: damage done to good encodings, and random bytes, from a seed.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

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

const randomBytes = (random, length) => Uint8Array.from({ length }, () => random(256));

/** One of the good encodings with up to four injuries, or random bytes of the right or any length. */
export function mutate(random, samples) {
  const sample = samples[random(samples.length)];
  if (random(8) === 0) return randomBytes(random, random(2) === 0 ? sample.length : random(512));
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
        bytes = join2(bytes, randomBytes(random, random(64)));
        break;
      case 4:
        bytes = join2(bytes.subarray(0, at), bytes.subarray(at + random(32)));
        break;
      default:
        bytes.set(randomBytes(random, Math.min(bytes.length - at, random(32))), at);
    }
  }
  return bytes;
}

function join2(one, other) {
  const bytes = new Uint8Array(one.length + other.length);
  bytes.set(one);
  bytes.set(other, one.length);
  return bytes;
}

/**
 * A target that calls `check(bytes, prepared)`, which throws on a find. `prepare` makes `samples`, good encodings to
 * damage, and whatever else the checks need. `cost` divides the runs of targets whose single check is slow. Finds are
 * kept in the corpus, which every later run tries first.
 */
export function target({ name, prepare, check, cost = 1 }) {
  const run = async ({ runs, seed, corpusDir, log }) => {
    const prepared = await prepare();
    const random = randomFrom(seed);
    const attempt = async (bytes, origin) => {
      try {
        await check(bytes, prepared, random);
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
    for (let i = 0; i < count; i++) await attempt(mutate(random, prepared.samples), 'new');
    await prepared.close?.();
    return { runs: count + kept.length, finds: [] };
  };
  return { name, run };
}

/** Throws unless the claim holds. */
export function must(condition, claim) {
  if (!condition) throw new Error(`broken: ${claim}`);
}
