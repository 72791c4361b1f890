import { decodeNodeId, encodeNodeId, utf8ToBytes } from '../dist/index.js';
import { decoderTarget, must } from './decoder-target.mjs';

export default decoderTarget({
  name: 'decodeNodeId',
  samples: () => [0, 0x5a, 0xff].map((value) => utf8ToBytes(encodeNodeId(new Uint8Array(32).fill(value)))),
  check: (bytes) => {
    const text = String.fromCharCode(...bytes);
    const id = decodeNodeId(text);
    if (id !== undefined) must(encodeNodeId(id) === text, 'one id has one text');
  },
});
