import { existsSync } from 'node:fs';
import { readdirSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import * as api from '../src/index.js';
import { loadVectors } from './vector-files.mjs';
import { VECTOR_FILES, vectorCases } from './vector-suite.mjs';

const provider = api.nobleProvider;

test('every vector file is here, named by the suite, and documented', () => {
  const folder = new URL('vectors/', import.meta.url);
  const files = readdirSync(folder).filter((name) => name.endsWith('.json.gz'));
  expect(files.map((name) => name.replace('.json.gz', '')).sort()).toEqual(Object.keys(VECTOR_FILES).sort());
  expect(existsSync(new URL('README.md', folder))).toBe(true);
});

test.each(vectorCases({ api, provider }, loadVectors))('noble: $name', async ({ name, run }) => {
  expect(await run()).toBe(VECTOR_FILES[name]);
});

// Node's own X25519 exists in every supported release; its lattice algorithms are tested by run-suites.mjs.
const withNativeCurve = ['wycheproof-x25519', 'xwing-draft'];
test.each(withNativeCurve)('whatever this Node has natively: %s', async (file) => {
  const subject = { api, provider: await api.autoProvider() };
  const found = vectorCases(subject, loadVectors).find(({ name }) => name === file);
  expect(await found?.run()).toBe(VECTOR_FILES[file]);
});

test.each([{ testGroups: [] }, { testGroups: [{ tests: [] }] }])(
  'an empty vector file fails',
  async (empty) => {
    const [first] = vectorCases({ api, provider }, () => empty);
    await expect(first?.run()).rejects.toThrow(/0 cases/);
  },
);
