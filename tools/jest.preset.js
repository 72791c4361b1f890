// What every package's jest.config.js spreads: native ESM, so that tests run the code that ships.
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

// Nx asks its tasks for colours, and programs that tests start would colour the output that the tests compare.
delete process.env.FORCE_COLOR;

export default {
  testEnvironment: 'node',
  // Workspace packages resolve to their sources; only worker threads and child processes need a build.
  testEnvironmentOptions: { customExportConditions: ['@yakmesh/source', 'node', 'node-addons'] },
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['ts-jest', { useESM: true, tsconfig: '<rootDir>/test/tsconfig.json' }] },
  setupFilesAfterEnv: [fileURLToPath(new URL('jest-retry.js', import.meta.url))],
  testSequencer: fileURLToPath(new URL('jest-slow-first.js', import.meta.url)),
  // Many tests wait for sockets and timers: one worker, as jest would have on two processors, leaves one of them idle.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  // Real handshakes with signatures in JavaScript, on machines that do other things too.
  testTimeout: 30_000,
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  reporters: ['default', fileURLToPath(new URL('jest-summary.js', import.meta.url))],
  collectCoverageFrom: ['<rootDir>/src/**/*.ts'],
  coverageDirectory: '<rootDir>/coverage',
};
