import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// This file lies directly in src/ and, built, directly in dist/: the paths below hold for both.

/** The folder of this package. */
export const PACKAGE_ROOT: string = fileURLToPath(new URL('..', import.meta.url));

/** The program that each node of the demo runs; it exists only after a build. */
export const DEMO_WORKER_PATH: string = fileURLToPath(new URL('../dist/demo/worker.js', import.meta.url));

/** The program of the demo's attacker; it exists only after a build. */
export const DEMO_ATTACKER_PATH: string = fileURLToPath(new URL('../dist/demo/attacker.js', import.meta.url));

/** The version in this package's package.json. */
export function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    readonly version: string;
  };
  return manifest.version;
}
