// `npm run readme:check [-- package …]`: runs every fenced block marked `js run` or `ts run` of README.md and of the
// packages' READMEs, each as a program of its own in an empty project that sees the built packages as a user's would.
// A README without such a block fails: an example that nobody runs goes stale.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { fencedBlocks } from './fenced-blocks.mjs';
import { build, run } from './processes.mjs';
import { main, UsageError } from './scripts-found.mjs';
import { packages, root } from './workspace.mjs';

/** An example that has not ended by then hangs: they all end within a few seconds. */
const EXAMPLE_MS_MAX = 60_000;

const TSCONFIG = {
  compilerOptions: {
    target: 'es2022',
    module: 'nodenext',
    moduleResolution: 'nodenext',
    strict: true,
    skipLibCheck: true,
    types: ['node'],
    outDir: 'out',
    rootDir: '.',
  },
  include: ['*.ts'],
};

/** The project that examples run in: ES modules, with the workspace's packages and types linked in. */
function createProject() {
  const project = mkdtempSync(join(tmpdir(), 'yakmesh-readme-'));
  writeFileSync(
    join(project, 'package.json'),
    JSON.stringify({ name: 'examples', private: true, type: 'module' }),
  );
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(TSCONFIG));
  for (const scope of ['@yakmesh', '@types'])
    mkdirSync(join(project, 'node_modules', scope), { recursive: true });
  for (const { folder, path } of packages())
    symlinkSync(path, join(project, 'node_modules/@yakmesh', folder), 'dir');
  symlinkSync(join(root, 'node_modules/@types/node'), join(project, 'node_modules/@types/node'), 'dir');
  return project;
}

function runExample(project, { info, code }, name) {
  const options = { cwd: project, timeout: EXAMPLE_MS_MAX };
  if (info.startsWith('js')) {
    writeFileSync(join(project, `${name}.mjs`), code);
    return run(process.execPath, [`${name}.mjs`], options);
  }
  const source = join(project, `${name}.ts`);
  writeFileSync(source, code);
  try {
    run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', project], options);
    return run(process.execPath, [join('out', `${name}.js`)], options);
  } finally {
    rmSync(source);
  }
}

await main(async () => {
  const { positionals } = parseArgs({ allowPositionals: true });
  const all = packages();
  const unknown = positionals.filter((wish) => !all.some(({ folder }) => folder === wish));
  if (unknown.length > 0) throw new UsageError(`There is no package ${unknown.join(', ')}.`);
  const wanted = all.filter(({ folder }) => positionals.length === 0 || positionals.includes(folder));
  const places = [...(positionals.length === 0 ? [root] : []), ...wanted.map(({ path }) => path)];
  await build();
  const project = createProject();
  let failures = 0;
  const fail = (title, why) => {
    failures++;
    console.log(`FAIL  ${title}\n${String(why).replace(/^/gm, '      ')}`);
  };
  try {
    for (const place of places) {
      const readme = join(place, 'README.md');
      const title = relative(root, readme);
      if (!existsSync(readme)) {
        fail(title, 'There is no such file.');
        continue;
      }
      const examples = fencedBlocks(readFileSync(readme, 'utf8')).filter(({ info }) =>
        /^(js|ts) run\b/.test(info),
      );
      if (examples.length === 0)
        fail(title, 'It has no runnable example: mark one with the info string "js run" or "ts run".');
      for (const [index, example] of examples.entries()) {
        const where = `${title}:${example.line}`;
        try {
          runExample(project, example, `example-${places.indexOf(place)}-${index}`);
          console.log(`ok    ${where}`);
        } catch (error) {
          fail(where, error.message);
        }
      }
    }
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
  console.log(failures === 0 ? 'readme:check: every example runs' : `readme:check: ${failures} failed`);
  return failures === 0 ? 0 : 1;
});
