import { afterAll, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openLog } from '../../src/log/node-log.js';
import { prettyLine } from '../../src/log/pretty-line.js';
import { temporaryFolder } from '../temporary-folder.js';

const folder = temporaryFolder();

afterAll(() => folder.remove());

test('each event is one JSON line with time and level, from the level on that was asked for', async () => {
  const destination = join(folder.path, 'log');
  const log = openLog({ level: 'info', isPretty: false, destination });
  log.debug({ a: 1 }, 'unseen');
  log.child?.({ protocol: 'echo/1' }).info({ peer: 'yak1' }, 'seen 100 %s');
  log.error({}, 'last');
  await log.end();
  const lines = readFileSync(destination, 'utf8').trim().split('\n');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    { level: 'info', time: expect.any(String), protocol: 'echo/1', peer: 'yak1', msg: 'seen 100 %s' },
    { level: 'error', time: expect.any(String), msg: 'last' },
  ]);
});

test('a secret that got into a line is not said there', async () => {
  const destination = join(folder.path, 'secrets');
  const log = openLog({ level: 'info', isPretty: false, destination });
  log.info({ passphrase: 'open sesame', settings: { token: 'open sesame' } }, 'careless');
  await log.end();
  expect(readFileSync(destination, 'utf8')).not.toContain('sesame');
});

test('a line for people has time, level, sentence and fields, and cannot repaint the terminal', () => {
  const line = JSON.stringify({
    level: 'warn',
    time: '2026-11-28T21:03:11.986Z',
    peer: 'a\u001b[2Jb',
    n: 3,
    msg: 'Careful.',
  });
  expect(prettyLine(line)).toBe('21:03:11.986  warn   Careful.  peer=a�[2Jb  n=3\n');
});
