// What clients write to the control socket: whatever it is, it is a token, a request, or neither, and never a throw.
import { SafeJsonParser } from '@yakmesh/defense';
import { must, target } from '../../../tools/fuzz-target.mjs';
import { answerOf, requestOf, tokenOfGreeting } from '../dist/control/control-protocol.js';
import { LineSplitter } from '../dist/control/line-splitter.js';

const json = new SafeJsonParser();
const text = (bytes) => new TextDecoder().decode(bytes);
const bytesOf = (value) => new TextEncoder().encode(`${JSON.stringify(value)}\n`);

export default target({
  name: 'control lines',
  samples: () => [
    bytesOf({ yakmesh: 1, token: '0123456789abcdef'.repeat(4) }),
    bytesOf({ id: 1, method: 'send', params: { to: 'yak1', payload: { list: [1, null] }, ack: true } }),
    bytesOf({ id: 1, error: { code: 'X', message: 'y' } }),
    bytesOf({ id: 1, event: { kind: 'listening' } }),
  ],
  decoders: {
    tokenOfGreeting: (bytes) => {
      const token = tokenOfGreeting(json.parse(bytes).data);
      must(token === undefined || token.length === 32, 'a token has 32 bytes');
    },
    requestOf: (bytes) => {
      const request = requestOf(json.parse(bytes).data);
      must(request === undefined || typeof request.method === 'string', 'a request has a method');
    },
    answerOf: (bytes) => void answerOf(text(bytes)),
    LineSplitter: (bytes) => {
      const splitter = new LineSplitter();
      const half = bytes.length >> 1;
      const lines = [...splitter.push(bytes.subarray(0, half)), ...splitter.push(bytes.subarray(half))];
      const length = lines.reduce((sum, line) => sum + line.length + 1, splitter.pendingBytes);
      must(length === bytes.length, 'no byte is lost');
    },
  },
});
