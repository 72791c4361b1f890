import { readFile, realpath } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { PACKAGE_ROOT } from './package-place.js';

const SCOPE = '@yakmesh/';

/** One of our packages, where it is installed. */
export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  readonly folder: string;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** This package and every @yakmesh package that it stands on, as Node resolves them from here, sorted by name and place. */
export async function installedPackages(): Promise<InstalledPackage[]> {
  const found = new Map<string, InstalledPackage>();
  const pending = [await realpath(PACKAGE_ROOT)];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    if (found.has(folder)) continue;
    const path = join(folder, 'package.json');
    const { name, version, dependencies = {} } = JSON.parse(await readFile(path, 'utf8')) as Manifest;
    found.set(folder, { name, version, folder });
    const { resolve } = createRequire(path);
    for (const dependency of Object.keys(dependencies).filter((each) => each.startsWith(SCOPE)))
      pending.push(await realpath(dirname(resolve(`${dependency}/package.json`))));
  }
  return [...found.values()].sort((a, b) => compare(a.name, b.name) || compare(a.folder, b.folder));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
