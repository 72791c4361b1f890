// The input is leaf 32 ‖ index u16 ‖ path: only the genuine ones may lead to the root.
import { must, target } from '../../../tools/fuzz-target.mjs';
import {
  ByteReader,
  concatBytes,
  equalBytes,
  leafHash,
  merklePath,
  merkleTree,
  rootFromPath,
} from '../dist/index.js';

const batchId = new Uint8Array(32).fill(7);
const leaves = Array.from({ length: 16 }, (_, i) =>
  leafHash(batchId, i, new Uint8Array(16), Uint8Array.of(i)),
);
const tree = merkleTree(batchId, leaves);
const root = tree[4][0];
const encoded = leaves.map((leaf, i) => concatBytes(leaf, Uint8Array.of(0, i), merklePath(tree, i)));

export default target({
  name: 'rootFromPath',
  samples: () => encoded,
  check: (bytes) => {
    const reader = new ByteReader(bytes);
    const [leaf, index, path] = [reader.bytes(32), reader.u16(), reader.rest()];
    const found = rootFromPath(batchId, leaf, index, path);
    const isGenuine = encoded.some((each) => equalBytes(each, bytes));
    const leads = found !== undefined && path.length === 128 && equalBytes(found, root);
    must(leads === isGenuine, 'only a genuine leaf with its own path leads to the root');
  },
});
