import { platform } from '#platform';
import { BATCH_COUNT_MAX, BATCH_DEPTH_MAX, BATCH_HASH_BYTES } from './batch-head.js';
import { requireLength } from './bytes.js';

/** Bytes before the message in a leaf's input: 0x00 · "MBS1" · batch id 32 · index u32 · salt 32 · length u32. */
export const LEAF_PREFIX_BYTES = 77;
/** Bytes of the salt that the wire carries for an envelope; the hashed field is 32, its rest zeros. */
export const SHORT_SALT_BYTES = 16;
/** Bytes of the salt field in a leaf, all of them on the wire in a handshake's slot. */
export const SALT_BYTES = 32;

const NODE_INPUT_BYTES = 106;
const PAD_INPUT_BYTES = 41;

/** Offsets shared by all three inputs: the kind, "MBS1", the batch id, then what differs. */
const MAGIC = [0x4d, 0x42, 0x53, 0x31] as const;
const BATCH_ID_AT = 5;
const LEAF_INDEX_AT = 37;
const LEAF_SALT_AT = 41;
const LEAF_LENGTH_AT = 73;
const NODE_LEVEL_AT = 37;
const NODE_INDEX_AT = 38;
const NODE_LEFT_AT = 42;
const NODE_RIGHT_AT = 74;

/** Messages up to this length are hashed through one buffer that is never allocated again. */
const SCRATCH_MESSAGE_BYTES = 16_384;

const leafScratch = new Uint8Array(LEAF_PREFIX_BYTES + SCRATCH_MESSAGE_BYTES);
const nodeScratch = newInput(0x01, NODE_INPUT_BYTES);
const padScratch = newInput(0x02, PAD_INPUT_BYTES);
const pairScratch = new Uint8Array(2 * BATCH_HASH_BYTES);

/**
 * Writes the 77 bytes that stand before a message in its leaf's input, at the start of `target`. Whoever hashes many
 * messages keeps prefix and message in one buffer and hashes once: SHA-256(target[0..77 + messageLength)).
 */
export function writeLeafPrefix(
  target: Uint8Array,
  batchId: Uint8Array,
  index: number,
  salt: Uint8Array,
  messageLength: number,
): void {
  requireLength(batchId, 'batchId', BATCH_HASH_BYTES);
  if (salt.length !== SHORT_SALT_BYTES && salt.length !== SALT_BYTES)
    throw new RangeError('salt must have 16 or 32 bytes');
  if (target.length < LEAF_PREFIX_BYTES)
    throw new RangeError(`target must have at least ${LEAF_PREFIX_BYTES} bytes`);
  target[0] = 0x00;
  target.set(MAGIC, 1);
  target.set(batchId, BATCH_ID_AT);
  writeU32(target, LEAF_INDEX_AT, index);
  target.set(salt, LEAF_SALT_AT);
  target.fill(0, LEAF_SALT_AT + salt.length, LEAF_LENGTH_AT);
  writeU32(target, LEAF_LENGTH_AT, messageLength);
}

/** The leaf of a message: SHA-256(0x00 ‖ "MBS1" ‖ batch id ‖ u32 index ‖ salt 32 ‖ u32 length ‖ message). */
export function leafHash(
  batchId: Uint8Array,
  index: number,
  salt: Uint8Array,
  message: Uint8Array,
): Uint8Array {
  const length = LEAF_PREFIX_BYTES + message.length;
  const input = length <= leafScratch.length ? leafScratch : new Uint8Array(length);
  writeLeafPrefix(input, batchId, index, salt, message.length);
  input.set(message, LEAF_PREFIX_BYTES);
  return platform.sha256(input.subarray(0, length));
}

/** A leaf that stands for no message: SHA-256(0x02 ‖ "MBS1" ‖ batch id ‖ u32 index). */
export function padLeaf(batchId: Uint8Array, index: number): Uint8Array {
  requireLength(batchId, 'batchId', BATCH_HASH_BYTES);
  padScratch.set(batchId, BATCH_ID_AT);
  writeU32(padScratch, LEAF_INDEX_AT, index);
  return platform.sha256(padScratch);
}

/** The leaves followed by padding up to the next power of two. */
export function padLeaves(batchId: Uint8Array, leaves: readonly Uint8Array[]): Uint8Array[] {
  const padded = [...leaves];
  const count = 2 ** Math.ceil(Math.log2(Math.max(1, leaves.length)));
  for (let index = leaves.length; index < count; index++) padded.push(padLeaf(batchId, index));
  return padded;
}

/** The root over leaves whose number is a power of two up to 4,096. One leaf is its own root. */
export function merkleRoot(batchId: Uint8Array, leaves: readonly Uint8Array[]): Uint8Array {
  requireTree(batchId, leaves);
  const row = new Uint8Array(leaves.length * BATCH_HASH_BYTES);
  leaves.forEach((leaf, index) => {
    row.set(leaf, index * BATCH_HASH_BYTES);
  });
  nodeScratch.set(batchId, BATCH_ID_AT);
  // Each level overwrites the front of the row, always behind what it still has to read.
  for (let level = 1, count = leaves.length / 2; count >= 1; level++, count /= 2) {
    for (let index = 0; index < count; index++) {
      hashNodeInto(row, index * BATCH_HASH_BYTES, level, index, row, 2 * index * BATCH_HASH_BYTES);
    }
  }
  return row.slice(0, BATCH_HASH_BYTES);
}

/** All levels of the tree, from the leaves to the root. */
export function merkleTree(batchId: Uint8Array, leaves: readonly Uint8Array[]): Uint8Array[][] {
  requireTree(batchId, leaves);
  nodeScratch.set(batchId, BATCH_ID_AT);
  let row = [...leaves];
  const levels = [row];
  for (let level = 1; row.length > 1; level++) {
    const above: Uint8Array[] = [];
    for (let index = 0; index < row.length / 2; index++) {
      const node = new Uint8Array(BATCH_HASH_BYTES);
      writePair(row[2 * index], row[2 * index + 1]);
      hashNodeInto(node, 0, level, index, pairScratch, 0);
      above.push(node);
    }
    levels.push(above);
    row = above;
  }
  return levels;
}

/** The siblings from a leaf up to the root, 32 bytes a level. */
export function merklePath(levels: readonly (readonly Uint8Array[])[], index: number): Uint8Array {
  const count = levels[0]?.length ?? 0;
  if (!Number.isInteger(index) || index < 0 || index >= count)
    throw new RangeError('index must be that of a leaf');
  const path = new Uint8Array((levels.length - 1) * BATCH_HASH_BYTES);
  for (let level = 0; level < levels.length - 1; level++) {
    const sibling = levels[level]?.[Math.floor(index / 2 ** level) ^ 1];
    if (sibling !== undefined) path.set(sibling, level * BATCH_HASH_BYTES);
  }
  return path;
}

/**
 * The root to which a leaf and its siblings lead; undefined for a path that is none (not whole hashes, more than 12
 * levels, or an index beyond them). The caller compares it with a verified root and the path's length with its depth.
 */
export function rootFromPath(
  batchId: Uint8Array,
  leaf: Uint8Array,
  index: number,
  path: Uint8Array,
): Uint8Array | undefined {
  const depth = path.length / BATCH_HASH_BYTES;
  if (!Number.isInteger(depth) || depth > BATCH_DEPTH_MAX) return undefined;
  if (batchId.length !== BATCH_HASH_BYTES || leaf.length !== BATCH_HASH_BYTES) return undefined;
  if (!Number.isInteger(index) || index < 0 || index >= 2 ** depth) return undefined;
  nodeScratch.set(batchId, BATCH_ID_AT);
  const node = leaf.slice();
  for (let level = 0, at = index; level < depth; level++, at >>>= 1) {
    const sibling = path.subarray(level * BATCH_HASH_BYTES, (level + 1) * BATCH_HASH_BYTES);
    if (at % 2 === 0) writePair(node, sibling);
    else writePair(sibling, node);
    hashNodeInto(node, 0, level + 1, at >>> 1, pairScratch, 0);
  }
  return node;
}

/** SHA-256(0x01 ‖ "MBS1" ‖ batch id ‖ u8 level ‖ u32 index ‖ left ‖ right), the pair being 64 bytes of `source`. */
function hashNodeInto(
  target: Uint8Array,
  offset: number,
  level: number,
  index: number,
  source: Uint8Array,
  pairAt: number,
): void {
  nodeScratch[NODE_LEVEL_AT] = level;
  writeU32(nodeScratch, NODE_INDEX_AT, index);
  for (let i = 0; i < 2 * BATCH_HASH_BYTES; i++) nodeScratch[NODE_LEFT_AT + i] = source[pairAt + i] ?? 0;
  platform.sha256Into(nodeScratch, target, offset);
}

function writePair(left: Uint8Array | undefined, right: Uint8Array | undefined): void {
  if (left !== undefined) pairScratch.set(left, 0);
  if (right !== undefined) pairScratch.set(right, NODE_RIGHT_AT - NODE_LEFT_AT);
}

function requireTree(batchId: Uint8Array, leaves: readonly Uint8Array[]): void {
  requireLength(batchId, 'batchId', BATCH_HASH_BYTES);
  const count = leaves.length;
  if (count < 1 || count > BATCH_COUNT_MAX || (count & (count - 1)) !== 0) {
    throw new RangeError(`the number of leaves must be a power of two up to ${BATCH_COUNT_MAX}`);
  }
  for (const leaf of leaves) requireLength(leaf, 'leaf', BATCH_HASH_BYTES);
}

function newInput(kind: number, length: number): Uint8Array {
  const input = new Uint8Array(length);
  input[0] = kind;
  input.set(MAGIC, 1);
  return input;
}

function writeU32(target: Uint8Array, offset: number, value: number): void {
  target[offset] = value >>> 24;
  target[offset + 1] = value >>> 16;
  target[offset + 2] = value >>> 8;
  target[offset + 3] = value;
}
