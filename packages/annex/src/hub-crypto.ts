import { SlotSigner, verifySlot, type SigningIdentity } from '@yakmesh/crypto';
import type { ProtocolPort } from '@yakmesh/core/transport';
import type { CryptoJob, CryptoJobs, JobResult } from './crypto-job.js';

/** Does the jobs of all machines of a mesh: signatures in its workers, KEMs here. */
export class HubCrypto {
  readonly #port: ProtocolPort;
  readonly #identity: SigningIdentity;
  /** One for each network that is accepted; a mesh's hashes are always the same arrays. */
  readonly #slots = new Map<Uint8Array, SlotSigner>();

  constructor(port: ProtocolPort, identity: SigningIdentity) {
    this.#port = port;
    this.#identity = identity;
  }

  readonly jobs: CryptoJobs = async (job) => {
    try {
      return await this.#do(job);
    } catch {
      // Whatever a primitive says of bytes from outside, the machine hears one thing.
      return { type: 'failed' };
    }
  };

  close(): void {
    for (const slots of this.#slots.values()) slots.close();
  }

  async #do(job: CryptoJob): Promise<JobResult> {
    const { workers } = this.#port;
    switch (job.type) {
      case 'generate':
        return { type: 'generate', keyPair: await job.kem.generate() };
      case 'encapsulate':
        return { type: 'encapsulate', ...(await job.kem.encapsulate(job.publicKey)) };
      case 'decapsulate':
        return { type: 'decapsulate', sharedSecret: await job.keyPair.decapsulate(job.ciphertext) };
      case 'sign': {
        const { message, context } = job;
        return { type: 'sign', signature: await workers.sign(this.#identity, message, { context }) };
      }
      case 'sign-slot':
        return { type: 'sign-slot', slot: await this.#slotsOf(job.networkHash).add('link', job.leaf) };
      case 'verify': {
        const { publicKey, message, signature, context, isStrangers } = job;
        const priority = isStrangers ? 'low' : 'normal';
        const valid = await workers.verify(publicKey, message, signature, context, { priority });
        return { type: 'verify', valid };
      }
      case 'verify-slot':
        return { type: 'verify-slot', valid: await this.#verifySlot(job) };
      case 'solve':
        return { type: 'solve', solution: await workers.solvePuzzle(job.prefix, job.bits) };
    }
  }

  #verifySlot(job: Extract<CryptoJob, { type: 'verify-slot' }>): Promise<boolean> {
    return verifySlot(job.slot, {
      use: 'link',
      netFp: job.networkHash,
      publicKey: job.publicKey,
      leafMessage: job.leaf,
      verify: (key, message, signature, context) =>
        this.#port.workers.verify(key, message, signature, context),
    });
  }

  #slotsOf(networkHash: Uint8Array): SlotSigner {
    const known = this.#slots.get(networkHash);
    if (known !== undefined) return known;
    const { workers, clock, random } = this.#port;
    const identity = this.#identity;
    const slots = new SlotSigner({
      identity,
      netFp: networkHash,
      // Slots answer callers that have proven nothing.
      sign: (message, context, signal) =>
        workers.sign(identity, message, { context, priority: 'low', signal }),
      now: () => clock.nowMs(),
      randomBytes: (length) => random.bytes(length),
    });
    this.#slots.set(networkHash, slots);
    return slots;
  }
}
