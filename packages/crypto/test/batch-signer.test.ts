import { expect, test } from '@jest/globals';
import type { BatchProof, BatchSignerOptions, SignedBatch } from '../src/index.js';
import {
  batchContext,
  BatchSigner,
  CryptoPool,
  decodeBatchHead,
  Identity,
  leafHash,
  merkleRoot,
  proofPath,
  randomBytes,
  rootFromPath,
} from '../src/index.js';
import { deferred, fakeIdentity, fakeSign, settled } from './fakes.js';

const netFp = new Uint8Array(32).fill(9);
const identity = fakeIdentity();

function newSigner(options: Partial<BatchSignerOptions> = {}): BatchSigner {
  return new BatchSigner({
    identity,
    netFp,
    sign: fakeSign(identity),
    now: () => 1_000,
    randomBytes,
    ...options,
  });
}

function proves({ batch, index }: BatchProof, message: Uint8Array): boolean {
  const leaf = leafHash(batch.batchId, index, batch.salts[index] ?? new Uint8Array(16), message);
  const root = rootFromPath(batch.batchId, leaf, index, proofPath({ batch, index }));
  return (
    root !== undefined && Buffer.compare(root, decodeBatchHead(batch.head)?.root ?? new Uint8Array(0)) === 0
  );
}

const messagesOf = (count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => Uint8Array.of(i >> 8, i & 255));

test('a lone message is a batch of depth 0, signed at once', async () => {
  const proof = await newSigner().add('gossip', Uint8Array.of(1));
  const head = decodeBatchHead(proof.batch.head);
  expect(head).toMatchObject({ depth: 0, count: 1, timeMs: 1_000, signer: identity.nodeIdBytes });
  expect(proofPath(proof).length).toBe(0);
  expect(proves(proof, Uint8Array.of(1))).toBe(true);
});

test.each([1, 2, 3, 4, 7, 8, 31, 100, 255, 256])(
  'all of %i messages sent in one turn share one signature',
  async (count) => {
    const batches: SignedBatch[] = [];
    const signer = newSigner();
    signer.onBatch = (batch) => batches.push(batch);
    const messages = messagesOf(count);
    const proofs = await Promise.all(messages.map((message) => signer.add('gossip', message)));
    expect(batches.length).toBe(1);
    expect(batches[0]?.leaves.length).toBe(2 ** Math.ceil(Math.log2(count)));
    proofs.forEach((proof, i) => {
      expect(proves(proof, messages[i] ?? new Uint8Array(0))).toBe(true);
    });
    expect(proves({ batch: proofs[0]?.batch as SignedBatch, index: 0 }, Uint8Array.of(99))).toBe(false);
  },
);

test('what comes while a signature runs waits and makes the next batch', async () => {
  const gate = deferred<undefined>();
  const counts: number[] = [];
  const signer = newSigner({
    sign: async (message, context) => {
      counts.push(decodeBatchHead(message)?.count ?? 0);
      if (counts.length === 1) await gate.promise;
      return identity.sign(message, { context });
    },
  });
  const first = signer.add('gossip', Uint8Array.of(0));
  await settled();
  const rest = messagesOf(5).map((message) => signer.add('gossip', message));
  await settled();
  expect(signer.waiting).toBe(5);
  gate.resolve(undefined);
  await Promise.all([first, ...rest]);
  expect(counts).toEqual([1, 8]);
});

test('a batch has one use, signed in the context of that use, and uses take turns', async () => {
  const contexts: Uint8Array[] = [];
  const signer = newSigner({
    countMax: 1,
    sign: async (message, context) => {
      contexts.push(context);
      return identity.sign(message, { context });
    },
  });
  const uses = ['gossip', 'gossip', 'gossip', 'direct', 'peer'] as const;
  const proofs = await Promise.all(uses.map((use) => signer.add(use, Uint8Array.of(1))));
  expect(proofs.map(({ batch }) => batch.use)).toEqual(uses);
  const order = ['gossip', 'direct', 'peer', 'gossip', 'gossip'] as const;
  expect(contexts).toEqual(order.map((use) => batchContext(use, netFp)));
});

test('a batch ends at countMax messages and at bytesMax bytes', async () => {
  const sizes: number[] = [];
  const signer = newSigner({ countMax: 4, bytesMax: 10 });
  signer.onBatch = ({ messages }) => sizes.push(messages.length);
  await Promise.all(
    [...messagesOf(5), new Uint8Array(9), new Uint8Array(1), new Uint8Array(1)].map((m) =>
      signer.add('gossip', m),
    ),
  );
  expect(sizes).toEqual([4, 1, 2, 1]);
});

test('the next message that would exceed bytesMax opens the next batch and none is lost', async () => {
  const signer = newSigner({ bytesMax: 10 });
  const proofs = await Promise.all([6, 6, 6].map((length) => signer.add('gossip', new Uint8Array(length))));
  expect(new Set(proofs.map(({ batch }) => batch)).size).toBe(3);
});

test('no two batches share an id and no two messages a salt', async () => {
  const signer = newSigner({ countMax: 2 });
  const proofs = await Promise.all(messagesOf(20).map((message) => signer.add('gossip', message)));
  const batches = [...new Set(proofs.map(({ batch }) => batch))];
  expect(new Set(batches.map(({ batchId }) => batchId.join())).size).toBe(10);
  expect(new Set(batches.flatMap(({ salts }) => salts.map((salt) => salt.join()))).size).toBe(20);
});

test('the root of the padded leaves is the one that was signed', async () => {
  const { batch } = await newSigner().add('record', Uint8Array.of(1));
  expect(merkleRoot(batch.batchId, batch.leaves)).toEqual(decodeBatchHead(batch.head)?.root);
});

test('the whole batch is announced before its promises resolve, and a throwing listener stops nobody', async () => {
  const order: string[] = [];
  const signer = newSigner();
  signer.onBatch = () => {
    order.push('batch');
    throw new Error('listener');
  };
  await signer.add('gossip', Uint8Array.of(1)).then(() => order.push('proof'));
  expect(order).toEqual(['batch', 'proof']);
  expect(signer.listenerErrors).toBe(1);
});

test('a signature that fails rejects its own batch and the next one goes on', async () => {
  let calls = 0;
  const signer = newSigner({
    sign: async (message, context) => {
      if (calls++ === 0) throw new Error('worker');
      return identity.sign(message, { context });
    },
  });
  await expect(signer.add('gossip', Uint8Array.of(1))).rejects.toThrow('worker');
  await expect(signer.add('gossip', Uint8Array.of(1))).resolves.toBeDefined();
});

test('a full queue, a message too large, and a closed signer each have a code', async () => {
  const signer = newSigner({ queueMax: 2, bytesMax: 10 });
  const taken = [signer.add('gossip', new Uint8Array(1)), signer.add('direct', new Uint8Array(1))];
  await expect(signer.add('gossip', new Uint8Array(1))).rejects.toMatchObject({ code: 'BATCH_QUEUE_FULL' });
  await expect(signer.add('gossip', new Uint8Array(11))).rejects.toMatchObject({ code: 'BATCH_TOO_LARGE' });
  await Promise.all(taken);
  signer.close();
  signer.close();
  await expect(signer.add('gossip', new Uint8Array(1))).rejects.toMatchObject({ code: 'BATCH_CLOSED' });
});

test('closing rejects what waits and what is being signed, and aborts the signature', async () => {
  let aborted: AbortSignal | undefined;
  const signer = newSigner({
    sign: (_message, _context, signal) => {
      aborted = signal;
      return new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => {
          reject(signal.reason as Error);
        });
      });
    },
  });
  const running = signer.add('gossip', Uint8Array.of(1));
  await settled();
  const waiting = signer.add('gossip', Uint8Array.of(2));
  signer.close();
  await expect(running).rejects.toMatchObject({ code: 'BATCH_CLOSED' });
  await expect(waiting).rejects.toMatchObject({ code: 'BATCH_CLOSED' });
  expect(aborted?.aborted).toBe(true);
});

test('an aborted message leaves the queue, and one already signed stops listening to its signal', async () => {
  const listeners = new Set<unknown>();
  const controller = new AbortController();
  const { signal } = controller;
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  signal.addEventListener = (type: string, listener: () => void) => {
    listeners.add(listener);
    add(type, listener);
  };
  signal.removeEventListener = (type: string, listener: () => void) => {
    listeners.delete(listener);
    remove(type, listener);
  };
  const signer = newSigner({ countMax: 1 });
  await signer.add('gossip', Uint8Array.of(1), signal);
  expect(listeners.size).toBe(0);
  const kept = signer.add('gossip', Uint8Array.of(1));
  const dropped = signer.add('gossip', Uint8Array.of(2), signal);
  controller.abort(new Error('enough'));
  await expect(dropped).rejects.toThrow('enough');
  await expect(kept).resolves.toBeDefined();
  await expect(signer.add('gossip', Uint8Array.of(3), signal)).rejects.toThrow('enough');
});

test('a pace widens the window: what comes while it waits is in the same batch', async () => {
  const gate = deferred<undefined>();
  const signer = newSigner({ pace: () => gate.promise });
  const proofs = [signer.add('gossip', Uint8Array.of(1))];
  await settled();
  proofs.push(signer.add('gossip', Uint8Array.of(2)));
  gate.resolve(undefined);
  const [one, two] = await Promise.all(proofs);
  expect(one?.batch).toBe(two?.batch);
});

test('a pace that fails rejects the messages and does not hang', async () => {
  const signer = newSigner({ pace: () => Promise.reject(new Error('budget')) });
  await expect(signer.add('gossip', Uint8Array.of(1))).rejects.toThrow('budget');
});

test('handshakes go to the other signer', async () => {
  await expect(newSigner().add('link', Uint8Array.of(1))).rejects.toThrow(/SlotSigner/);
});

test('limits out of range and a fingerprint of another length are a RangeError', () => {
  expect(() => newSigner({ countMax: 4097 })).toThrow(RangeError);
  expect(() => newSigner({ queueMax: 0 })).toThrow(RangeError);
  expect(() => newSigner({ netFp: new Uint8Array(31) })).toThrow(RangeError);
});

test('through a pool, with real signatures, 300 messages cost at most three signatures', async () => {
  const [pool, real] = [new CryptoPool(), await Identity.generate()];
  let signatures = 0;
  const signer = newSigner({
    identity: real,
    sign: (message, context) => {
      signatures++;
      return pool.sign(real, message, { context });
    },
  });
  const proofs = await Promise.all(messagesOf(300).map((message) => signer.add('gossip', message)));
  const [{ batch }] = proofs as [BatchProof];
  expect(await pool.verify(real.publicKey, batch.head, batch.signature, batchContext('gossip', netFp))).toBe(
    true,
  );
  expect(await pool.verify(real.publicKey, batch.head, batch.signature, batchContext('link', netFp))).toBe(
    false,
  );
  expect(signatures).toBeLessThanOrEqual(3);
  await pool.close();
});
