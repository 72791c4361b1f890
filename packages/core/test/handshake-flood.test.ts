import { expect, test } from '@jest/globals';
import { CryptoPool, Identity } from '@yakmesh/crypto';
import { responderLeaf } from '../src/handshake/initiator.js';
import { MeshCrypto } from '../src/mesh-crypto.js';
import { SeededRandom } from '../src/testing/index.js';
import { systemClock } from '../src/transport/index.js';
import { NOW_MS, responderOf, shake } from './support/handshake-pair.js';
import { NETWORK, never, party } from './support/parties.js';

test('a flood of 1,000 handshakes at once costs a handful of signatures, and each gets a valid slot', async () => {
  const identity = await Identity.fromSeed(new Uint8Array(32).fill(9));
  const pool = new CryptoPool({ workers: 0 });
  const sign = pool.sign.bind(pool);
  let signatures = 0;
  pool.sign = (...args) => {
    signatures += 1;
    return sign(...args);
  };
  const random = new SeededRandom('flood');
  const crypto = new MeshCrypto({ identity, clock: systemClock, random, pool, headsScale: 1 });
  const jobs = crypto.jobs('flood');
  const leaves = Array.from({ length: 1_000 }, () =>
    responderLeaf(random.bytes(64), identity.publicKey, new Uint8Array(64)),
  );
  const slots = await Promise.all(
    leaves.map((leaf) =>
      jobs({ type: 'sign-slot', leaf, networkHash: NETWORK }, new AbortController().signal),
    ),
  );
  // 256 handshakes share one signature; the first one signs alone.
  expect(signatures).toBeLessThanOrEqual(6);
  for (const index of [0, 1, 500, 999]) {
    const [slot, leaf] = [slots[index], leaves[index]];
    if (slot?.type !== 'sign-slot' || leaf === undefined) throw new Error('no slot');
    const check = {
      type: 'verify-slot',
      publicKey: identity.publicKey,
      slot: slot.slot,
      leaf,
      networkHash: NETWORK,
    } as const;
    expect(await jobs(check, never)).toEqual({ type: 'verify-slot', valid: true });
  }
  await crypto.close();
});

test('a stranger who cannot decapsulate makes nobody verify: only an opened CONFIRM costs a verification', async () => {
  const [a, b] = await Promise.all([party('alice'), party('bob')]);
  const types: string[] = [];
  const responder = responderOf(b);
  const good = await shake(a, b);
  const [hello, , confirm] = good.sent.map(({ bytes }) => bytes);
  if (hello === undefined || confirm === undefined) throw new Error('no messages');
  let actions = responder.receive(hello, NOW_MS);
  for (let job = actions[0]; job?.type === 'job'; job = actions[0]) {
    types.push(job.job.type);
    actions = responder.complete(job.ticket, await b.jobs(job.job, never));
  }
  const [ended] = responder.receive(confirm, NOW_MS);
  expect(types).toEqual(['encapsulate', 'sign-slot']);
  expect(ended?.type).toBe('fail');
});
