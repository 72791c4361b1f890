import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';

const text = (file: string): string => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');

test('every error code is explained in the README', () => {
  const codes = new Set(text('src/errors.ts').match(/ANNEX_[A-Z_]+/g));
  const readme = text('README.md');
  for (const code of codes) expect([code, readme.includes(`\`${code}\``)]).toEqual([code, true]);
});

test('every option and its default is in the README', () => {
  const readme = text('README.md');
  for (const [, name] of text('src/options.ts').matchAll(/readonly (\w+)\?:/g))
    expect([name, readme.includes(`\`${name}\``)]).toEqual([name, true]);
});
