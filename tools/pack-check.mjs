// `npm run pack:check [-- package …]`: proves the tarballs instead of the sources. Packs each package, installs the
// tarballs in an empty project and uses them there as different people would. Without an argument: all packages.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { checkBundles } from './pack-check/bundles.mjs';
import { checkImports } from './pack-check/imports.mjs';
import { checkTestProject } from './pack-check/test-project.mjs';
import { checkTypes, packAll } from './pack-check/tarballs.mjs';
import { build, npm, outsideNpm } from './processes.mjs';
import { main, UsageError } from './scripts-found.mjs';
import { packages, root } from './workspace.mjs';

/** Runs one check and prints how it went, so that one failure does not hide the next. */
class Checks {
  failed = 0;
  passed = 0;

  async run(title, work) {
    const startedMs = performance.now();
    try {
      const detail = await work();
      const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
      console.log(`ok    ${title}${detail === undefined ? '' : `: ${detail}`} (${seconds} s)`);
      this.passed++;
    } catch (error) {
      console.log(`FAIL  ${title}\n${String(error?.message ?? error).replace(/^/gm, '      ')}`);
      this.failed++;
    }
  }
}

/** The wanted packages and every workspace package that they depend on. */
function wantedPackages(wishes) {
  const all = packages();
  const unknown = wishes.filter((wish) => !all.some(({ folder }) => folder === wish));
  if (unknown.length > 0) throw new UsageError(`There is no package ${unknown.join(', ')}.`);
  if (wishes.length === 0) return all;
  const names = new Set();
  const add = ({ manifest }) => {
    names.add(manifest.name);
    for (const entry of all) if (entry.manifest.name in (manifest.dependencies ?? {})) add(entry);
  };
  all.filter(({ folder }) => wishes.includes(folder)).forEach(add);
  return all.filter(({ manifest }) => names.has(manifest.name));
}

await main(async () => {
  const { positionals } = parseArgs({ allowPositionals: true });
  const wanted = wantedPackages(positionals);
  const place = mkdtempSync(join(tmpdir(), 'yakmesh-pack-'));
  try {
    await build(wanted.map(({ manifest }) => manifest.name));
    const checks = new Checks();
    const tarballs = await packAll(wanted, place, checks);
    await checkTypes(tarballs, checks);

    const project = join(place, 'project');
    mkdirSync(project);
    await checks.run('the tarballs install in an empty project', () => {
      const files = tarballs.map(({ file }) => file);
      const env = outsideNpm();
      npm(['init', '--yes'], { cwd: project, env });
      npm(['install', ...files, '--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline'], {
        cwd: project,
        env,
      });
    });
    await checkImports(tarballs, project, checks);
    await checkBundles(tarballs, project, checks);
    await checkTestProject(tarballs, project, root, checks);

    console.log(`pack:check: ${checks.passed} ok, ${checks.failed} failed`);
    return checks.failed === 0 ? 0 : 1;
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
});
