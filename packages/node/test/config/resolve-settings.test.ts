import { afterAll, expect, test } from '@jest/globals';
import { mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { resolveSettings, type SettingSources } from '../../src/config/resolve-settings.js';
import { ConfigError } from '../../src/errors.js';
import { temporaryFolder } from '../temporary-folder.js';

const folder = temporaryFolder();
let files = 0;

afterAll(() => folder.remove());

function configFile(content: unknown): string {
  files += 1;
  const path = join(folder.path, `config-${files}.json`);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

function resolve(sources: Partial<SettingSources>): ReturnType<typeof resolveSettings> {
  return resolveSettings({
    flags: { dataDir: folder.path, ...sources.flags },
    env: sources.env ?? {},
    wanted: sources.wanted,
  });
}

async function problemsOf(sources: Partial<SettingSources>): Promise<readonly string[]> {
  const error: unknown = await resolve(sources).catch((caught: unknown) => caught);
  if (error instanceof ConfigError) return error.problems;
  throw new Error('The settings were accepted.');
}

test('flags win over the environment, the environment over the file, the file over defaults', async () => {
  const config = configFile({ wsPort: 1, maxPeers: 1, portRetries: 1 });
  const { settings, origins } = await resolve({
    flags: { config, wsPort: '3' },
    env: { YAKMESH_WS_PORT: '2', YAKMESH_MAX_PEERS: '2' },
  });
  const { wsPort, maxPeers, portRetries, logLevel } = settings;
  expect([wsPort, maxPeers, portRetries, logLevel]).toEqual([3, 2, 1, 'info']);
  expect([
    origins.wsPort.place,
    origins.maxPeers.place,
    origins.portRetries.place,
    origins.logLevel.place,
  ]).toEqual(['--ws-port', 'YAKMESH_MAX_PEERS', `${config}: portRetries`, 'default']);
});

test('without anything the data directory is ~/.yakmesh, and what is in it follows', async () => {
  const { settings } = await resolveSettings({ flags: {}, env: {} });
  const dataDir = join(homedir(), '.yakmesh');
  expect(settings).toMatchObject({
    dataDir,
    identityFile: join(dataDir, 'identity'),
    wsPort: 9_001,
    join: [],
  });
});

test('all that is wrong with all sources is said at once, with its place and what to give instead', async () => {
  const config = configFile({
    wsPort: '9001',
    prot: 1,
    passphrase: 'x',
    rateLimiter: { banThreshold: 0, x: 1 },
    join: ['http://a'],
  });
  const problems = await problemsOf({
    flags: { config, maxPeers: 'many', publicHost: 'a b' },
    env: { YAKMESH_LOG_LEVEL: 'loud', YAKMESH_WS_PORT: '70000' },
  });
  expect(problems).toEqual([
    expect.stringMatching(/^--public-host is a host name.*not "a b"\.$/),
    '--max-peers is a whole number from 0 to 10000, not "many".',
    'YAKMESH_LOG_LEVEL is one of debug, info, warn, error, silent, not "loud".',
    'YAKMESH_WS_PORT is a whole number from 0 to 65535, not "70000".',
    `${config}: wsPort is a whole number from 0 to 65535, not "9001".`,
    expect.stringMatching(/: prot is no setting; known are dataDir, .*rateLimiter\.$/),
    `${config}: passphrase is never read from a file: set YAKMESH_PASSPHRASE, or type it when asked.`,
    expect.stringMatching(/: rateLimiter\.banThreshold is a whole number from 1/),
    expect.stringMatching(/: rateLimiter\.x is no setting; known are maxConnectionsPerMinute/),
    expect.stringMatching(/: join is at most 64 of: ws:\/\/.*not \["http:\/\/a"\]\.$/),
  ]);
});

test('a value that a higher source overrides is looked at too', async () => {
  const problems = await problemsOf({ flags: { wsPort: '1' }, env: { YAKMESH_WS_PORT: 'x' } });
  expect(problems).toEqual([expect.stringMatching(/^YAKMESH_WS_PORT/)]);
});

test.each([
  ['{"wsPort": 1,}', /not JSON that can be used at line 1, column \d+/],
  ['{"wsPort": 1, "wsPort": 2}', /has a key twice/],
  ['{"__proto__": {}}', /not JSON that can be used/],
  ['[]', /one JSON object/],
  ['', /not JSON/],
  [`{"host": "${'x'.repeat(1_100_000)}"}`, /more than 1048576 bytes/],
])('a file like %#. is refused as a whole', async (content, message) => {
  expect(await problemsOf({ flags: { config: configFile(content) } })).toEqual([
    expect.stringMatching(message),
  ]);
});

test('a file that was named must be there, the one in the data directory need not', async () => {
  const config = join(folder.path, 'none.json');
  expect(await problemsOf({ flags: { config } })).toEqual([`There is no configuration file ${config}.`]);
  expect(await problemsOf({ env: { YAKMESH_CONFIG: config } })).toEqual([
    `There is no configuration file ${config}.`,
  ]);
  expect((await resolve({})).file).toBeUndefined();
});

test('a file found in the data directory is read, and cannot say where the data directory is', async () => {
  const dataDir = join(folder.path, 'own');
  mkdirSync(dataDir);
  const path = join(dataDir, 'yakmesh.config.json');
  writeFileSync(path, '{"wsPort": 7}');
  expect(await resolve({ flags: { dataDir } })).toMatchObject({ file: path, settings: { wsPort: 7 } });
  writeFileSync(path, '{"dataDir": "elsewhere"}');
  expect(await problemsOf({ flags: { dataDir } })).toEqual([
    expect.stringMatching(/name the file by --config\.$/),
  ]);
});

test('paths in a file are relative to its folder, a named file may say where the data directory is, and ~ is home', async () => {
  const config = configFile({ dataDir: 'data', identityFile: '~/me' });
  const { settings } = await resolveSettings({ flags: { config }, env: {} });
  expect(settings).toMatchObject({
    dataDir: join(folder.path, 'data'),
    identityFile: join(homedir(), 'me'),
    controlPath: join(folder.path, 'data', 'control.sock'),
  });
});

test('variables that are empty count as absent, and unknown ones of our prefix are passed over with a word', async () => {
  const env = { YAKMESH_WS_PORT: '', YAKMESH_SERVICE_HOST: '10.0.0.1', YAKMESH_PASSPHRASE: 'secret' };
  const { settings, warnings } = await resolve({ env });
  expect(settings.wsPort).toBe(9_001);
  expect(warnings).toEqual(['YAKMESH_SERVICE_HOST is no setting of yakmesh, and is passed over.']);
});

test('lists are separated by commas or blanks, and their parts are looked at', async () => {
  const { settings } = await resolve({
    flags: { join: ['ws://a:1', 'wss://b'] },
    env: { YAKMESH_TRUSTED_PROXIES: '127.0.0.1, 10.0.0.0/8' },
  });
  expect(settings.join).toEqual(['ws://a:1', 'wss://b']);
  expect(settings.trustedProxies).toEqual(['127.0.0.1', '10.0.0.0/8']);
  const many = Array.from({ length: 65 }, () => 'ws://a').join(' ');
  expect(await problemsOf({ env: { YAKMESH_JOIN: many } })).toEqual([
    expect.stringMatching(/^YAKMESH_JOIN is at most 64/),
  ]);
});

test('a socket’s path that no system takes is a problem that says what to do', async () => {
  const problems = await problemsOf({ flags: { dataDir: join(folder.path, 'x'.repeat(100)) } });
  expect(problems).toEqual([expect.stringMatching(/too long for a socket.*--control-path\.$/)]);
});

test('who asks only where a node is does not hear of other settings', async () => {
  const sources = { env: { YAKMESH_WS_PORT: 'x' }, wanted: ['dataDir', 'controlPath'] as const };
  expect((await resolve(sources)).settings.dataDir).toBe(folder.path);
  expect(await problemsOf({ ...sources, flags: { config: configFile('{') } })).toHaveLength(1);
});
