// `npm run fuzz -- [package or name …] [--seconds N | --runs N] [--seed S]`: throws damaged and random bytes at every
// decoder and machine that a package offers. Each target takes a number of runs and a seed, so that a find can be
// repeated; the seed of every round is printed. Exit code 1 on a find.
import { randomInt } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from './processes.mjs';
import { filesWanted, load, main, UsageError, wholeNumber } from './scripts-found.mjs';

/** Short enough to run beside the tests: a few seconds for all targets together. */
const RUNS_DEFAULT = 2_000;
/** Seeds stay below this, so that they are short to type again. */
const SEED_LIMIT = 2 ** 32;

/** Rounds of RUNS_DEFAULT runs with ascending seeds until the time is up; one round where none was given. */
async function fuzz(file, { runs, seed, seconds }) {
  const target = await load(file);
  const corpusDir = join(dirname(file.path), 'corpus', file.name);
  mkdirSync(corpusDir, { recursive: true });
  const log = (line) => console.log(`  ${line}`);
  const endMs = performance.now() + (seconds ?? 0) * 1_000;
  let rounds = 0;
  do {
    const roundSeed = (seed + rounds) % SEED_LIMIT;
    try {
      await target.run({ runs, seed: roundSeed, corpusDir, log });
    } catch (error) {
      console.log(`FOUND ${file.package}/${file.name}: ${error?.stack ?? error}`);
      console.log(`  again: npm run fuzz -- ${file.package}/${file.name} --runs ${runs} --seed ${roundSeed}`);
      return false;
    }
    rounds++;
  } while (performance.now() < endMs);
  console.log(`${file.package}/${file.name}: ${rounds * runs} runs from seed ${seed}, nothing found`);
  return true;
}

await main(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { seconds: { type: 'string' }, runs: { type: 'string' }, seed: { type: 'string' } },
  });
  const seconds = wholeNumber('seconds', values.seconds);
  const runs = wholeNumber('runs', values.runs) ?? RUNS_DEFAULT;
  const seed = wholeNumber('seed', values.seed) ?? randomInt(SEED_LIMIT);
  if (values.seconds !== undefined && values.runs !== undefined) {
    throw new UsageError('Give --seconds or --runs, not both.');
  }
  const files = filesWanted('fuzz', positionals);
  await build();
  let finds = 0;
  for (const file of files) {
    if (!(await fuzz(file, { runs, seed, seconds }))) finds++;
  }
  return finds === 0 ? 0 : 1;
});
