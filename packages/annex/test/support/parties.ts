import {
  Identity,
  SlotSigner,
  verifySignature,
  verifySlot,
  xWing,
  type BatchVerify,
  type NodeId,
  type SigningIdentity,
} from '@yakmesh/crypto';
import { SeededRandom } from '@yakmesh/core/testing';
import type { CryptoJob, CryptoJobs, JobResult } from '../../src/crypto-job.js';
import type { HandshakeSelf } from '../../src/handshake/actions.js';
import { encodeParams, type ChannelParams } from '../../src/handshake/params.js';

export const SUITE = xWing;
export const NETWORK = new Uint8Array(32).fill(0x4e);
export const OTHER_NETWORK = new Uint8Array(32).fill(0x4f);
export const PARAMS: ChannelParams = {
  isAnonymous: false,
  idleSeconds: 300,
  sessionWindow: 4_194_304,
  streamWindow: 1_048_576,
};

/** One end of a channel: an identity, and whoever does its slow work. */
export interface Party {
  readonly identity: SigningIdentity;
  readonly self: HandshakeSelf;
  readonly jobs: CryptoJobs;
  /** Signatures made so far. */
  readonly signatures: () => number;
}

export async function party(name: string, params: ChannelParams = PARAMS): Promise<Party> {
  const identity = await Identity.fromSeed(new SeededRandom(`identity ${name}`).bytes(32));
  const random = new SeededRandom(`slots ${name}`);
  let signatures = 0;
  const sign = (message: Uint8Array, context: Uint8Array): Promise<Uint8Array> => {
    signatures += 1;
    return identity.sign(message, { context });
  };
  const slotsOf = (netFp: Uint8Array): SlotSigner =>
    new SlotSigner({
      identity,
      netFp,
      sign,
      now: () => 1_800_000_000_000,
      randomBytes: (n) => random.bytes(n),
    });
  const slots = new Map<string, SlotSigner>();
  const work = async (job: CryptoJob): Promise<JobResult> => {
    switch (job.type) {
      case 'generate':
        return { type: 'generate', keyPair: await job.kem.generate() };
      case 'encapsulate':
        return { type: 'encapsulate', ...(await job.kem.encapsulate(job.publicKey)) };
      case 'decapsulate':
        return { type: 'decapsulate', sharedSecret: await job.keyPair.decapsulate(job.ciphertext) };
      case 'sign':
        return { type: 'sign', signature: await sign(job.message, job.context) };
      case 'sign-slot': {
        const key = job.networkHash.join();
        const signer = slots.get(key) ?? slotsOf(job.networkHash);
        slots.set(key, signer);
        return { type: 'sign-slot', slot: await signer.add('link', job.leaf) };
      }
      case 'verify':
        return {
          type: 'verify',
          valid: await verifySignature(job.publicKey, job.message, job.signature, job.context),
        };
      case 'verify-slot': {
        const { publicKey, leaf: leafMessage, networkHash: netFp, slot } = job;
        const verify: BatchVerify = (key, message, signature, context) =>
          verifySignature(key, message, signature, context);
        const options = { use: 'link', netFp, publicKey, leafMessage, verify } as const;
        return { type: 'verify-slot', valid: await verifySlot(slot, options) };
      }
      case 'solve':
        return { type: 'failed' };
    }
  };
  const jobs: CryptoJobs = async (job) => {
    try {
      return await work(job);
    } catch {
      return { type: 'failed' };
    }
  };
  const { nodeId, nodeIdBytes, publicKey } = identity;
  const self = { nodeId, nodeIdBytes, publicKey, params: encodeParams(params) };
  return { identity, self, jobs, signatures: () => signatures };
}

export const addressOf = ({ self }: Party): { nodeId: NodeId; nodeIdBytes: Uint8Array } => ({
  nodeId: self.nodeId,
  nodeIdBytes: self.nodeIdBytes,
});
