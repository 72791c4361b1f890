// `npm run soak -- [package or name …] [--minutes N] [--seed S]`: runs the packages' long tests one after another. A
// script throws where its claim broke. One that names further `options` gets those too: `--nodes N`, `--part NAME`.
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { build } from './processes.mjs';
import { filesWanted, load, main, UsageError, wholeNumber } from './scripts-found.mjs';
import { newestNode } from './workspace.mjs';

/** Long enough for a leak of a kilobyte a second to show, short enough to wait for; a script may name its own. */
const MINUTES_DEFAULT = 5;
/** Seeds stay below this, so that they are short to type again. */
const SEED_LIMIT = 2 ** 32;
/** What some scripts take besides. */
const OWN_OPTIONS = { nodes: { type: 'string' }, part: { type: 'string' } };

await main(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { minutes: { type: 'string' }, seed: { type: 'string' }, ...OWN_OPTIONS },
  });
  const minutesAsked = wholeNumber('minutes', values.minutes);
  const seed = wholeNumber('seed', values.seed) ?? randomInt(SEED_LIMIT);
  const files = filesWanted('soak', positionals);
  const own = { nodes: wholeNumber('nodes', values.nodes), part: values.part };
  await build();
  let failures = 0;
  for (const file of files) {
    const script = await load(file);
    for (const [option, value] of Object.entries(own))
      if (value !== undefined && script.options?.includes(option) !== true)
        throw new UsageError(`${file.package}/${file.name} takes no --${option}.`);
    const minutes = minutesAsked ?? script.minutes ?? MINUTES_DEFAULT;
    console.log(`${file.package}/${file.name}: ${script.name}, ${minutes} minutes, seed ${seed} …`);
    try {
      await script.run({ minutes, seed, newestNode, ...own, log: (line) => console.log(`  ${line}`) });
      console.log(`${file.package}/${file.name}: held`);
    } catch (error) {
      console.log(`BROKE ${file.package}/${file.name}: ${error?.stack ?? error}`);
      failures++;
    }
  }
  return failures === 0 ? 0 : 1;
});
