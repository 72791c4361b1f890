import type { BatchUse } from './batch-head.js';
import {
  BATCH_HASH_BYTES,
  BATCH_HEAD_BYTES,
  batchContext,
  decodeBatchHead,
  encodeBatchHead,
} from './batch-head.js';
import type { BatchSign } from './batch-signer.js';
import { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';
import { copyBytes, equalBytes } from './bytes.js';
import type { SigningIdentity } from './identity.js';
import { leafHash, merklePath, merkleTree, rootFromPath, SALT_BYTES } from './merkle.js';
import { NaturalBatcher } from './natural-batcher.js';
import { nodeIdBytesOf } from './node-id.js';
import { ML_DSA_65_PUBLIC_KEY_BYTES, ML_DSA_65_SIGNATURE_BYTES } from './provider.js';

/** What slots are signed for: a link's handshake and a circuit's hop. */
export type SlotUse = Extract<BatchUse, 'link' | 'hop'>;

/** Levels of every slot's tree, whatever the load was: the size tells nothing. */
export const SLOT_DEPTH = 8;
/** Leaves of every slot's tree, and handshakes that one signature can serve. */
export const SLOT_COUNT = 256;
/** Bytes of a slot: head 112, signature 3,309, batch id 32, index 2, depth 1, zero 1, salt 32, path 256. */
export const SLOT_BYTES: number =
  BATCH_HEAD_BYTES +
  ML_DSA_65_SIGNATURE_BYTES +
  BATCH_HASH_BYTES +
  4 +
  SALT_BYTES +
  SLOT_DEPTH * BATCH_HASH_BYTES;

/** Bytes of a leaf message; handshakes sign a hash and a label, so a kibibyte is ample. */
const MESSAGE_BYTES_MAX = 1024;
/** Handshakes waiting for a signature: four full batches, far beyond what a node accepts at once. */
const QUEUE_DEFAULT = 1024;

/** What signing slots needs. */
export interface SlotSignerOptions {
  /** Whose id stands in the head. */
  readonly identity: SigningIdentity;
  /** The network's fingerprint, 32 bytes: part of every context. */
  readonly netFp: Uint8Array;
  /** Makes the signature. */
  readonly sign: BatchSign;
  /** Milliseconds since 1970, for the head. */
  readonly now: () => number;
  /** Cryptographic randomness for batch ids, salts, siblings and places. */
  readonly randomBytes: (length: number) => Uint8Array;
  /** Messages waiting at most; a further one rejects with `BATCH_QUEUE_FULL`. @defaultValue 1,024 */
  readonly queueMax?: number;
}

/** What checking a slot needs. */
export interface SlotExpectation {
  /** What the slot must have been signed for. */
  readonly use: SlotUse;
  /** The network's fingerprint, 32 bytes. */
  readonly netFp: Uint8Array;
  /** The signer's key; the head must name its node id. */
  readonly publicKey: Uint8Array;
  /** The message that must have been signed. */
  readonly leafMessage: Uint8Array;
  /** Checks the signature, usually {@link CryptoPool.verify}. */
  readonly verify: BatchVerify;
}

/** Checks an ML-DSA-65 signature. */
export type BatchVerify = (
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
  context: Uint8Array,
  signal?: AbortSignal,
) => Promise<boolean>;

/** A slot's fields; all arrays are views of the slot. */
export interface BatchSlot {
  /** The encoded head, 112 bytes. */
  readonly head: Uint8Array;
  /** The signature over the head, 3,309 bytes. */
  readonly signature: Uint8Array;
  /** The batch's id, 32 bytes. */
  readonly batchId: Uint8Array;
  /** Which of the 256 leaves it is. */
  readonly index: number;
  /** 32 bytes. */
  readonly salt: Uint8Array;
  /** Eight siblings, 256 bytes. */
  readonly path: Uint8Array;
}

/** Reads a slot; undefined for another length, depth or index, or a reserved byte that is not zero. */
export function decodeSlot(bytes: Uint8Array): BatchSlot | undefined {
  if (bytes.length !== SLOT_BYTES) return undefined;
  const reader = new ByteReader(bytes);
  const head = reader.bytes(BATCH_HEAD_BYTES);
  const signature = reader.bytes(ML_DSA_65_SIGNATURE_BYTES);
  const batchId = reader.bytes(BATCH_HASH_BYTES);
  const index = reader.u16();
  if (index >= SLOT_COUNT || reader.u8() !== SLOT_DEPTH || reader.u8() !== 0) return undefined;
  return { head, signature, batchId, index, salt: reader.bytes(SALT_BYTES), path: reader.rest() };
}

/** Writes a slot of 3,745 bytes. */
export function encodeSlot(slot: BatchSlot): Uint8Array {
  return new ByteWriter(SLOT_BYTES, SLOT_BYTES)
    .bytes(slot.head)
    .bytes(slot.signature)
    .bytes(slot.batchId)
    .u16(slot.index)
    .u8(SLOT_DEPTH)
    .u8(0)
    .bytes(slot.salt)
    .bytes(slot.path)
    .finish();
}

/**
 * Whether a slot proves that the holder of the key signed the message for this use in this network. The tree is rebuilt
 * before the signature is looked at, for that costs a hundredth. False for anything malformed.
 */
export async function verifySlot(slot: Uint8Array, expectation: SlotExpectation): Promise<boolean> {
  const { use, netFp, publicKey, leafMessage, verify } = expectation;
  const context = batchContext(use, netFp);
  const fields = decodeSlot(slot);
  const head = fields === undefined ? undefined : decodeBatchHead(fields.head);
  if (fields === undefined || head === undefined) return false;
  if (head.depth !== SLOT_DEPTH || !equalBytes(head.batchId, fields.batchId)) return false;
  if (publicKey.length !== ML_DSA_65_PUBLIC_KEY_BYTES) return false;
  if (!equalBytes(head.signer, nodeIdBytesOf(publicKey))) return false;
  const leaf = leafHash(fields.batchId, fields.index, fields.salt, leafMessage);
  const root = rootFromPath(fields.batchId, leaf, fields.index, fields.path);
  if (root === undefined || !equalBytes(root, head.root)) return false;
  return verify(publicKey, fields.head, fields.signature, context);
}

/**
 * Signs handshakes: up to 256 share one signature when they come at once. Every tree has 256 leaves, those that no
 * message fills being random bytes, and every message gets a random place, so a slot does not tell how busy its signer is.
 */
export class SlotSigner {
  readonly #options: SlotSignerOptions;
  readonly #netFp: Uint8Array;
  readonly #batcher: NaturalBatcher<SlotUse, Uint8Array>;

  /** Nothing runs before the first message. */
  constructor(options: SlotSignerOptions) {
    batchContext('link', options.netFp); // Refuses a fingerprint of another length now rather than later.
    this.#options = options;
    this.#netFp = copyBytes(options.netFp);
    this.#batcher = new NaturalBatcher({
      countMax: SLOT_COUNT,
      bytesMax: SLOT_COUNT * MESSAGE_BYTES_MAX,
      queueMax: options.queueMax ?? QUEUE_DEFAULT,
      run: (use, messages, signal) => this.#signBatch(use, messages, signal),
    });
  }

  /** A slot of 3,745 bytes for a leaf message. Rejects with `BATCH_QUEUE_FULL`, `BATCH_CLOSED` or the signal's reason. */
  async add(use: SlotUse, leafMessage: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
    if (leafMessage.length > MESSAGE_BYTES_MAX)
      throw new RangeError(`leafMessage must have at most ${MESSAGE_BYTES_MAX} bytes`);
    return this.#batcher.add(use, leafMessage, signal);
  }

  /** Rejects what waits or runs with `BATCH_CLOSED`. Twice is fine. */
  close(): void {
    this.#batcher.close();
  }

  async #signBatch(
    use: SlotUse,
    messages: readonly Uint8Array[],
    signal: AbortSignal,
  ): Promise<readonly Uint8Array[]> {
    const { identity, randomBytes, now, sign } = this.#options;
    const batchId = randomBytes(BATCH_HASH_BYTES);
    const salts = randomBytes(SALT_BYTES * messages.length);
    const random = randomBytes(SLOT_COUNT * BATCH_HASH_BYTES);
    const leaves = Array.from({ length: SLOT_COUNT }, (_, i) =>
      random.subarray(BATCH_HASH_BYTES * i, BATCH_HASH_BYTES * (i + 1)),
    );
    const places = shuffledPlaces(randomBytes);
    const entries = messages.map((message, i) => {
      const salt = salts.subarray(SALT_BYTES * i, SALT_BYTES * (i + 1));
      const index = places[i] ?? 0;
      leaves[index] = leafHash(batchId, index, salt, message);
      return { index, salt };
    });
    const tree = merkleTree(batchId, leaves);
    const root = tree[SLOT_DEPTH]?.[0] ?? random;
    const signer = identity.nodeIdBytes;
    const head = encodeBatchHead({
      depth: SLOT_DEPTH,
      count: SLOT_COUNT,
      signer,
      timeMs: now(),
      batchId,
      root,
    });
    const signature = await sign(head, batchContext(use, this.#netFp), signal);
    signal.throwIfAborted();
    return entries.map(({ index, salt }) =>
      encodeSlot({ head, signature, batchId, index, salt, path: merklePath(tree, index) }),
    );
  }
}

/** All 256 places in random order: sorted by 48 random bits each, where a tie (one batch in 10^9) biases nothing that matters. */
function shuffledPlaces(randomBytes: (length: number) => Uint8Array): number[] {
  const reader = new ByteReader(randomBytes(6 * SLOT_COUNT));
  return Array.from({ length: SLOT_COUNT }, (_, place) => ({ place, order: reader.u48() }))
    .sort((a, b) => a.order - b.order)
    .map(({ place }) => place);
}
