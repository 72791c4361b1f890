import { decodeBatchHead, encodeBatchHead, equalBytes } from '../dist/index.js';
import { decoderTarget, must } from './decoder-target.mjs';

const fill = (value) => new Uint8Array(32).fill(value);

export default decoderTarget({
  name: 'decodeBatchHead',
  samples: () =>
    [0, 1, 8, 12].map((depth) =>
      encodeBatchHead({
        depth,
        count: 2 ** depth,
        signer: fill(1),
        timeMs: 1_700_000_000_000,
        batchId: fill(2),
        root: fill(3),
      }),
    ),
  check: (bytes) => {
    const head = decodeBatchHead(bytes);
    if (head === undefined) return;
    must(head.count <= 4096 && head.count === 2 ** head.depth, 'the tree is within its bounds');
    must(equalBytes(encodeBatchHead(head), bytes), 'one head has one encoding');
  },
});
