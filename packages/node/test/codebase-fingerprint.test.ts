import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { codebaseFingerprint, describeCodebase } from '../src/codebase-fingerprint.js';
import { temporaryFolder } from './temporary-folder.js';

const PACKAGES = fileURLToPath(new URL('../..', import.meta.url));
const NAMES = ['annex', 'core', 'crypto', 'defense', 'node'];
const folder = temporaryFolder();
const application = join(folder.path, 'application');

beforeAll(() => {
  mkdirSync(join(application, 'lib'), { recursive: true });
  mkdirSync(join(application, 'node_modules'));
  writeFileSync(join(application, 'main.js'), 'one');
  writeFileSync(join(application, 'lib', 'part.mjs'), 'two');
  writeFileSync(join(application, 'readme.txt'), 'not code');
  writeFileSync(join(application, 'node_modules', 'other.js'), 'not ours');
});

afterAll(() => folder.remove());

/** npm's own script where npm runs us: on some systems `npm` alone is no program. */
function npm(...args: readonly string[]): void {
  const script = process.env['npm_execpath'];
  const [command, first] = script === undefined ? ['npm', []] : [process.execPath, [script]];
  execFileSync(command, [...first, ...args], { cwd: PACKAGES, stdio: 'ignore' });
}

/** What the installed tarballs say of themselves, in a project whose other dependencies are the workspace's. */
function fingerprintOfTarballs(): string {
  const project = join(folder.path, 'project');
  const modules = join(project, 'node_modules');
  const workspaceModules = join(PACKAGES, '..', 'node_modules');
  mkdirSync(join(modules, '@yakmesh'), { recursive: true });
  for (const name of readdirSync(workspaceModules).filter(
    (each) => !each.startsWith('.') && each !== '@yakmesh',
  ))
    symlinkSync(join(workspaceModules, name), join(modules, name));
  npm('pack', ...NAMES.map((name) => `./${name}`), '--ignore-scripts', '--pack-destination', project);
  for (const name of NAMES) {
    const tarball = readdirSync(project).find((each) => each.startsWith(`yakmesh-${name}-`)) ?? '';
    const place = join(modules, '@yakmesh', name);
    mkdirSync(place);
    execFileSync('tar', ['-xzf', join(project, tarball), '-C', place, '--strip-components=1']);
  }
  const program = "import('@yakmesh/node').then((m) => m.codebaseFingerprint()).then((f) => console.log(f))";
  return execFileSync(process.execPath, ['-e', program], { cwd: project, encoding: 'utf8' }).trim();
}

test('the workspace and the packed tarballs have the same fingerprint', async () => {
  expect(fingerprintOfTarballs()).toBe(await codebaseFingerprint());
}, 30_000);

test('the fingerprint covers this package and what it stands on, each with its part', async () => {
  const { fingerprint, parts } = await describeCodebase();
  expect(parts.map(({ name }) => name)).toEqual(NAMES.map((name) => `@yakmesh/${name}`));
  expect(fingerprint).toMatch(/^[0-9a-f]{64}$/);
});

test('the application counts its code alone, and changes the fingerprint', async () => {
  const { fingerprint, parts } = await describeCodebase({ include: [application] });
  expect(parts.at(-1)).toMatchObject({ name: 'application', files: 2 });
  expect(fingerprint).not.toBe(await codebaseFingerprint());
});

test('moving a byte from one file to the next, or renaming one, changes the fingerprint', async () => {
  const print = (): Promise<string> => codebaseFingerprint({ include: [application] });
  const before = await print();
  writeFileSync(join(application, 'lib', 'part.mjs'), 'twoo');
  writeFileSync(join(application, 'main.js'), 'ne');
  const moved = await print();
  writeFileSync(join(application, 'lib', 'part.mjs'), 'two');
  rmSync(join(application, 'main.js'));
  writeFileSync(join(application, 'man.js'), 'one');
  expect(new Set([before, moved, await print()]).size).toBe(3);
});

test('a single file may be included', async () => {
  const { parts } = await describeCodebase({ include: [join(application, 'lib', 'part.mjs')] });
  expect(parts.at(-1)).toMatchObject({ name: 'application', files: 1 });
});

test('a missing path and a symbolic link are refused', async () => {
  const refusal = { code: 'CODEBASE_UNREADABLE' };
  symlinkSync(application, join(folder.path, 'link'));
  await expect(codebaseFingerprint({ include: [join(folder.path, 'none')] })).rejects.toMatchObject(refusal);
  await expect(codebaseFingerprint({ include: [join(folder.path, 'link')] })).rejects.toMatchObject(refusal);
});
