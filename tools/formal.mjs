// `npm run formal -- [package or name …]`: searches the packages' symbolic models of their protocols for attacks, and the
// same models with checks dropped, where an attack must be found. Needs no build. Exit code 1 where either goes wrong.
import { parseArgs } from 'node:util';
import { filesWanted, load, main } from './scripts-found.mjs';

await main(async () => {
  const { positionals } = parseArgs({ allowPositionals: true, options: {} });
  let problems = 0;
  for (const file of filesWanted('formal', positionals)) {
    const model = await load(file);
    console.log(`${file.package}/${file.name}`);
    const startMs = performance.now();
    const found = await model.run({ log: (line) => console.log(line) });
    const seconds = ((performance.now() - startMs) / 1_000).toFixed(1);
    console.log(
      `${file.package}/${file.name}: ${found === 0 ? 'as expected' : `${found} not as expected`}, ${seconds} s`,
    );
    problems += found;
  }
  return problems === 0 ? 0 : 1;
});
