// A user's TypeScript project: type-checks against the tarballs and tests with ts-jest, in ESM mode, with exactly the
// settings that README.md shows.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { blockNamed } from '../fenced-blocks.mjs';
import { npm, outsideNpm, run } from '../processes.mjs';
import { readJson } from '../workspace.mjs';
import { modulesOf } from './imports.mjs';

const TOOLS = ['@jest/globals', '@types/node', 'jest', 'ts-jest', 'typescript'];

const MESH_TEST = `
test('two nodes of the installed packages meet and gossip', async () => {
  const listener = new core.MeshNetwork(await crypto.Identity.generate(), { wsPort: 0 });
  const dialler = new core.MeshNetwork(await crypto.Identity.generate(), { wsPort: 0 });
  try {
    await Promise.all([listener.start(), dialler.start()]);
    const heard = new Promise((resolve) => listener.on(core.MessageTypes.GOSSIP, (message) => resolve(message.payload)));
    await dialler.connect(listener.getPublicEndpoint());
    await dialler.broadcast({ type: 'custom', data: 'hello mesh!' });
    expect(await heard).toEqual({ type: 'custom', data: 'hello mesh!' });
  } finally {
    await Promise.all([listener.stop(), dialler.stop()]);
  }
});
`;

export async function checkTestProject(tarballs, project, root, checks) {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const { devDependencies } = readJson(join(root, 'package.json'));
  const modules = tarballs.flatMap(modulesOf);
  const alias = (name) => name.slice('@yakmesh/'.length).replaceAll('/', '_');

  await checks.run('ts-jest and TypeScript install beside the tarballs', () => {
    const versions = TOOLS.map((name) => `${name}@${devDependencies[name]}`);
    const args = [
      'install',
      '--save-dev',
      ...versions,
      '--no-audit',
      '--no-fund',
      '--ignore-scripts',
      '--prefer-offline',
    ];
    npm(args, { cwd: project, env: outsideNpm() });
    npm(['pkg', 'set', 'type=module'], { cwd: project, env: outsideNpm() });
    for (const name of ['jest.config.js', 'tsconfig.json'])
      writeFileSync(join(project, name), blockNamed(readme, name));
    mkdirSync(join(project, 'test'), { recursive: true });
    const names = tarballs.map(({ manifest }) => manifest.name);
    writeFileSync(
      join(project, 'test/installed.test.ts'),
      [
        `import { expect, test } from '@jest/globals';`,
        ...modules.map((name) => `import * as ${alias(name)} from '${name}';`),
        `test('every module is there', () => {`,
        ...modules.map((name) => `  expect(${alias(name)}).toBeDefined();`),
        `});`,
        names.includes('@yakmesh/core') ? MESH_TEST : '',
      ].join('\n'),
    );
  });
  const tsc = join(project, 'node_modules/typescript/bin/tsc');
  for (const [module, resolution] of [
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ]) {
    await checks.run(
      `a strict TypeScript project checks every declaration, module resolution ${resolution}`,
      () => {
        const args = [
          '--noEmit',
          '--module',
          module,
          '--moduleResolution',
          resolution,
          '--skipLibCheck',
          'false',
        ];
        run(process.execPath, [tsc, '-p', project, ...args], { cwd: project });
      },
    );
  }
  await checks.run('a ts-jest project in ESM mode passes with the settings of README.md', () => {
    const jest = join(project, 'node_modules/jest/bin/jest.js');
    const flags = ['--disable-warning=ExperimentalWarning', '--experimental-vm-modules'];
    run(process.execPath, [...flags, jest, '--rootDir', project], { cwd: project });
  });
}
