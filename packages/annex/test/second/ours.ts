// Drives this package's machines step by step, with randomness and slow work that a vector fixes.
import { kemOfSuite, nodeIdOf, verifySignature, verifySlot, type BatchVerify } from '@yakmesh/crypto';
import { SeededRandom } from '@yakmesh/core/testing';
import type { Random } from '@yakmesh/core/transport';
import type { CryptoJobs } from '../../src/crypto-job.js';
import type { HandshakeAction, HandshakeOutcome, HandshakeSelf } from '../../src/handshake/actions.js';
import type { Bytes } from './primitives.js';
import { identityOf, KEMS, type SecondIdentity, type Suite } from './primitives.js';
import { solve } from './puzzle.js';
import { makeSlot, type SlotEntropy } from './slot.js';

interface Machine {
  complete(ticket: number, result: Awaited<ReturnType<CryptoJobs>>, nowMs: number): HandshakeAction[];
}

export interface Reaction {
  readonly sent: Bytes[];
  readonly codes: string[];
  readonly outcome: HandshakeOutcome | undefined;
}

/** Does what a machine wants until it waits. */
export async function settle(
  machine: Machine,
  first: readonly HandshakeAction[],
  jobs: CryptoJobs,
): Promise<Reaction> {
  const [sent, codes]: [Bytes[], string[]] = [[], []];
  let outcome: HandshakeOutcome | undefined;
  const work = [...first];
  for (let action = work.shift(); action !== undefined; action = work.shift()) {
    if (action.type === 'job') work.push(...machine.complete(action.ticket, await jobs(action.job), 0));
    else if (action.type === 'send') sent.push(action.bytes.slice());
    else if (action.type === 'done') outcome = action.outcome;
    else codes.push(action.code);
  }
  return { sent, codes, outcome };
}

export const selfOf = ({ publicKey, id }: SecondIdentity, params: Bytes): HandshakeSelf => ({
  nodeId: nodeIdOf(publicKey),
  nodeIdBytes: id,
  publicKey,
  params,
});

export function kemOf(suite: Suite) {
  const kem = kemOfSuite(suite);
  if (kem === undefined) throw new Error('no suite');
  return kem;
}

/** Whatever has its length is taken from the list; each kind of randomness of a handshake has its own. */
export function scripted(...fixed: readonly (Bytes | undefined)[]): Random {
  const random = new SeededRandom('not a part of any message');
  return {
    bytes: (length) => fixed.find((bytes) => bytes?.length === length)?.slice() ?? random.bytes(length),
    u32: () => random.u32(),
    below: (n) => random.below(n),
    unit: () => random.unit(),
  };
}

export interface FixedWork {
  readonly suite: Suite;
  readonly identitySeed: Bytes;
  readonly kemSeed?: Bytes;
  readonly kemRandomness?: Bytes;
  readonly slot?: SlotEntropy;
}

/** What draws randomness is answered from the vector, the rest is computed by @yakmesh/crypto. */
export function fixedJobs({ suite, identitySeed, kemSeed, kemRandomness, slot }: FixedWork): CryptoJobs {
  const identity = identityOf(identitySeed);
  return async (job) => {
    switch (job.type) {
      case 'generate':
        if (kemSeed === undefined) return { type: 'failed' };
        return { type: 'generate', keyPair: await kemOf(suite).fromSeed(kemSeed) };
      case 'encapsulate': {
        const { cipherText, sharedSecret } = KEMS[suite].kem.encapsulate(job.publicKey, kemRandomness);
        return { type: 'encapsulate', ciphertext: cipherText, sharedSecret };
      }
      case 'decapsulate':
        return { type: 'decapsulate', sharedSecret: await job.keyPair.decapsulate(job.ciphertext) };
      case 'sign':
        return { type: 'sign', signature: identity.sign(job.message, job.context) };
      case 'sign-slot':
        if (slot === undefined) return { type: 'failed' };
        return { type: 'sign-slot', slot: makeSlot(identity, job.networkHash, job.leaf, slot) };
      case 'verify': {
        const { publicKey, message, signature, context } = job;
        return { type: 'verify', valid: await verifySignature(publicKey, message, signature, context) };
      }
      case 'verify-slot': {
        const { publicKey, leaf: leafMessage, networkHash: netFp } = job;
        const verify: BatchVerify = (key, message, signature, context) =>
          verifySignature(key, message, signature, context);
        const options = { use: 'link', netFp, publicKey, leafMessage, verify } as const;
        return { type: 'verify-slot', valid: await verifySlot(job.slot, options) };
      }
      case 'solve':
        return { type: 'solve', solution: solve(job.prefix, job.bits, 8) };
    }
  };
}
