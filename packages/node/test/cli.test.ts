import { afterAll, expect, test } from '@jest/globals';
import { PassThrough } from 'node:stream';
import { chmodSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { askNewPassphrase, askPassphrase } from '../src/cli/passphrase.js';
import { describeCodebase } from '../src/codebase-fingerprint.js';
import type { DoctorReport } from '../src/doctor.js';
import { runCli } from './cli-process.js';
import { temporaryFolder } from './temporary-folder.js';

const folder = temporaryFolder();
const file = (name: string): string => join(folder.path, name);

afterAll(() => folder.remove());

test('id creates a plain file on request and later shows whose it is', async () => {
  const created = await runCli(['id', file('plain'), '--no-passphrase', '--json']);
  const shown = await runCli(['id', file('plain'), '--json']);
  const report = JSON.parse(created.stdout) as Record<string, unknown>;
  expect(report).toMatchObject({ file: file('plain'), created: true, sealed: false });
  expect(JSON.parse(shown.stdout)).toEqual({ ...report, created: false, checked: true });
  expect(statSync(file('plain')).mode & 0o777).toBe(0o600);
});

test('id seals with the passphrase of the environment, and a wrong one is refused', async () => {
  const args = ['id', file('sealed')];
  const created = await runCli(args, { env: { YAKMESH_PASSPHRASE: 'right' } });
  const wrong = await runCli(args, { env: { YAKMESH_PASSPHRASE: 'wrong' } });
  const right = await runCli([...args, '--check', '--json'], { env: { YAKMESH_PASSPHRASE: 'right' } });
  const closed = await runCli([...args, '--json']);
  expect(created.code).toBe(0);
  expect([wrong.code, wrong.stdout]).toEqual([1, '']);
  expect(wrong.stderr).toMatch(/^yakmesh: IDENTITY_BAD_PASSPHRASE: [^\n]+\n$/);
  expect(JSON.parse(right.stdout)).toMatchObject({ checked: true, sealed: true });
  expect(JSON.parse(closed.stdout)).toMatchObject({ checked: false, sealed: true });
});

test('id refuses to create a file without a passphrase unless told to', async () => {
  const { code, stderr } = await runCli(['id', file('none')]);
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/^yakmesh: IDENTITY_NEEDS_PASSPHRASE: .*--no-passphrase/),
  ]);
});

test('id refuses a file that others can read', async () => {
  await runCli(['id', file('open'), '--no-passphrase']);
  chmodSync(file('open'), 0o644);
  const { code, stderr } = await runCli(['id', file('open')]);
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/^yakmesh: IDENTITY_FILE_PERMISSIONS: .*chmod 600/),
  ]);
});

test('doctor --json reports providers, pool, fingerprint and limits', async () => {
  const { code, stdout } = await runCli(['doctor', '--json']);
  const report = JSON.parse(stdout) as DoctorReport;
  expect([code, report.ok, report.problems]).toEqual([0, true, []]);
  expect(report.crypto.map(({ algorithm }) => algorithm)).toEqual(
    expect.arrayContaining(['ML-DSA-65', 'X-Wing']),
  );
  expect(['workers', 'native-async']).toContain(report.pool?.mode);
  expect(report.codebase).toEqual(await describeCodebase());
  expect(report.limits.length).toBeGreaterThan(5);
});

test('doctor names what it cannot include, and fails', async () => {
  const { code, stdout, stderr } = await runCli(['doctor', '--include', file('nowhere')]);
  expect(code).toBe(1);
  expect(stdout).toContain('A node cannot work here.');
  expect(stderr).toMatch(/^yakmesh: CODEBASE_UNREADABLE: [^\n]+\n$/);
});

test.each([
  [['dmo'], /unknown command 'dmo' \(Did you mean demo\?\)/],
  [['demo', '--nods', '5'], /unknown option '--nods'/],
  [['demo', '--nodes', '1'], /whole number from 2 to 16/],
  [['demo', '--nodes', 'x'], /whole number from 2 to 16/],
  [['demo', '--timeout', '0'], /number from 0.001 to 3600/],
  [['demo', '--json'], /'--json' needs '--once'/],
  [['demo', 'extra'], /too many arguments/],
  [['id', 'a', 'b'], /too many arguments/],
])('%j is refused as wrong usage with exit code 2', async (args, message) => {
  const { code, stdout, stderr } = await runCli(args);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(message);
  expect(stderr).toMatch(/^yakmesh: USAGE: [^\n]+\n$/);
});

test('help is printed where it was asked for, and as a mistake where no command was given', async () => {
  const [asked, none] = await Promise.all([runCli(['--help']), runCli([])]);
  expect([asked.code, none.code]).toEqual([0, 2]);
  expect(asked.stdout).toBe(none.stderr);
});

function typed(text: string): { input: PassThrough; output: PassThrough } {
  const input = new PassThrough();
  input.end(text);
  return { input, output: new PassThrough() };
}

test('a passphrase is asked for without echo', async () => {
  const streams = typed('secret\r');
  expect(await askPassphrase('Passphrase: ', streams)).toBe('secret');
  expect(String(streams.output.read())).toBe('Passphrase: \n');
});

test.each(['', '\r', '\u0003'])('no passphrase, as by %j, is refused', async (text) => {
  await expect(askPassphrase('?', typed(text))).rejects.toMatchObject({ code: 'IDENTITY_NEEDS_PASSPHRASE' });
});

test('a new passphrase must be typed the same twice', async () => {
  const input = new PassThrough();
  const output = new PassThrough();
  const answers = ['one\r', 'two\r'];
  output.on('data', (text: Buffer) => text.toString().endsWith(': ') && input.write(answers.shift() ?? ''));
  await expect(askNewPassphrase({ input, output })).rejects.toMatchObject({
    message: expect.stringMatching(/differ/),
  });
});
