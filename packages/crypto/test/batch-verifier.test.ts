import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { BatchUse, BatchVerifierOptions, SignedBatch } from '../src/index.js';
import { BatchSigner, BatchVerifier, CryptoError, randomBytes } from '../src/index.js';
import { anyBytes } from './arbitraries.js';
import { deferred, fakeIdentity, fakeSign, fakeVerify, settled } from './fakes.js';

const netFp = new Uint8Array(32).fill(9);
const identity = fakeIdentity();
const { publicKey } = identity;
const garbage = new Uint8Array(3309).fill(7);

async function newBatch(use: BatchUse = 'gossip', from = identity): Promise<SignedBatch> {
  const signer = new BatchSigner({
    identity: from,
    netFp,
    sign: fakeSign(from),
    now: () => 1_000,
    randomBytes,
  });
  return (await signer.add(use, Uint8Array.of(1))).batch;
}

interface Rig {
  readonly verifier: BatchVerifier;
  readonly time: { nowMs: number };
  readonly calls: { count: number };
}

function newRig(options: Partial<BatchVerifierOptions> = {}): Rig {
  const time = { nowMs: 0 };
  const calls = { count: 0 };
  const verifier = new BatchVerifier({
    netFp,
    now: () => time.nowMs,
    ...options,
    verify: (...args) => {
      calls.count++;
      return (options.verify ?? fakeVerify)(...args);
    },
  });
  return { verifier, time, calls };
}

test('a good head is verified once and found ever after, whoever sends it', async () => {
  const { verifier, calls } = newRig();
  const { head, signature } = await newBatch();
  const root = await verifier.verifyHead('gossip', publicKey, head, signature, 'bob');
  expect(root).toMatchObject({
    use: 'gossip',
    depth: 0,
    count: 1,
    signer: identity.nodeIdBytes,
    timeMs: 1_000,
  });
  expect(await verifier.verifyHead('gossip', publicKey, head, signature, 'carol')).toBe(root);
  expect(verifier.lookup('gossip', publicKey, head)).toBe(root);
  expect(calls.count).toBe(1);
});

test('garbage sent first does not censor the genuine message', async () => {
  const { verifier } = newRig();
  const { head, signature } = await newBatch();
  expect(await verifier.verifyHead('gossip', publicKey, head, garbage, 'mallory')).toBeUndefined();
  expect(await verifier.verifyHead('gossip', publicKey, head, signature, 'bob')).toBeDefined();
});

test('garbage sent at the same time does not censor the genuine message', async () => {
  const { verifier } = newRig();
  const { head, signature } = await newBatch();
  const [bad, good] = await Promise.all([
    verifier.verifyHead('gossip', publicKey, head, garbage, 'mallory'),
    verifier.verifyHead('gossip', publicKey, head, signature, 'bob'),
  ]);
  expect([bad, good?.signature]).toEqual([undefined, signature]);
});

test('garbage sent later passes as a known head, but the signature to forward is the genuine one', async () => {
  const { verifier, calls } = newRig();
  const { head, signature } = await newBatch();
  await verifier.verifyHead('gossip', publicKey, head, signature, 'bob');
  const root = await verifier.verifyHead('gossip', publicKey, head, garbage, 'mallory');
  expect(root?.signature).toEqual(signature);
  expect(calls.count).toBe(1);
});

test('a head verified for one use does not pass for another', async () => {
  const { verifier } = newRig();
  const { head, signature } = await newBatch('gossip');
  await verifier.verifyHead('gossip', publicKey, head, signature, 'bob');
  expect(verifier.lookup('desc', publicKey, head)).toBeUndefined();
  expect(await verifier.verifyHead('desc', publicKey, head, signature, 'bob')).toBeUndefined();
});

test('a head verified in one network does not pass in another', async () => {
  const { head, signature } = await newBatch();
  const { verifier } = newRig({ netFp: new Uint8Array(32) });
  expect(await verifier.verifyHead('gossip', publicKey, head, signature, 'bob')).toBeUndefined();
});

test('a head that names another signer than the key is refused unseen', async () => {
  const { verifier, calls } = newRig();
  const { head, signature } = await newBatch('gossip', fakeIdentity(2));
  expect(await verifier.verifyHead('gossip', publicKey, head, signature, 'mallory')).toBeUndefined();
  expect([calls.count, verifier.counters.refused]).toEqual([0, 1]);
});

test('a flood of one bad head costs one verification, from however many neighbours', async () => {
  const { verifier, calls } = newRig();
  const { head } = await newBatch();
  for (let i = 0; i < 50; i++)
    await verifier.verifyHead('gossip', publicKey, head, garbage, `neighbour ${i % 5}`);
  expect(calls.count).toBe(1);
  expect(verifier.counters).toMatchObject({ verifications: 1, bad: 1, negativeHits: 49 });
});

test('a head that arrives many times while it is being verified is verified once', async () => {
  const gate = deferred<boolean>();
  const { verifier, calls } = newRig({ verify: () => gate.promise });
  const { head, signature } = await newBatch();
  const waiting = Array.from({ length: 20 }, (_, i) =>
    verifier.verifyHead('gossip', publicKey, head, signature, `neighbour ${i}`),
  );
  gate.resolve(true);
  const roots = await Promise.all(waiting);
  expect([calls.count, new Set(roots).size, verifier.counters.joined]).toEqual([1, 1, 19]);
});

test('one waiter that gives up does not take the others along; when all do, the work is cancelled', async () => {
  const gate = deferred<boolean>();
  let cancelled: AbortSignal | undefined;
  const { verifier } = newRig({
    verify: (_key, _head, _signature, _context, signal) => {
      cancelled = signal;
      return gate.promise;
    },
  });
  const { head, signature } = await newBatch();
  const [one, two] = [new AbortController(), new AbortController()];
  const first = verifier.verifyHead('gossip', publicKey, head, signature, 'bob', one.signal);
  const second = verifier.verifyHead('gossip', publicKey, head, signature, 'carol', two.signal);
  one.abort(new Error('enough'));
  await expect(first).rejects.toThrow('enough');
  expect(cancelled?.aborted).toBe(false);
  two.abort(new Error('enough'));
  await expect(second).rejects.toThrow('enough');
  expect(cancelled?.aborted).toBe(true);
});

test('a verification that could not be done is remembered neither as good nor as bad', async () => {
  let isFull = true;
  const { verifier } = newRig({
    verify: (...args) =>
      isFull ? Promise.reject(new CryptoError('CRYPTO_POOL_FULL', 'full')) : fakeVerify(...args),
  });
  const { head, signature } = await newBatch();
  const failed = verifier.verifyHead('gossip', publicKey, head, signature, 'bob');
  await expect(failed).rejects.toMatchObject({ code: 'CRYPTO_POOL_FULL' });
  isFull = false;
  expect(await verifier.verifyHead('gossip', publicKey, head, signature, 'bob')).toBeDefined();
});

test('a root is forgotten after its life and verified anew', async () => {
  const { verifier, time, calls } = newRig({ rootLifeMs: 100 });
  const { head, signature } = await newBatch();
  await verifier.verifyHead('gossip', publicKey, head, signature, 'bob');
  time.nowMs = 99;
  expect(verifier.lookup('gossip', publicKey, head)).toBeDefined();
  time.nowMs = 100;
  expect(verifier.lookup('gossip', publicKey, head)).toBeUndefined();
  await verifier.verifyHead('gossip', publicKey, head, signature, 'bob');
  expect(calls.count).toBe(2);
});

test('a bad head is forgotten after its life', async () => {
  const { verifier, time, calls } = newRig({ negativeLifeMs: 100 });
  const { head } = await newBatch();
  await verifier.verifyHead('gossip', publicKey, head, garbage, 'mallory');
  time.nowMs = 100;
  await verifier.verifyHead('gossip', publicKey, head, garbage, 'mallory');
  expect(calls.count).toBe(2);
});

test('of too many roots the least recently used is forgotten', async () => {
  const { verifier } = newRig({ rootsMax: 2 });
  const batches = [await newBatch(), await newBatch(), await newBatch()];
  const [first, second, third] = batches as [SignedBatch, SignedBatch, SignedBatch];
  await verifier.verifyHead('gossip', publicKey, first.head, first.signature, 'bob');
  await verifier.verifyHead('gossip', publicKey, second.head, second.signature, 'bob');
  verifier.lookup('gossip', publicKey, first.head);
  await verifier.verifyHead('gossip', publicKey, third.head, third.signature, 'bob');
  const found = batches.map(({ head }) => verifier.lookup('gossip', publicKey, head) !== undefined);
  expect(found).toEqual([true, false, true]);
});

test("a flood of different garbage pushes out the flooder's entries and nobody else's", async () => {
  const { verifier, calls } = newRig({ negativeMax: 4 });
  const { head } = await newBatch();
  await verifier.verifyHead('gossip', publicKey, head, garbage, 'bob');
  for (let i = 0; i < 20; i++) {
    await verifier.verifyHead('gossip', publicKey, head, new Uint8Array(3309).fill(i + 50), 'mallory');
  }
  const before = calls.count;
  await verifier.verifyHead('gossip', publicKey, head, garbage, 'carol');
  expect(calls.count).toBe(before);
});

test('the roots of a revoked signer are dropped, its heads refused, and no one else is touched', async () => {
  const { verifier } = newRig();
  const other = fakeIdentity(2);
  const [mine, theirs] = [await newBatch(), await newBatch('gossip', other)];
  await verifier.verifyHead('gossip', publicKey, mine.head, mine.signature, 'bob');
  await verifier.verifyHead('gossip', other.publicKey, theirs.head, theirs.signature, 'bob');
  verifier.revoke(identity.nodeIdBytes);
  expect(verifier.lookup('gossip', publicKey, mine.head)).toBeUndefined();
  expect(await verifier.verifyHead('gossip', publicKey, mine.head, mine.signature, 'bob')).toBeUndefined();
  expect(verifier.lookup('gossip', other.publicKey, theirs.head)).toBeDefined();
});

test('a head whose signer is revoked while it is being verified is not remembered', async () => {
  const gate = deferred<boolean>();
  const { verifier } = newRig({ verify: () => gate.promise });
  const { head, signature } = await newBatch();
  const pending = verifier.verifyHead('gossip', publicKey, head, signature, 'bob');
  await settled();
  verifier.revoke(identity.nodeIdBytes);
  gate.resolve(true);
  expect(await pending).toBeUndefined();
  expect(verifier.lookup('gossip', publicKey, head)).toBeUndefined();
});

test('what the caller does to its arrays afterwards does not reach the cache', async () => {
  const { verifier } = newRig();
  const { head, signature } = await newBatch();
  const [headCopy, signatureCopy] = [head.slice(), signature.slice()];
  await verifier.verifyHead('gossip', publicKey, headCopy, signatureCopy, 'bob');
  headCopy.fill(0);
  signatureCopy.fill(0);
  expect(verifier.lookup('gossip', publicKey, head)).toMatchObject({ head, signature });
});

test('more verifications at once than the limit are refused with a code', async () => {
  const gate = deferred<boolean>();
  const { verifier } = newRig({ verify: () => gate.promise });
  const { head } = await newBatch();
  const attempt = (i: number): Promise<unknown> => {
    const signature = garbage.slice();
    signature.set([i >> 8, i & 255]);
    return verifier.verifyHead('gossip', publicKey, head, signature, 'mallory');
  };
  const pending = Array.from({ length: 2_048 }, (_, i) => attempt(i));
  await expect(attempt(5_000)).rejects.toMatchObject({ code: 'CRYPTO_POOL_FULL' });
  gate.resolve(false);
  expect((await Promise.all(pending)).every((root) => root === undefined)).toBe(true);
});

test('no bytes of a stranger make it throw, and none verify', async () => {
  const { verifier } = newRig();
  await fc.assert(
    fc.asyncProperty(anyBytes(), anyBytes(), anyBytes(), async (key, head, signature) => {
      expect(await verifier.verifyHead('gossip', key, head, signature, 'mallory')).toBeUndefined();
    }),
  );
});
