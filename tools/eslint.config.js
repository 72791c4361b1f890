// One ESLint configuration for all projects. Run it only through `nx run-many -t lint` (`npm run lint`): without Nx's
// project graph the rule of the module boundaries skips itself in silence. Nx runs ESLint inside each project's folder,
// so the patterns below are relative to that folder, and the folder's name says which floor's rules apply.
import { basename } from 'node:path';
import nx from '@nx/eslint-plugin';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';
import { depConstraints, floorRules } from './eslint-floors.js';

const typescript = ['**/*.ts'];
const javascript = ['**/*.js', '**/*.mjs'];

const everywhere = {
  eqeqeq: 'error',
  'no-var': 'error',
  'prefer-const': 'error',
  'no-restricted-properties': [
    'error',
    { object: 'Math', property: 'random', message: 'Use cryptographic randomness, or a seeded generator.' },
  ],
  '@typescript-eslint/no-unused-vars': [
    'error',
    { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none' },
  ],
};

const syntaxOfSources = [
  { selector: 'TSEnumDeclaration', message: 'Use a union of literals.' },
  {
    selector: 'Program > ExpressionStatement > AwaitExpression',
    message: 'Top-level await would break require() of this package.',
  },
];
const syntaxOfTests = [
  {
    selector: 'MemberExpression[object.name=/^(test|it|describe)$/][property.name=/^(only|skip|todo)$/]',
    message: 'A test runs or does not exist.',
  },
];

export default defineConfig(
  { ignores: ['**/dist', '**/coverage', '**/*.d.ts', '**/fixtures'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  { files: javascript, extends: [tseslint.configs.recommended], rules: everywhere },
  {
    files: typescript,
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    plugins: { '@nx': nx },
    rules: {
      ...everywhere,
      '@nx/enforce-module-boundaries': [
        'error',
        {
          enforceBuildableLibDependency: false,
          allow: [],
          banTransitiveDependencies: true,
          allowCircularSelfDependency: true,
          depConstraints,
        },
      ],
      'no-restricted-syntax': ['error', ...syntaxOfSources],
      '@typescript-eslint/no-non-null-assertion': 'error',
      // AbortSignal.reason is whatever the caller aborted with, and is passed on as it is.
      '@typescript-eslint/prefer-promise-reject-errors': [
        'error',
        { allowThrowingAny: true, allowThrowingUnknown: true },
      ],
      // Feature detection reads functions of node:crypto without calling them; they do not use `this`.
      '@typescript-eslint/unbound-method': 'off',
      // An interface may ask for a promise where one implementation has nothing to wait for.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      'no-restricted-syntax': ['error', ...syntaxOfTests],
      // Tests read the text form of objects on purpose, to see that no secret is in it.
      '@typescript-eslint/no-base-to-string': 'off',
    },
  },
  ...floorRules(basename(process.cwd())),
);
