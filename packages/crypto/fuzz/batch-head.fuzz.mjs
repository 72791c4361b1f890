import { must, target } from '../../../tools/fuzz-target.mjs';
import { decodeBatchHead, encodeBatchHead, equalBytes } from '../dist/index.js';

const fill = (value) => new Uint8Array(32).fill(value);

export default target({
  name: 'batch heads',
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
  decoders: {
    decodeBatchHead: (bytes) => {
      const head = decodeBatchHead(bytes);
      if (head === undefined) return;
      must(head.count <= 4096 && head.count === 2 ** head.depth, 'the tree is within its bounds');
      must(equalBytes(encodeBatchHead(head), bytes), 'one head has one encoding');
    },
  },
});
