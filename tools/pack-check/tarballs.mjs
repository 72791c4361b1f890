// Packs the packages and looks at the tarballs themselves: what they hold, and what attw and publint say of them.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { npm, outsideNpm, run } from '../processes.mjs';
import { root } from '../workspace.mjs';

const NEEDED = ['package.json', 'README.md', 'CHANGELOG.md', 'LICENSE', 'LICENSE-APACHE', 'LICENSE-MIT'];
/** Files that a user has no use for; src goes along for the source maps. */
const UNWANTED = /^(test|bench|fuzz|soak|coverage|node_modules)\/|\.tsbuildinfo$|\.test\.[jt]s$/;

/** Packs every package into the folder and checks the list of files. */
export async function packAll(wanted, place, checks) {
  const tarballs = [];
  for (const entry of wanted) {
    await checks.run(`${entry.manifest.name} packs`, () => {
      const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', place];
      const [{ filename, files, size }] = JSON.parse(npm(args, { cwd: entry.path, env: outsideNpm() }));
      tarballs.push({ ...entry, file: join(place, filename) });
      const paths = files.map(({ path }) => path);
      const problems = [
        ...NEEDED.filter((name) => !paths.includes(name)).map((name) => `lacks ${name}`),
        ...paths.filter((path) => UNWANTED.test(path)).map((path) => `holds ${path}`),
        ...paths
          .filter((path) => isLeftOver(entry.path, path))
          .map((path) => `holds ${path}, whose source is gone`),
      ];
      if (problems.length > 0) throw new Error(`The tarball ${problems.join('; ')}.`);
      return `${paths.length} files, ${Math.round(size / 1_024)} KiB`;
    });
  }
  return tarballs;
}

/** `tsc -b` never removes what it once wrote. */
function isLeftOver(packagePath, path) {
  const source = /^dist\/(.+)\.js$/.exec(path);
  return source !== null && !existsSync(join(packagePath, 'src', `${source[1]}.ts`));
}

export async function checkTypes(tarballs, checks) {
  const attw = join(root, 'node_modules/@arethetypeswrong/cli/dist/index.js');
  const publint = join(root, 'node_modules/publint/src/cli.js');
  for (const { manifest, file } of tarballs) {
    await checks.run(`${manifest.name} resolves with its types (attw)`, () => {
      run(process.execPath, [attw, file, '--profile', 'esm-only', '--no-color', '--no-emoji']);
    });
    await checks.run(`${manifest.name} is well formed (publint)`, () => {
      run(process.execPath, [publint, 'run', file, '--strict']);
    });
  }
}
