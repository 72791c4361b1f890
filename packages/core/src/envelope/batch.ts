import {
  BATCH_HEAD_BYTES,
  merklePath,
  merkleTree,
  ML_DSA_65_SIGNATURE_BYTES,
  type BatchHead,
  type BatchUse,
  type NodeId,
} from '@yakmesh/crypto';
import type { Envelope } from './envelope.js';

/** Bytes of a salt on the wire; the hash pads it to 32 with zeros. */
export const SALT_BYTES = 16;
/** What HEAD costs a link: slot 2 · use 1 · network 8 · head 112 · signature 3,309. */
export const HEAD_FRAME_BYTES = 2 + 1 + 8 + BATCH_HEAD_BYTES + ML_DSA_65_SIGNATURE_BYTES;

/** One signed batch: what links need to pass any of its messages on. */
export interface Batch {
  readonly use: BatchUse;
  readonly networkHash: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly origin: NodeId;
  readonly originBytes: Uint8Array;
  readonly headBytes: Uint8Array;
  readonly head: BatchHead;
  readonly signature: Uint8Array;
  /** Names the batch in tables of strings. */
  readonly key: string;
  /** All leaves of the tree, when the whole batch is known; else paths come with the messages. */
  tree: Tree | undefined;
}

/** A batch's Merkle tree, built once and only if a single message must be passed on. */
export class Tree {
  readonly #batchId: Uint8Array;
  readonly #leaves: readonly Uint8Array[];
  #levels: readonly (readonly Uint8Array[])[] | undefined;

  constructor(batchId: Uint8Array, leaves: readonly Uint8Array[]) {
    this.#batchId = batchId;
    this.#leaves = leaves;
  }

  path(index: number): Uint8Array {
    this.#levels ??= merkleTree(this.#batchId, this.#leaves);
    return merklePath(this.#levels, index);
  }
}

/** One message of a batch, verified or our own. */
export interface BatchMessage {
  readonly index: number;
  readonly salt: Uint8Array;
  readonly core: Uint8Array;
  readonly envelope: Envelope;
  /** First 16 bytes of SHA-256(leaf message). */
  readonly id: Uint8Array;
  /** 32 B per level; undefined where the batch has its tree. */
  readonly path: Uint8Array | undefined;
}

/** Messages of one batch that travel together, with their unsigned hop header. */
export interface Parcel {
  readonly batch: Batch;
  readonly messages: readonly BatchMessage[];
  /** True when these are all messages of the batch: they can go as one BLOCK. */
  readonly isWhole: boolean;
  /** Hops that the messages may still take after this one. */
  readonly ttl: number;
  /** Bits of HopFlag. @default 0 */
  readonly flags?: number | undefined;
  readonly priority: number;
  /** Bytes charged to a link's queue. */
  readonly bytes: number;
}

const MESSAGE_OVERHEAD_BYTES = 64;

/** What a parcel counts for in a queue: its cores, and a share for salts, paths and headers. */
export function parcelBytes(messages: readonly BatchMessage[]): number {
  let bytes = HEAD_FRAME_BYTES;
  for (const { core } of messages) bytes += core.length + MESSAGE_OVERHEAD_BYTES;
  return bytes;
}
