import { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';
import { concatBytes, requireLength, utf8ToBytes } from './bytes.js';
import { NODE_ID_BYTES } from './node-id.js';

/**
 * What a batch is signed for. One batch has one use, and the use is part of the signature's context, so a proof made for
 * gossip can never pass as a handshake's.
 */
export type BatchUse = 'gossip' | 'direct' | 'link' | 'hop' | 'desc' | 'record' | 'receipt' | 'peer';

/** Bytes of an encoded batch head. */
export const BATCH_HEAD_BYTES = 112;
/** Levels of the largest tree. */
export const BATCH_DEPTH_MAX = 12;
/** Leaves of the largest tree: 4,096 messages of 30 bytes and more already fill a frame. */
export const BATCH_COUNT_MAX = 4096;
/** Bytes of a batch id, a leaf and a root. */
export const BATCH_HASH_BYTES = 32;
/** Bytes of a network fingerprint. */
export const NETWORK_FINGERPRINT_BYTES = 32;

/** "MBS1" as a big-endian number. */
const MAGIC = 0x4d425331;
const VERSION = 1;

/** The signed description of a batch. */
export interface BatchHead {
  /** Levels of the tree above its leaves: log2 of `count`. */
  readonly depth: number;
  /** Leaves, padding included: a power of two up to 4,096. */
  readonly count: number;
  /** The signer's node id, 32 bytes. */
  readonly signer: Uint8Array;
  /** When the signer signed, in milliseconds since 1970. */
  readonly timeMs: number;
  /** 32 random bytes that no other batch has. */
  readonly batchId: Uint8Array;
  /** The root of the tree, 32 bytes. */
  readonly root: Uint8Array;
}

/** The FIPS 204 context of a batch: "mbs/1 " ‖ use ‖ 0x00 ‖ the network's fingerprint of 32 bytes. */
export function batchContext(use: BatchUse, netFp: Uint8Array): Uint8Array {
  requireLength(netFp, 'netFp', NETWORK_FINGERPRINT_BYTES);
  return concatBytes(utf8ToBytes(`mbs/1 ${use}\0`), netFp);
}

/** "MBS1" 4 · version 1 · depth 1 · count u16 · signer 32 · time u64 · batch id 32 · root 32. */
export function encodeBatchHead(head: BatchHead): Uint8Array {
  requireLength(head.signer, 'signer', NODE_ID_BYTES);
  requireLength(head.batchId, 'batchId', BATCH_HASH_BYTES);
  requireLength(head.root, 'root', BATCH_HASH_BYTES);
  if (!isTree(head.depth, head.count))
    throw new RangeError('count must be a power of two up to 4096, and depth its logarithm');
  return new ByteWriter(BATCH_HEAD_BYTES)
    .u32(MAGIC)
    .u8(VERSION)
    .u8(head.depth)
    .u16(head.count)
    .bytes(head.signer)
    .u64(BigInt(head.timeMs))
    .bytes(head.batchId)
    .bytes(head.root)
    .finish();
}

/** Reads a head; undefined unless every field is in range. The arrays of the result are views of the input. */
export function decodeBatchHead(bytes: Uint8Array): BatchHead | undefined {
  if (bytes.length !== BATCH_HEAD_BYTES) return undefined;
  const reader = new ByteReader(bytes);
  if (reader.u32() !== MAGIC || reader.u8() !== VERSION) return undefined;
  const depth = reader.u8();
  const count = reader.u16();
  if (!isTree(depth, count)) return undefined;
  const signer = reader.bytes(NODE_ID_BYTES);
  const timeMs = Number(reader.u64());
  if (!Number.isSafeInteger(timeMs)) return undefined;
  const batchId = reader.bytes(BATCH_HASH_BYTES);
  return { depth, count, signer, timeMs, batchId, root: reader.bytes(BATCH_HASH_BYTES) };
}

function isTree(depth: number, count: number): boolean {
  return Number.isInteger(depth) && depth >= 0 && depth <= BATCH_DEPTH_MAX && count === 2 ** depth;
}
