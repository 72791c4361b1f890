// Compares docs/DEPENDENCIES.md with the package.json files: every dependency has one row with its package, range and
// licence, and no row outlives its dependency. Part of `npm run lint`.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packages, readJson, root } from './workspace.mjs';

const FIELDS = ['dependencies', 'optionalDependencies', 'peerDependencies', 'devDependencies'];

/** What the manifests declare, as `user: name range`. */
function declared() {
  const users = [
    { user: 'workspace', manifest: readJson(join(root, 'package.json')) },
    ...packages().map(({ folder, manifest }) => ({ user: folder, manifest })),
  ];
  const found = new Map();
  for (const { user, manifest } of users) {
    for (const field of FIELDS) {
      for (const [name, version] of Object.entries(manifest[field] ?? {})) {
        if (name.startsWith('@yakmesh/')) continue;
        found.set(`${user}: ${name}`, { user, name, version });
      }
    }
    for (const [name, version] of Object.entries(manifest.overrides ?? {})) {
      found.set(`${user}: ${name}`, { user, name, version });
    }
  }
  return found;
}

/** The table's rows: `| used by | package | version | licence | reason |`. */
function documented() {
  const rows = new Map();
  for (const line of readFileSync(join(root, 'docs/DEPENDENCIES.md'), 'utf8').split('\n')) {
    const cells = line.split('|').map((cell) => cell.trim().replaceAll('`', ''));
    if (cells.length !== 7 || cells[1] === 'used by' || cells[1].startsWith('-')) continue;
    const [, users, name, version, licence, reason] = cells;
    for (const user of users.split(',')) rows.set(`${user.trim()}: ${name}`, { version, licence, reason });
  }
  return rows;
}

/** The licence of the copy that this user gets; undefined for an optional dependency of another platform. */
function installedLicence(user, name) {
  const places = [join('packages', user, 'node_modules'), 'node_modules'];
  const path = places
    .map((place) => join(root, place, name, 'package.json'))
    .find((file) => existsSync(file));
  return path === undefined ? undefined : readJson(path).license;
}

const problems = [];
const rows = documented();
for (const [key, { user, name, version }] of declared()) {
  const row = rows.get(key);
  rows.delete(key);
  if (row === undefined) {
    problems.push(`${key} ${version} has no row`);
    continue;
  }
  if (row.version !== version) problems.push(`${key} is ${version}, the table says ${row.version}`);
  if (row.reason === '') problems.push(`${key} has no reason`);
  const licence = installedLicence(user, name);
  if (licence !== undefined && licence !== row.licence) {
    problems.push(`${key} is licensed ${licence}, the table says ${row.licence}`);
  }
}
for (const key of rows.keys()) problems.push(`${key} is in the table but in no package.json`);

for (const problem of problems) console.error(`docs/DEPENDENCIES.md: ${problem}`);
if (problems.length > 0) process.exit(1);
