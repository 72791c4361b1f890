import {
  BatchSigner,
  BatchVerifier,
  CryptoPool,
  SlotSigner,
  verifySlot,
  bytesKey,
  type BatchSign,
  type BatchUse,
  type PoolPriority,
  type SigningIdentity,
  type VerifiedRoot,
} from '@yakmesh/crypto';
import type { CryptoJob, CryptoJobs, JobResult } from './crypto-job.js';
import { puzzlePrefix } from './handshake/puzzle.js';
import type { Clock, Random } from './transport/index.js';

/** Messages under one signature, and their bytes: what a receiver checks in one go without holding up its event loop. */
const BATCH_MESSAGES_MAX = 256;
const BATCH_BYTES_MAX = 655_360;
/** Messages that may wait to be signed; a further one is refused with MESH_BUSY. */
export const SIGN_QUEUE_MAX = 8_192;
/** Heads of other nodes that a link may have verified in a second: 30 % of one core, as measured for each provider. */
const HEADS_PER_SECOND = { noble: 160, native: 1_800 } as const;
/** Handshakes that strangers may begin in a second and pay nothing for: a tenth of one core in JavaScript, a fortieth natively. */
const HANDSHAKES_PER_SECOND = { noble: 4, native: 16 } as const;

interface NetworkCrypto {
  readonly signer: BatchSigner;
  readonly slots: SlotSigner;
  readonly verifier: BatchVerifier;
}

export interface MeshCryptoOptions {
  readonly identity: SigningIdentity;
  readonly clock: Clock;
  readonly random: Random;
  readonly pool: CryptoPool;
  /** Share of the default budget for head verifications per link; 1 is 30 % of a core. */
  readonly headsScale: number;
}

/** Everything slow that a node computes: signatures in batches, verifications with their caches, KEMs, puzzles. */
export class MeshCrypto {
  readonly #options: MeshCryptoOptions;
  readonly #networks = new Map<string, NetworkCrypto>();
  /** The same by array: a node's few network hashes are always the same objects, and this is asked for every message. */
  readonly #byArray = new WeakMap<Uint8Array, NetworkCrypto>();

  constructor(options: MeshCryptoOptions) {
    this.#options = options;
  }

  get headsPerSecond(): number {
    return HEADS_PER_SECOND[this.#provider] * this.#options.headsScale;
  }

  /** Handshakes of strangers in a second that this node bears without a puzzle. */
  get handshakesPerSecond(): number {
    return HANDSHAKES_PER_SECOND[this.#provider];
  }

  signer(networkHash: Uint8Array): BatchSigner {
    return this.#network(networkHash).signer;
  }

  known(use: BatchUse, networkHash: Uint8Array, key: Uint8Array, head: Uint8Array): VerifiedRoot | undefined {
    return this.#network(networkHash).verifier.lookup(use, key, head);
  }

  /** Does the jobs of one neighbour's machines. */
  jobs(neighbour: string): CryptoJobs {
    return async (job, signal) => {
      try {
        return await this.#do(job, neighbour, signal);
      } catch {
        // Whatever a primitive says of bytes from outside, the machine hears one thing.
        return { type: 'failed' };
      }
    };
  }

  async close(): Promise<void> {
    for (const { signer, slots } of this.#networks.values()) {
      signer.close();
      slots.close();
    }
    await this.#options.pool.close();
  }

  async #do(job: CryptoJob, neighbour: string, signal: AbortSignal): Promise<JobResult> {
    const { pool, identity } = this.#options;
    switch (job.type) {
      case 'generate':
        return { type: 'generate', keyPair: await job.kem.generate() };
      case 'encapsulate':
        return { type: 'encapsulate', ...(await job.kem.encapsulate(job.publicKey)) };
      case 'decapsulate':
        return { type: 'decapsulate', sharedSecret: await job.keyPair.decapsulate(job.ciphertext) };
      case 'sign':
        return {
          type: 'sign',
          signature: await pool.sign(identity, job.message, { context: job.context, signal }),
        };
      case 'sign-slot':
        return {
          type: 'sign-slot',
          slot: await this.#network(job.networkHash).slots.add('link', job.leaf, signal),
        };
      case 'verify': {
        const { publicKey, message, signature, context, isStrangers } = job;
        const priority = isStrangers ? 'low' : 'normal';
        return {
          type: 'verify',
          valid: await pool.verify(publicKey, message, signature, context, { signal, priority }),
        };
      }
      case 'verify-slot':
        return { type: 'verify-slot', valid: await this.#verifySlot(job, signal) };
      case 'verify-head': {
        const { use, publicKey, head, signature } = job;
        const { verifier } = this.#network(job.networkHash);
        return {
          type: 'verify-head',
          root: await verifier.verifyHead(use, publicKey, head, signature, neighbour, signal),
        };
      }
      case 'solve':
        return { type: 'solve', solution: await this.#solve(job, signal) };
    }
  }

  #verifySlot(job: Extract<CryptoJob, { type: 'verify-slot' }>, signal: AbortSignal): Promise<boolean> {
    const { pool } = this.#options;
    return verifySlot(job.slot, {
      use: 'link',
      netFp: job.networkHash,
      publicKey: job.publicKey,
      leafMessage: job.leaf,
      verify: (key, message, signature, context) => pool.verify(key, message, signature, context, { signal }),
    });
  }

  #solve(job: Extract<CryptoJob, { type: 'solve' }>, signal: AbortSignal): Promise<Uint8Array> {
    const prefix = puzzlePrefix(job.seed, job.session, job.key);
    return this.#options.pool.solvePuzzle(prefix, job.bits, { signal });
  }

  get #provider(): 'native' | 'noble' {
    return this.#options.pool.mode === 'native-async' ? 'native' : 'noble';
  }

  #network(networkHash: Uint8Array): NetworkCrypto {
    const quick = this.#byArray.get(networkHash);
    if (quick !== undefined) return quick;
    const name = bytesKey(networkHash);
    const network = this.#networks.get(name) ?? this.#create(networkHash);
    this.#networks.set(name, network);
    this.#byArray.set(networkHash, network);
    return network;
  }

  #create(networkHash: Uint8Array): NetworkCrypto {
    const { identity, pool, clock, random } = this.#options;
    const common = {
      identity,
      netFp: networkHash,
      now: () => clock.nowMs(),
      randomBytes: (length: number) => random.bytes(length),
    };
    const signWith =
      (priority: PoolPriority['priority']): BatchSign =>
      (message, context, signal) =>
        pool.sign(identity, message, { context, priority, signal });
    const limits = { countMax: BATCH_MESSAGES_MAX, bytesMax: BATCH_BYTES_MAX, queueMax: SIGN_QUEUE_MAX };
    return {
      signer: new BatchSigner({ ...common, ...limits, sign: signWith('normal') }),
      slots: new SlotSigner({ ...common, sign: signWith('low') }),
      verifier: new BatchVerifier({
        netFp: networkHash,
        now: () => clock.nowMs(),
        verify: (key, message, signature, context, signal) =>
          pool.verify(key, message, signature, context, signal === undefined ? {} : { signal }),
      }),
    };
  }
}
