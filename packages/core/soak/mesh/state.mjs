// What earlier runs of the soak `mesh` have come to: of each size, seed and commit, each part's totals.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const FILE = fileURLToPath(new URL('../../../../.nx/soak/mesh.json', import.meta.url));

/** The commit that runs, marked where the tree differs from it. */
export function commit() {
  const git = (...args) => execFileSync('git', args, { encoding: 'utf8' }).trim();
  return `${git('rev-parse', '--short=12', 'HEAD')}${git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '+'}`;
}

function remembered() {
  try {
    return JSON.parse(readFileSync(FILE, 'utf8'));
  } catch {
    return {};
  }
}

/** The totals of one part of one run, which its next leg goes on from. */
export class Totals {
  #key;

  constructor({ nodes, seed, part }) {
    this.#key = `${commit()} ${nodes} nodes, seed ${seed}: ${part}`;
  }

  get value() {
    return remembered()[this.#key];
  }

  set value(totals) {
    mkdirSync(dirname(FILE), { recursive: true });
    writeFileSync(FILE, JSON.stringify({ ...remembered(), [this.#key]: totals }, undefined, 1));
  }
}
