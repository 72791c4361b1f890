import { must, target } from '../../../tools/fuzz-target.mjs';
import { decodeNodeId, encodeNodeId, utf8ToBytes } from '../dist/index.js';

export default target({
  name: 'node ids',
  samples: () => [0, 0x5a, 0xff].map((value) => utf8ToBytes(encodeNodeId(new Uint8Array(32).fill(value)))),
  decoders: {
    decodeNodeId: (bytes) => {
      const text = Buffer.from(bytes).toString('latin1');
      const id = decodeNodeId(text);
      if (id !== undefined) must(encodeNodeId(id) === text, 'one id has one text');
    },
  },
});
