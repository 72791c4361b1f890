// The floors of docs/ARCHITECTURE.md as lint rules: a package imports only from lower floors. Nx's tags see packages
// but not subpaths, so what a floor may import of a package is said again by module name.

const FLOOR_2 = ['defense', 'annex', 'beacon', 'sherpa', 'nakpak', 'pulse', 'echo', 'temporal'];

/** For `@nx/enforce-module-boundaries`. */
export const depConstraints = [
  { sourceTag: 'scope:crypto', onlyDependOnLibsWithTags: [], bannedExternalImports: ['ws', 'cborg'] },
  { sourceTag: 'scope:core', onlyDependOnLibsWithTags: ['scope:crypto'] },
  ...FLOOR_2.map((scope) => ({
    sourceTag: `scope:${scope}`,
    onlyDependOnLibsWithTags: ['scope:core', 'scope:crypto'],
    bannedExternalImports: ['ws'],
  })),
  {
    sourceTag: 'scope:node',
    onlyDependOnLibsWithTags: ['scope:crypto', 'scope:core', ...FLOOR_2.map((scope) => `scope:${scope}`)],
  },
];

/** The files of crypto and core that only Node loads; their browser twins are chosen by export conditions. */
const NODE_ONLY_FILES = [
  'src/**/platform-node*.ts',
  'src/**/*-node.ts',
  'src/**/pool-worker.ts',
  'src/**/sockets/ws-*.ts',
];

const noTesting = {
  regex: '^@yakmesh/core/testing',
  message: '@yakmesh/core/testing is for tests: nothing that ships may need it.',
};
const noTestingFolder = {
  regex: '(^|/)testing(/|$)',
  message: 'src/testing is for tests: nothing else that ships may need it.',
};
const portOnly = {
  regex: '^@yakmesh/(?!crypto$|core/transport$)',
  message: 'A floor-2 package sees only @yakmesh/crypto and @yakmesh/core/transport.',
};
const noNodeModules = {
  regex: '^node:',
  message: 'Browsers load this file: put what needs Node into a *-node.ts file behind the #platform import.',
};
const noBuffer = {
  name: 'Buffer',
  message: 'Browsers load this file: use Uint8Array.',
};
const machineGlobals = [
  'Date',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'fetch',
  'process',
  'performance',
  'crypto',
].map((name) => ({
  name,
  message: 'A machine has no clock, timer, randomness or network: take them as inputs, return actions.',
}));

const imports = (...patterns) => ({ 'no-restricted-imports': ['error', { patterns }] });
const globals = (...names) => ({ 'no-restricted-globals': ['error', ...names] });

/**
 * The rules for one package's src, most general first. ESLint replaces a rule's options where two entries match the same
 * file, so each later entry repeats what stays in force.
 */
export function floorRules(scope) {
  const machines = ['src/**/*machine*.ts'];
  if (scope === 'crypto' || scope === 'core') {
    const testing = scope === 'core' ? [noTestingFolder] : [noTesting];
    return [
      { files: ['src/**/*.ts'], rules: { ...imports(...testing, noNodeModules), ...globals(noBuffer) } },
      { files: ['src/testing/**/*.ts'], rules: imports(noNodeModules) },
      { files: NODE_ONLY_FILES, rules: { ...imports(...testing), 'no-restricted-globals': 'off' } },
      { files: machines, rules: globals(noBuffer, ...machineGlobals) },
    ];
  }
  const patterns = FLOOR_2.includes(scope) ? [portOnly] : [noTesting];
  return [
    { files: ['src/**/*.ts'], rules: imports(...patterns) },
    { files: machines, rules: globals(...machineGlobals) },
  ];
}
