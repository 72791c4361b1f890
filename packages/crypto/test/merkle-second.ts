// A second implementation of the hash tree, written from the specification with node:crypto and recursion alone.
import { createHash } from 'node:crypto';

const MBS1 = Buffer.from('MBS1');
const u32 = (value: number): Buffer =>
  Buffer.from([value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]);
const digest = (...parts: (Buffer | Uint8Array)[]): Buffer =>
  createHash('sha256').update(Buffer.concat(parts)).digest();

export function leaf(batchId: Uint8Array, index: number, salt: Uint8Array, message: Uint8Array): Buffer {
  const salt32 = Buffer.concat([salt, Buffer.alloc(32 - salt.length)]);
  return digest(Buffer.of(0), MBS1, batchId, u32(index), salt32, u32(message.length), message);
}

export function pad(batchId: Uint8Array, index: number): Buffer {
  return digest(Buffer.of(2), MBS1, batchId, u32(index));
}

export function node(
  batchId: Uint8Array,
  leaves: readonly Uint8Array[],
  level: number,
  index: number,
): Uint8Array {
  if (level === 0) return leaves[index] ?? Buffer.alloc(0);
  const left = node(batchId, leaves, level - 1, 2 * index);
  const right = node(batchId, leaves, level - 1, 2 * index + 1);
  return digest(Buffer.of(1), MBS1, batchId, Buffer.of(level), u32(index), left, right);
}

export function path(batchId: Uint8Array, leaves: readonly Uint8Array[], index: number): Buffer {
  const depth = Math.log2(leaves.length);
  const siblings = Array.from({ length: depth }, (_, level) =>
    node(batchId, leaves, level, (index >> level) ^ 1),
  );
  return Buffer.concat(siblings);
}
