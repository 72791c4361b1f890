// Runs every vector and every cross-provider check on the built package under the Node that executes this file, without
// jest: `node test/run-suites.mjs`. Prints one JSON line {node, native, passed, failed}; exits 1 on a failure.
import * as api from '../dist/index.js';
import { crossCases } from './cross-suite.mjs';
import { loadVectors } from './vector-files.mjs';
import { vectorCases } from './vector-suite.mjs';

const ROUNDS = 50;

const native = await api.nativeProvider();
const auto = await api.autoProvider();
const noble = api.nobleProvider;
const suites = [
  ...vectorCases({ api, provider: noble }, loadVectors).map((test) => ({
    ...test,
    name: `noble ${test.name}`,
  })),
  ...vectorCases({ api, provider: auto }, loadVectors).map((test) => ({
    ...test,
    name: `auto ${test.name}`,
  })),
  ...crossCases({ api, here: auto, there: noble, rounds: ROUNDS }),
];
const failed = [];
let passed = 0;
for (const { name, run } of suites) {
  try {
    await run();
    passed++;
  } catch (error) {
    failed.push(`${name}: ${error.message}`);
  }
}
const algorithms = Object.keys(native ?? {}).filter((key) => key !== 'name');
console.log(JSON.stringify({ node: process.version, native: algorithms, passed, failed }));
process.exitCode = failed.length === 0 ? 0 : 1;
