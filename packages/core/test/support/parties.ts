import { CryptoPool, Identity, type Kem, xWing } from '@yakmesh/crypto';
import type { CryptoJobs } from '../../src/crypto-job.js';
import type { HandshakeSelf } from '../../src/handshake/actions.js';
import { encodeParams } from '../../src/handshake/params.js';
import { CREDIT_BYTES_MIN } from '../../src/link/link-limits.js';
import { MeshCrypto } from '../../src/mesh-crypto.js';
import { networkHash } from '../../src/network-hash.js';
import { SeededRandom } from '../../src/testing/seeded-random.js';
import { systemClock } from '../../src/transport/index.js';

/** The network that the tests of machines live in. */
export const NETWORK = networkHash(xWing.suite, { networkId: 'tests', networkFingerprint: null });
export const OTHER_NETWORK = networkHash(xWing.suite, { networkId: 'others', networkFingerprint: null });

/** A node's cryptographic half: a real identity and what does its slow work. */
export interface Party {
  readonly identity: Identity;
  readonly self: HandshakeSelf;
  readonly crypto: MeshCrypto;
  readonly jobs: CryptoJobs;
}

/** The identity that a name stands for, the same in every run. Keys cost milliseconds: share parties between tests. */
export async function party(name: string): Promise<Party> {
  const random = new SeededRandom(name);
  const identity = await Identity.fromSeed(random.bytes(32));
  const pool = new CryptoPool({ workers: 0 });
  const crypto = new MeshCrypto({ identity, clock: systemClock, random, pool, headsScale: 1 });
  const { nodeId, nodeIdBytes, publicKey } = identity;
  const params = encodeParams({
    bootId: random.bytes(16),
    creditBytes: CREDIT_BYTES_MIN,
    messagesPerSecond: 0,
  });
  const self = { nodeId, nodeIdBytes, publicKey, params };
  return { identity, self, crypto, jobs: crypto.jobs(name) };
}

export const SUITE: Kem = xWing;
export const never = new AbortController().signal;
