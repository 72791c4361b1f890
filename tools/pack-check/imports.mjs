// Loads every export of the installed tarballs as an ES module and through require(), on each Node at hand.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../processes.mjs';
import { newestNode } from '../workspace.mjs';

/** `@yakmesh/core`, `@yakmesh/core/transport` …: what the exports map offers as modules. */
export function modulesOf({ manifest }) {
  return Object.keys(manifest.exports)
    .filter((key) => key !== './package.json')
    .map((key) => manifest.name + key.slice(1));
}

export async function checkImports(tarballs, project, checks) {
  const nodes = [{ path: process.execPath, title: `Node ${process.version}` }];
  if (newestNode !== undefined)
    nodes.push({ path: newestNode, title: `Node ${run(newestNode, ['--version']).trim()}` });
  const modules = tarballs.flatMap(modulesOf);
  for (const { path, title } of nodes) {
    // A warning is a failure here: require() of these packages must not print one.
    const script = (load) => `
      process.on('warning', (warning) => { console.error(warning); process.exitCode = 1; });
      (async () => {
        for (const name of ${JSON.stringify(modules)}) {
          const names = Object.keys(${load});
          if (names.length === 0 && !name.endsWith('/transport')) throw new Error(name + ' exports nothing');
        }
      })();`;
    await checks.run(`every export loads as an ES module on ${title}`, () => {
      run(path, ['--input-type=module', '--eval', script('await import(name)')], { cwd: project });
      return modules.join(', ');
    });
    await checks.run(`every export loads through require() on ${title}`, () => {
      run(path, ['--input-type=commonjs', '--eval', script('require(name)')], { cwd: project });
    });
    await checks.run(`what is not exported cannot be imported on ${title}`, () => {
      const name = `${modules[0]}/dist/index.js`;
      const attempt = `import('${name}').then(() => process.exit(1), (e) => process.exit(e.code === 'ERR_PACKAGE_PATH_NOT_EXPORTED' ? 0 : 1))`;
      run(path, ['--input-type=module', '--eval', attempt], { cwd: project });
    });
  }
  for (const { manifest } of tarballs) {
    for (const name of Object.keys(manifest.bin ?? {})) {
      await checks.run(`the command ${name} starts and answers --help`, () => {
        const command = join(project, 'node_modules/.bin', name);
        if (!existsSync(command)) throw new Error(`npm linked no ${name}.`);
        run(command, ['--help'], { cwd: project });
      });
    }
  }
}
