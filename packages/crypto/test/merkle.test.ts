import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import {
  bytesToHex,
  leafHash,
  LEAF_PREFIX_BYTES,
  merklePath,
  merkleRoot,
  merkleTree,
  padLeaf,
  padLeaves,
  randomBytes,
  rootFromPath,
  sha256,
  writeLeafPrefix,
} from '../src/index.js';
import { anyBytes, bytesOf } from './arbitraries.js';
import * as second from './merkle-second.js';

const batchId = sha256(Uint8Array.of(1));
const plain = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes);
const leavesOf = (count: number): Uint8Array[] =>
  padLeaves(
    batchId,
    Array.from({ length: count }, (_, i) => leafHash(batchId, i, new Uint8Array(16), Uint8Array.of(i))),
  );

test('leaves equal those of the second implementation, with salts of 16 and of 32 bytes', () => {
  fc.assert(
    fc.property(
      bytesOf(32),
      fc.nat(4095),
      fc.oneof(bytesOf(16), bytesOf(32)),
      anyBytes(),
      (id, index, salt, message) => {
        expect(leafHash(id, index, salt, message)).toEqual(plain(second.leaf(id, index, salt, message)));
        expect(padLeaf(id, index)).toEqual(plain(second.pad(id, index)));
      },
    ),
  );
});

test('a message longer than the scratch buffer has its leaf all the same', () => {
  const [salt, message] = [randomBytes(16), randomBytes(100_000)];
  expect(leafHash(batchId, 3, salt, message)).toEqual(plain(second.leaf(batchId, 3, salt, message)));
});

test('a prefix written into a buffer that held other things is complete', () => {
  const target = new Uint8Array(LEAF_PREFIX_BYTES + 3).fill(0xff);
  target.set([1, 2, 3], LEAF_PREFIX_BYTES);
  writeLeafPrefix(target, batchId, 7, new Uint8Array(16).fill(4), 3);
  expect(sha256(target)).toEqual(leafHash(batchId, 7, new Uint8Array(16).fill(4), Uint8Array.of(1, 2, 3)));
});

test.each([1, 2, 3, 4, 5, 8, 13, 64, 100, 256])(
  'root, tree and paths of %i messages equal the second implementation',
  (count) => {
    const leaves = leavesOf(count);
    const depth = Math.log2(leaves.length);
    const root = plain(second.node(batchId, leaves, depth, 0));
    expect(merkleRoot(batchId, leaves)).toEqual(root);
    const tree = merkleTree(batchId, leaves);
    expect(tree[depth]).toEqual([root]);
    for (const index of new Set([0, 1, count >> 1, count - 1, leaves.length - 1])) {
      if (index >= leaves.length) continue;
      const path = merklePath(tree, index);
      expect(path).toEqual(plain(second.path(batchId, leaves, index)));
      expect(rootFromPath(batchId, leaves[index] ?? batchId, index, path)).toEqual(root);
    }
  },
);

test('the largest tree has 4,096 leaves and twelve levels', () => {
  const leaves = leavesOf(4096);
  const tree = merkleTree(batchId, leaves);
  expect(tree.length).toBe(13);
  expect(tree[12]?.[0]).toEqual(merkleRoot(batchId, leaves));
  expect(merklePath(tree, 4095).length).toBe(384);
});

test('hashing leaves the caller’s leaves and path as they were', () => {
  const leaves = leavesOf(8);
  const before = leaves.map(bytesToHex);
  const path = merklePath(merkleTree(batchId, leaves), 5);
  const pathBefore = bytesToHex(path);
  merkleRoot(batchId, leaves);
  rootFromPath(batchId, leaves[5] ?? batchId, 5, path);
  expect([leaves.map(bytesToHex), bytesToHex(path)]).toEqual([before, pathBefore]);
});

test('another index, order, level, depth or batch never leads to the root', () => {
  const leaves = leavesOf(8);
  const tree = merkleTree(batchId, leaves);
  const root = merkleRoot(batchId, leaves);
  const path = merklePath(tree, 3);
  const leaf = leaves[3] ?? batchId;
  const swapped = new Uint8Array([...path.subarray(32, 64), ...path.subarray(0, 32), ...path.subarray(64)]);
  for (const index of [0, 1, 2, 4, 5, 6, 7])
    expect(rootFromPath(batchId, leaf, index, path)).not.toEqual(root);
  expect(rootFromPath(batchId, leaf, 3, swapped)).not.toEqual(root);
  expect(rootFromPath(batchId, leaf, 3, path.subarray(0, 64))).not.toEqual(root);
  expect(rootFromPath(sha256(batchId), leaf, 3, path)).not.toEqual(root);
});

test('an inner node presented as a leaf does not lead to the root, for its level is hashed', () => {
  const leaves = leavesOf(8);
  const tree = merkleTree(batchId, leaves);
  const inner = tree[1]?.[1] ?? batchId;
  const path = merklePath(tree, 3).subarray(32);
  expect(rootFromPath(batchId, inner, 1, path)).not.toEqual(merkleRoot(batchId, leaves));
});

test('a padding leaf cannot be opened as a message', () => {
  const leaves = leavesOf(3);
  const tree = merkleTree(batchId, leaves);
  const opened = leafHash(batchId, 3, new Uint8Array(32), new Uint8Array(0));
  expect(rootFromPath(batchId, padLeaf(batchId, 3), 3, merklePath(tree, 3))).toEqual(
    merkleRoot(batchId, leaves),
  );
  expect(rootFromPath(batchId, opened, 3, merklePath(tree, 3))).not.toEqual(merkleRoot(batchId, leaves));
});

test('a salt and its message cannot be divided elsewhere, for the length is hashed', () => {
  const [a, b] = [
    leafHash(batchId, 0, new Uint8Array(16), Uint8Array.of(0)),
    leafHash(batchId, 0, new Uint8Array(16), Uint8Array.of(0, 0)),
  ];
  expect(a).not.toEqual(b);
});

test('no path of a stranger makes the walk throw', () => {
  fc.assert(
    fc.property(anyBytes(40), anyBytes(40), fc.double(), anyBytes(500), (id, leaf, index, path) => {
      const root = rootFromPath(id, leaf, index, path);
      expect(root === undefined || root.length === 32).toBe(true);
    }),
  );
  expect(rootFromPath(batchId, batchId, 0, new Uint8Array(13 * 32))).toBeUndefined();
});

test.each([0, 3, 8192])('%i leaves are no tree', (count) => {
  const leaves = Array.from({ length: count }, () => batchId);
  expect(() => merkleRoot(batchId, leaves)).toThrow(RangeError);
  expect(() => merkleTree(batchId, leaves)).toThrow(RangeError);
});

test('salts, targets and indexes out of range are a RangeError', () => {
  expect(() => leafHash(batchId, 0, new Uint8Array(15), batchId)).toThrow(RangeError);
  expect(() => {
    writeLeafPrefix(new Uint8Array(76), batchId, 0, new Uint8Array(16), 0);
  }).toThrow(RangeError);
  expect(() => merklePath(merkleTree(batchId, leavesOf(4)), 4)).toThrow(RangeError);
});
