// `npm run bench -- [package or name …] [--json FILE]`: builds, runs the packages' benchmarks one after another, prints
// a table and writes `{ machine, node, commit, results: [{ name, value, unit, spread }] }`.
import { writeFileSync } from 'node:fs';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { build, run } from './processes.mjs';
import { filesWanted, load, main } from './scripts-found.mjs';
import { BENCH_RUNS, median, quantile, spread } from './statistics.mjs';
import { newestNode, root } from './workspace.mjs';

const GIB = 1024 ** 3;

function machine() {
  const processors = cpus();
  const memoryGib = Math.round(totalmem() / GIB);
  return `${processors[0]?.model.trim() ?? 'unknown processor'}, ${processors.length} cores, ${memoryGib} GiB, ${platform()} ${release()} ${arch()}`;
}

/** The commit that was measured, marked where the tree differs from it. */
function commit() {
  try {
    const id = run('git', ['rev-parse', '--short=12', 'HEAD'], { cwd: root }).trim();
    const isClean =
      run('git', ['status', '--porcelain', '--untracked-files=no'], { cwd: root }).trim() === '';
    return isClean ? id : `${id}+changes`;
  } catch {
    return 'unknown';
  }
}

function checked(result, file) {
  const { name, value, unit } = result;
  const isComplete = typeof name === 'string' && Number.isFinite(value) && typeof unit === 'string';
  if (!isComplete)
    throw new Error(
      `${file.path} reported ${JSON.stringify(result)}: a result has name, value, unit, spread.`,
    );
  return { name, value, unit, spread: result.spread ?? null };
}

function print(results) {
  const rows = results.map(({ name, value, unit, spread: apart }) => [
    name,
    value.toLocaleString('en-GB', { maximumSignificantDigits: 4 }),
    unit,
    apart === null ? '' : `±${Math.round(apart * 50)} %`,
  ]);
  const width = (column) => Math.max(...rows.map((row) => row[column].length));
  const widths = [0, 1, 2, 3].map(width);
  for (const [name, value, unit, apart] of rows) {
    console.log(
      `${name.padEnd(widths[0])}  ${value.padStart(widths[1])} ${unit.padEnd(widths[2])}  ${apart}`.trimEnd(),
    );
  }
}

await main(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'string' } },
  });
  const files = filesWanted('bench', positionals);
  await build();
  const log = (line) => console.error(line);
  const results = [];
  for (const file of files) {
    const { name, run: measure } = await load(file);
    log(`${file.package}: ${name} …`);
    const context = { runs: BENCH_RUNS, log, newestNode, median, spread, quantile };
    for (const result of await measure(context)) results.push(checked(result, file));
  }
  print(results);
  if (values.json === undefined) return 0;
  const report = { machine: machine(), node: process.version, commit: commit(), results };
  writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  return 0;
});
