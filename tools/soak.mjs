// `npm run soak -- [package or name …] [--minutes N] [--seed S]`: runs the packages' long tests one after another. A
// script throws where its claim broke.
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { build } from './processes.mjs';
import { filesWanted, load, main, wholeNumber } from './scripts-found.mjs';
import { newestNode } from './workspace.mjs';

/** Long enough for a leak of a kilobyte a second to show, short enough to wait for; a script may name its own. */
const MINUTES_DEFAULT = 5;
/** Seeds stay below this, so that they are short to type again. */
const SEED_LIMIT = 2 ** 32;

await main(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { minutes: { type: 'string' }, seed: { type: 'string' } },
  });
  const minutesAsked = wholeNumber('minutes', values.minutes);
  const seed = wholeNumber('seed', values.seed) ?? randomInt(SEED_LIMIT);
  const files = filesWanted('soak', positionals);
  await build();
  let failures = 0;
  for (const file of files) {
    const script = await load(file);
    const minutes = minutesAsked ?? script.minutes ?? MINUTES_DEFAULT;
    console.log(`${file.package}/${file.name}: ${script.name}, ${minutes} minutes, seed ${seed} …`);
    try {
      await script.run({ minutes, seed, newestNode, log: (line) => console.log(`  ${line}`) });
      console.log(`${file.package}/${file.name}: held`);
    } catch (error) {
      console.log(`BROKE ${file.package}/${file.name}: ${error?.stack ?? error}`);
      failures++;
    }
  }
  return failures === 0 ? 0 : 1;
});
