import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import {
  allowList,
  ConnectionRateLimiter,
  createGuard,
  denyList,
  MessageValidator,
  NAVR,
  NonceRegistry,
  RATE_LIMITER_DEFAULTS,
  ReplayDefense,
  ReputationTracker,
  SafeJsonParser,
  SequenceTracker,
  SubnetDiversity,
  TimestampValidator,
  trustedProxies,
} from '../src/index.js';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const readme = read('../README.md');

const CODE_FILES = ['errors', 'guard', 'limit-verdict', 'navr-verdict', 'replay-verdict'];
const CODE = /^(GUARD|JSON|MESSAGE|NAVR|NONCE|REPLAY|SENDER|SEQUENCE|TIMESTAMP)_[A-Z0-9_]+$/;
const UNKNOWN = { none: 1 } as object;

/** The section of the README under a heading, down to the next of its level; tables have one row an option. */
function rowsUnder(heading: string): ReadonlySet<string> {
  const level = /^#+/.exec(heading)?.[0].length ?? 0;
  const start = readme.indexOf(`\n${heading}\n`) + 1;
  if (start === 0) throw new Error(`The README has no heading "${heading}".`);
  const body = readme.slice(start + heading.length);
  const end = body.search(new RegExp(`^#{1,${level}} `, 'm'));
  const section = end === -1 ? body : body.slice(0, end);
  const cells = [...section.matchAll(/^\|([^|]+)\|/gm)].map(([, cell = '']) => cell);
  return new Set(cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)));
}

/** The keys that an options object may have, as the refusal of an unknown one lists them. */
function optionsOf(make: (options: object) => unknown): string[] {
  try {
    make(UNKNOWN);
  } catch (error) {
    const [, list = ''] = /known are (.*)\./.exec(String(error)) ?? [];
    return list.split(', ');
  }
  return [];
}

test('the README explains every code, and none that does not exist', () => {
  const quoted = CODE_FILES.flatMap((file) =>
    read(`../src/${file}.ts`).match(/(?<=')[A-Z]+_[A-Z0-9_]+(?=')/g),
  );
  const codes = new Set(quoted.filter((code) => code !== undefined && CODE.test(code ?? '')));
  expect(codes.size).toBeGreaterThan(40);
  expect([...rowsUnder('## Codes')].filter((name) => CODE.test(name)).sort()).toEqual([...codes].sort());
});

test.each<[string, (options: object) => unknown]>([
  ['## The guard', (options) => createGuard(options)],
  ['### Gates', (options) => allowList(options)],
  ['### Gates', (options) => denyList(options)],
  ['### Behind a reverse proxy', (options) => trustedProxies([], options)],
  ['## ConnectionRateLimiter', (options) => new ConnectionRateLimiter(options)],
  ['## SubnetDiversity', (options) => new SubnetDiversity(options)],
  ['## SafeJsonParser', (options) => new SafeJsonParser(options)],
  ['## MessageValidator', (options) => new MessageValidator(options)],
  ['## ReplayDefense', (options) => new ReplayDefense(options)],
  ['## ReplayDefense', (options) => new NonceRegistry(options)],
  ['## ReplayDefense', (options) => new TimestampValidator(options)],
  ['## ReplayDefense', (options) => new SequenceTracker(options)],
  ['## NAVR', (options) => new NAVR(options)],
  ['## ReputationTracker', (options) => new ReputationTracker(options)],
])('the README lists every option under "%s"', (heading, make) => {
  const options = optionsOf(make);
  const rows = rowsUnder(heading);
  expect(options.length).toBeGreaterThan(0);
  expect(options.filter((name) => !rows.has(name))).toEqual([]);
});

test('the README states the limits that the limiter has by default', () => {
  const stated = Object.keys(RATE_LIMITER_DEFAULTS).map((name) => {
    const [, cell = ''] = new RegExp(`^\\| \`${name}\` +\\| ([^|]+)\\|`, 'm').exec(readme) ?? [];
    return [name, Number(cell.replace(/,| ms/g, ''))] as const;
  });
  expect(Object.fromEntries(stated)).toEqual(RATE_LIMITER_DEFAULTS);
});

test('the README names every method of the limiter', () => {
  const methods = Object.getOwnPropertyNames(ConnectionRateLimiter.prototype).filter(
    (name) => name !== 'constructor',
  );
  expect(methods.filter((name) => !readme.includes(`\`${name}`))).toEqual([]);
});
