// "Hash puzzle" of @yakmesh/crypto's PROTOCOL.md: the smallest numbers that solve it.
import { join, sha256, uint, type Bytes } from './primitives.js';

export function solve(prefix: Bytes, bits: number, count: number): Bytes {
  const parts = Array.from({ length: count }, (_, i) => {
    for (let x = 0; ; x += 1) {
      const hash = Buffer.from(sha256(prefix, uint(i, 1), uint(x, 5)));
      if (hash.readUInt32BE() >>> (32 - (bits - 3)) === 0) return uint(x, 5);
    }
  });
  return join(...parts);
}
