// Reads the rows of docs/LIMITS.md: `| limit | default | unit | why | at the limit |` below a `## package` heading.

const LIMIT = /^`([A-Z][A-Za-z0-9_.]*)`(?: \(([^)]+\.ts)\))?$/;
const NUMBER = /^-?[\d,]+(\.\d+)?$/;

/**
 * The rows as `{ package, name, file, value, line }`, and what is wrong with the ones that cannot be read. `file` is
 * undefined where a row speaks for every constant of its package with this name.
 */
export function rowsOf(markdown) {
  const rows = [];
  const problems = [];
  let folder;
  for (const [index, text] of markdown.split('\n').entries()) {
    const line = index + 1;
    if (text.startsWith('## ')) folder = text.slice(3).trim();
    const cells = text.split('|').map((cell) => cell.trim());
    if (cells.length < 3 || !cells[1].startsWith('`')) continue;
    const [, name, file] = LIMIT.exec(cells[1]) ?? [];
    const value = valueOf(cells[2]);
    if (cells.length !== 7 || cells.slice(1, 6).includes(''))
      problems.push(`line ${line}: a row has five cells, none of them empty`);
    else if (name === undefined)
      problems.push(`line ${line}: "${cells[1]}" is not a \`NAME\`, nor a \`NAME\` (file.ts)`);
    else if (value === undefined)
      problems.push(`line ${line}: the default of ${name} is a number as 1,048,576, not "${cells[2]}"`);
    else rows.push({ package: folder, name, file, value, line });
  }
  return { rows, problems };
}

function valueOf(text) {
  if (text === 'unlimited') return Infinity;
  return NUMBER.test(text) ? Number(text.replaceAll(',', '')) : undefined;
}
