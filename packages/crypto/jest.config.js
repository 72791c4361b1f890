import preset from '../../tools/jest.preset.js';

export default {
  ...preset,
  displayName: 'crypto',
  // These two run where jest cannot count: in a worker thread from dist, and natively on the newest Node, where
  // run-suites.mjs puts every vector through them.
  coveragePathIgnorePatterns: ['/node_modules/', '/src/pool-worker.ts', '/src/native-node.ts'],
};
