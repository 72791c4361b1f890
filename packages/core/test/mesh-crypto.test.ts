import { expect, test } from '@jest/globals';
import { CryptoPool, Identity, type PoolVerifyOptions } from '@yakmesh/crypto';
import { MeshCrypto } from '../src/mesh-crypto.js';
import { SeededRandom, VirtualClock } from '../src/testing/index.js';

const identity = await Identity.generate();
const bytes = Uint8Array.of(1);
const { signal } = new AbortController();

/** Writes down with which priority it is asked. */
class AskedPool extends CryptoPool {
  readonly asked: PoolVerifyOptions['priority'][] = [];

  override verify(
    _key: Uint8Array,
    _message: Uint8Array,
    _signature: Uint8Array,
    _context: Uint8Array,
    { priority }: PoolVerifyOptions = {},
  ): Promise<boolean> {
    this.asked.push(priority);
    return Promise.resolve(true);
  }
}

test.each([
  { whose: 'a stranger’s', isStrangers: true, priority: 'low' },
  { whose: 'a neighbour’s', isStrangers: false, priority: 'normal' },
])('$whose signature is verified with a $priority priority', async ({ isStrangers, priority }) => {
  const pool = new AskedPool({ workers: 0 });
  const crypto = new MeshCrypto({
    identity,
    pool,
    clock: new VirtualClock(),
    random: new SeededRandom(1),
    headsScale: 1,
  });
  const job = { publicKey: bytes, message: bytes, signature: bytes, context: bytes, isStrangers };
  expect(await crypto.jobs('one')({ type: 'verify', ...job }, signal)).toEqual({
    type: 'verify',
    valid: true,
  });
  expect(pool.asked).toEqual([priority]);
  await crypto.close();
});
