// `npm run fuzz -- [package or name …] [--seconds N | --runs N] [--seed S]`: throws damaged and random bytes at every
// decoder and machine that a package offers. Without a number or a time each target gets a million inputs, or what it
// says it can do. A seed repeats a find; it is printed. Exit code 1 on a find, and for a decoder that no target covers.
import { randomInt } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { uncovered } from './fuzz/coverage.mjs';
import { build } from './processes.mjs';
import { filesOf, filesWanted, load, main, UsageError, wholeNumber } from './scripts-found.mjs';

/** Seeds stay below this, so that they are short to type again. */
const SEED_LIMIT = 2 ** 32;

/** Whether a target found nothing. */
async function fuzz(file, { runs, seed, seconds }) {
  const target = await load(file);
  const corpusDir = join(dirname(file.path), 'corpus', file.name);
  mkdirSync(corpusDir, { recursive: true });
  const log = (line) => console.log(`  ${line}`);
  const startMs = performance.now();
  try {
    const done = await target.run({ runs, seconds, seed, corpusDir, log });
    const tookSeconds = ((performance.now() - startMs) / 1_000).toFixed(1);
    const counted = `${done.runs} inputs from seed ${seed}, ${done.kept} kept ones before them, ${tookSeconds} s`;
    console.log(`${file.package}/${file.name}: ${counted}, nothing found`);
    return true;
  } catch (error) {
    console.log(`FOUND ${file.package}/${file.name}: ${error?.message ?? error}`);
    console.log(error?.cause?.stack ?? error?.stack);
    if (error?.runs !== undefined)
      console.log(
        `  again: npm run fuzz -- ${file.package}/${file.name} --runs ${error.runs} --seed ${seed}`,
      );
    return false;
  }
}

/** Says which decoders of the sources no target covers; answers how many. */
async function reportUncovered() {
  const targets = [];
  for (const file of filesOf('fuzz')) {
    const { covers = [] } = await load(file);
    targets.push({ package: file.package, covers });
  }
  const problems = uncovered(targets);
  for (const problem of problems) console.error(problem);
  return problems.length;
}

await main(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { seconds: { type: 'string' }, runs: { type: 'string' }, seed: { type: 'string' } },
  });
  const seconds = wholeNumber('seconds', values.seconds);
  const runs = wholeNumber('runs', values.runs);
  const seed = wholeNumber('seed', values.seed) ?? randomInt(SEED_LIMIT);
  if (values.seconds !== undefined && values.runs !== undefined) {
    throw new UsageError('Give --seconds or --runs, not both.');
  }
  const files = filesWanted('fuzz', positionals);
  await build();
  let problems = positionals.length === 0 ? await reportUncovered() : 0;
  for (const file of files) {
    if (!(await fuzz(file, { runs, seed, seconds }))) problems++;
  }
  return problems === 0 ? 0 : 1;
});
