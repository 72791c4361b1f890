// Compares docs/LIMITS.md with the constants of the sources: every number that a source names in UPPER_CASE has a row
// with its value or is listed in limits-check/formats.mjs, and no row outlives its constant. Part of `npm run lint`.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { constantsOfSources } from './limits-check/constants.mjs';
import { isFormat, staleFormats } from './limits-check/formats.mjs';
import { rowsOf } from './limits-check/table.mjs';
import { root } from './workspace.mjs';

const isOf = (row) => (constant) =>
  constant.package === row.package &&
  constant.name === row.name &&
  (row.file === undefined || constant.file === row.file);

const number = (value) =>
  value === Infinity ? 'unlimited' : value.toLocaleString('en', { maximumFractionDigits: 10 });
const place = ({ package: folder, file, line }) => `packages/${folder}/src/${file}:${line}`;

/** What to do to the row of a constant, or undefined where all is well. */
function problemOf(constant, rows) {
  const { name, value } = constant;
  const own = rows.filter((row) => isOf(row)(constant));
  if (isFormat(constant)) {
    return own.length === 0
      ? undefined
      : `${name} (${place(constant)}) has a row, and stands in tools/limits-check/formats.mjs: remove one`;
  }
  if (value === undefined)
    return `${name} (${place(constant)}) cannot be evaluated: write it with literals, + - * / ** and other constants`;
  if (own.length === 0)
    return `add to "## ${constant.package}": | \`${name}\` | ${number(value)} | unit | why | at the limit | (${place(constant)})`;
  const row = own.find(({ file }) => file !== undefined) ?? own[0];
  return row.value === value
    ? undefined
    : `line ${row.line} says ${number(row.value)} for ${name}, which is ${number(value)} in ${place(constant)}`;
}

const constants = constantsOfSources();
const { rows, problems } = rowsOf(readFileSync(join(root, 'docs/LIMITS.md'), 'utf8'));
for (const constant of constants) problems.push(problemOf(constant, rows));
for (const row of rows) {
  const others = rows.filter(
    (other) => other.line < row.line && constants.some(isOf(row)) && isSame(row, other),
  );
  if (others.length > 0)
    problems.push(`line ${row.line}: ${row.name} has a row already, line ${others[0].line}`);
  if (!constants.some(isOf(row)))
    problems.push(`line ${row.line}: remove ${row.name}, which no source of packages/${row.package} has`);
}
problems.push(...staleFormats(constants));

const found = problems.filter((problem) => problem !== undefined);
for (const problem of found) console.error(`docs/LIMITS.md: ${problem}`);
if (found.length > 0) process.exit(1);

function isSame(one, other) {
  return one.package === other.package && one.name === other.name && one.file === other.file;
}
