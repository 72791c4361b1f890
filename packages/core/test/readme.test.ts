import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { Identity } from '@yakmesh/crypto';
import { MeshNetwork, RATE_LIMITER_DEFAULTS } from '../src/index.js';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const readme = read('../README.md');

/** First cells of table rows, as they stand between backquotes. */
const rows = new Set([...readme.matchAll(/^\| `([^`]+)`/gm)].map(([, cell]) => cell));

test('the README explains every error code, and none that does not exist', () => {
  const codes = new Set(read('../src/errors.ts').match(/(?<=')(MESH|LINK|PEER|PROTOCOL)_[A-Z_]+(?=')/g));
  for (const ofArguments of ['MESH_BAD_OPTION', 'MESH_BAD_ARGUMENT']) codes.delete(ofArguments);
  const explained = [...rows].filter((cell) => /^(MESH|LINK|PEER|PROTOCOL)_/.test(cell ?? ''));
  expect(explained.sort()).toEqual([...codes].sort());
});

test('the README lists every option and every key of rateLimiter', async () => {
  const identity = await Identity.generate();
  const unknown = { none: 1 } as object;
  const named = (options: object): string[] => {
    try {
      new MeshNetwork(identity, options);
    } catch (error) {
      const [, list = ''] = /known are (.*)\./.exec(String(error)) ?? [];
      return list.split(', ');
    }
    return [];
  };
  const options = [...named(unknown), ...named({ rateLimiter: unknown })];
  expect(options).toEqual(expect.arrayContaining(['wsPort', ...Object.keys(RATE_LIMITER_DEFAULTS)]));
  expect(options.filter((name) => !rows.has(name))).toEqual([]);
});
