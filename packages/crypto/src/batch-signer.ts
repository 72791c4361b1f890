import type { BatchUse } from './batch-head.js';
import { BATCH_COUNT_MAX, BATCH_HASH_BYTES, batchContext, encodeBatchHead } from './batch-head.js';
import { copyBytes } from './bytes.js';
import type { SigningIdentity } from './identity.js';
import { leafHash, merklePath, merkleRoot, merkleTree, padLeaves, SHORT_SALT_BYTES } from './merkle.js';
import { NaturalBatcher } from './natural-batcher.js';

/** A batch with everything that its messages need to prove themselves. Nothing in it may be changed. */
export interface SignedBatch {
  /** What it was signed for. */
  readonly use: BatchUse;
  /** The encoded head, 112 bytes. */
  readonly head: Uint8Array;
  /** The signature over the head, 3,309 bytes. */
  readonly signature: Uint8Array;
  /** The batch's id, 32 bytes. */
  readonly batchId: Uint8Array;
  /** The salts of the messages, 16 bytes each. */
  readonly salts: readonly Uint8Array[];
  /** The messages, as they were given. */
  readonly messages: readonly Uint8Array[];
  /** The leaves, padded to a power of two. */
  readonly leaves: readonly Uint8Array[];
}

/** A message's place in a signed batch; {@link proofPath} computes its path. */
export interface BatchProof {
  /** The batch that holds the message. */
  readonly batch: SignedBatch;
  /** Which leaf it is. */
  readonly index: number;
}

/** Signs a head; usually {@link CryptoPool.sign} with an identity bound to it. */
export type BatchSign = (
  message: Uint8Array,
  context: Uint8Array,
  signal?: AbortSignal,
) => Promise<Uint8Array>;

/** What signing in batches needs. */
export interface BatchSignerOptions {
  /** Whose id stands in the head. */
  readonly identity: SigningIdentity;
  /** The network's fingerprint, 32 bytes: part of every context. */
  readonly netFp: Uint8Array;
  /** Makes the signature. */
  readonly sign: BatchSign;
  /** Milliseconds since 1970, for the head. */
  readonly now: () => number;
  /** Cryptographic randomness for batch ids and salts. */
  readonly randomBytes: (length: number) => Uint8Array;
  /** Messages of one batch at most. @defaultValue 4,096 */
  readonly countMax?: number;
  /** Bytes of one batch's messages together. @defaultValue 786,432, which with salts and framing fits the mebibyte that a link reassembles */
  readonly bytesMax?: number;
  /** Messages waiting at most, over all uses; a further one rejects with `BATCH_QUEUE_FULL`. @defaultValue 8,192, two full batches */
  readonly queueMax?: number;
  /** Awaited before a batch is taken: a budget that hands out permits here widens the window while it is spent. */
  readonly pace?: (use: BatchUse) => Promise<void> | undefined;
}

const BYTES_DEFAULT = 786_432;
const QUEUE_DEFAULT = 8_192;

/** Trees of batches whose paths were asked for; they go with their batch. */
const trees = new WeakMap<SignedBatch, Uint8Array[][]>();

/**
 * Signs many messages with one signature each batch (Merkle batch signatures, "MBS1"). An idle signer starts at once;
 * what arrives while a signature runs makes the next batch. Messages of one batch share a batch id, which links them:
 * never feed one signer messages of several pseudonyms.
 */
export class BatchSigner {
  /** Called with each whole batch before its promises resolve; what it throws is counted and goes no further. */
  onBatch: ((batch: SignedBatch) => void) | undefined;
  readonly #options: BatchSignerOptions;
  readonly #netFp: Uint8Array;
  readonly #batcher: NaturalBatcher<BatchUse, BatchProof>;
  #listenerErrors = 0;

  /** Nothing runs before the first message. */
  constructor(options: BatchSignerOptions) {
    const countMax = options.countMax ?? BATCH_COUNT_MAX;
    if (countMax > BATCH_COUNT_MAX) throw new RangeError(`countMax must be at most ${BATCH_COUNT_MAX}`);
    batchContext('gossip', options.netFp); // Refuses a fingerprint of another length now rather than later.
    this.#options = options;
    this.#netFp = copyBytes(options.netFp);
    this.#batcher = new NaturalBatcher({
      countMax,
      bytesMax: options.bytesMax ?? BYTES_DEFAULT,
      queueMax: options.queueMax ?? QUEUE_DEFAULT,
      pace: options.pace,
      run: (use, messages, signal) => this.#signBatch(use, messages, signal),
    });
  }

  /** Messages that wait for a batch. */
  get waiting(): number {
    return this.#batcher.waiting;
  }

  /** How often {@link BatchSigner.onBatch} threw. */
  get listenerErrors(): number {
    return this.#listenerErrors;
  }

  /**
   * Signs a leaf message, which must not be changed afterwards. Rejects with `BATCH_TOO_LARGE`, `BATCH_QUEUE_FULL`,
   * `BATCH_CLOSED`, the signal's reason while the message waits, or whatever the signature failed with. The uses `link`
   * and `hop` belong to a {@link SlotSigner}.
   */
  async add(use: BatchUse, message: Uint8Array, signal?: AbortSignal): Promise<BatchProof> {
    if (use === 'link' || use === 'hop') throw new TypeError(`sign for '${use}' with a SlotSigner`);
    return this.#batcher.add(use, message, signal);
  }

  /** Rejects what waits or runs with `BATCH_CLOSED`. Twice is fine. */
  close(): void {
    this.#batcher.close();
  }

  async #signBatch(
    use: BatchUse,
    messages: readonly Uint8Array[],
    signal: AbortSignal,
  ): Promise<readonly BatchProof[]> {
    const { identity, randomBytes, now, sign } = this.#options;
    const batchId = randomBytes(BATCH_HASH_BYTES);
    const allSalts = randomBytes(SHORT_SALT_BYTES * messages.length);
    const salts = messages.map((_, i) => allSalts.subarray(SHORT_SALT_BYTES * i, SHORT_SALT_BYTES * (i + 1)));
    const leaves = padLeaves(
      batchId,
      messages.map((message, i) => leafHash(batchId, i, salts[i] ?? allSalts, message)),
    );
    const head = encodeBatchHead({
      depth: Math.log2(leaves.length),
      count: leaves.length,
      signer: identity.nodeIdBytes,
      timeMs: now(),
      batchId,
      root: merkleRoot(batchId, leaves),
    });
    const signature = await sign(head, batchContext(use, this.#netFp), signal);
    signal.throwIfAborted();
    const batch: SignedBatch = { use, head, signature, batchId, salts, messages, leaves };
    this.#announce(batch);
    return messages.map((_, index) => ({ batch, index }));
  }

  #announce(batch: SignedBatch): void {
    try {
      this.onBatch?.(batch);
    } catch {
      this.#listenerErrors++;
    }
  }
}

/** The siblings of a message from its leaf to the root, 32 bytes a level. The batch's tree is computed once and kept with it. */
export function proofPath(proof: BatchProof): Uint8Array {
  const { batch, index } = proof;
  const tree = trees.get(batch) ?? merkleTree(batch.batchId, batch.leaves);
  trees.set(batch, tree);
  return merklePath(tree, index);
}
