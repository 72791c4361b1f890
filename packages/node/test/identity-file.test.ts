import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Identity } from '@yakmesh/crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { loadIdentity, readIdentitySummary, saveIdentity } from '../src/identity-file.js';
import { temporaryFolder } from './temporary-folder.js';

const folder = temporaryFolder();
const file = (name: string): string => join(folder.path, name);
const PASSPHRASE = 'yak caravans';
let identity: Identity;

beforeAll(async () => {
  identity = await Identity.generate();
  await saveIdentity(file('plain'), identity);
  await saveIdentity(file('sealed'), identity, { passphrase: PASSPHRASE });
});

afterAll(() => {
  identity.destroy();
  folder.remove();
});

function store(name: string, bytes: Uint8Array): string {
  writeFileSync(file(name), bytes, { mode: 0o600 });
  return file(name);
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

test('a plain file brings back the identity', async () => {
  expect((await loadIdentity(file('plain'))).nodeId).toBe(identity.nodeId);
});

test('a sealed file brings back the identity with its passphrase', async () => {
  expect((await loadIdentity(file('sealed'), { passphrase: PASSPHRASE })).nodeId).toBe(identity.nodeId);
});

test('a summary names the node and whether it is sealed', async () => {
  expect(await readIdentitySummary(file('sealed'))).toEqual({ nodeId: identity.nodeId, isSealed: true });
  expect(await readIdentitySummary(file('plain'))).toEqual({ nodeId: identity.nodeId, isSealed: false });
});

test('a new file is for its owner alone, and its temporary is gone', () => {
  expect(statSync(file('plain')).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder.path).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});

test('a plain file is the magic, a version, the node id and the seed', () => {
  const bytes = readFileSync(file('plain'));
  expect(bytes.length).toBe(69);
  expect(bytes.subarray(0, 5).toString('latin1')).toBe('YKSD\u0001');
  expect([...bytes.subarray(5, 37)]).toEqual([...identity.nodeIdBytes]);
});

test('a sealed file needs a passphrase', async () => {
  await expect(loadIdentity(file('sealed'))).rejects.toMatchObject({ code: 'IDENTITY_NEEDS_PASSPHRASE' });
});

test('a wrong passphrase is refused', async () => {
  const wrong = loadIdentity(file('sealed'), { passphrase: 'yak caravan' });
  await expect(wrong).rejects.toMatchObject({ code: 'IDENTITY_BAD_PASSPHRASE' });
});

test('a file that is there is never overwritten', async () => {
  const before = readFileSync(file('plain'));
  await expect(saveIdentity(file('plain'), identity)).rejects.toMatchObject({ code: 'IDENTITY_FILE_EXISTS' });
  expect(readFileSync(file('plain')).equals(before)).toBe(true);
});

test('of two who create the same file at once one wins and the other is told', async () => {
  const other = await Identity.generate();
  const both = await Promise.allSettled([identity, other].map((each) => saveIdentity(file('race'), each)));
  const winner = both.findIndex(({ status }) => status === 'fulfilled');
  expect(both.filter(({ status }) => status === 'rejected')).toMatchObject([
    { reason: { code: 'IDENTITY_FILE_EXISTS' } },
  ]);
  expect((await loadIdentity(file('race'))).nodeId).toBe([identity, other][winner]?.nodeId);
});

test.each([0o640, 0o604, 0o620, 0o601])('mode %o lets others in and is refused', async (mode) => {
  const path = store(`mode-${mode}`, readFileSync(file('plain')));
  await chmod(path, mode);
  await expect(loadIdentity(path)).rejects.toMatchObject({ code: 'IDENTITY_FILE_PERMISSIONS' });
});

test('a missing file, a folder, and a folder that is missing each have their code', async () => {
  mkdirSync(file('folder'));
  await expect(loadIdentity(file('none'))).rejects.toMatchObject({ code: 'IDENTITY_FILE_MISSING' });
  await expect(loadIdentity(file('folder'))).rejects.toMatchObject({ code: 'IDENTITY_FILE_UNREADABLE' });
  const nowhere = saveIdentity(join(file('nowhere'), 'a'), identity);
  await expect(nowhere).rejects.toMatchObject({ code: 'IDENTITY_FILE_UNWRITABLE' });
});

test('a plain file with any byte of it changed is refused as damaged', async () => {
  const bytes = readFileSync(file('plain'));
  for (const at of [0, 4, 5, 36, 37, 68]) {
    const path = store(`flipped-${at}`, flipped(bytes, at));
    await expect(loadIdentity(path)).rejects.toMatchObject({ code: 'IDENTITY_BAD_FILE' });
  }
});

test('a file cut short, too long or empty is refused as damaged', async () => {
  const plain = readFileSync(file('plain'));
  for (const bytes of [new Uint8Array(), plain.subarray(1), new Uint8Array(1_000_000)]) {
    const path = store(`length-${bytes.length}`, bytes);
    await expect(loadIdentity(path)).rejects.toMatchObject({ code: 'IDENTITY_BAD_FILE' });
  }
});

test('no error tells the seed', async () => {
  const bytes = readFileSync(file('plain'));
  const path = store('told', flipped(bytes, 5));
  const error: unknown = await loadIdentity(path).catch((caught: unknown) => caught);
  expect(JSON.stringify(error) + String(error)).not.toContain(bytes.subarray(37).toString('hex'));
});
