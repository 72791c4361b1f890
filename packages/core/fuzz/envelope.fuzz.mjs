// Cores and payloads: what a decoder takes has exactly one encoding, and hostile lengths cost linear time.
import { equalBytes } from '@yakmesh/crypto';
import { decodeEnvelope, encodeEnvelope } from '../dist/envelope/envelope.js';
import { decodePayload, encodePayload } from '../dist/envelope/payload.js';
import { must, target } from './mutation.mjs';

const payloads = [
  null,
  'text with ünïcode',
  [1, -1, 2n ** 60n, 1.5, true, [[]]],
  { a: { b: new Uint8Array(9) }, __proto: 1, constructor: 'x' },
  JSON.parse('{"__proto__": {"isAdmin": true}}'),
  Array.from({ length: 60 }, (_, index) => ({ index })),
].map(encodePayload);

const cores = [
  encodeEnvelope({
    class: 1,
    priority: 3,
    protocol: 'app',
    to: new Uint8Array(32),
    epoch: 1,
    sequence: 2,
    timeMs: 3,
    lifeSeconds: 4,
    payload: payloads[2],
  }),
  encodeEnvelope({
    class: 2,
    priority: 0,
    protocol: 'x'.repeat(32),
    to: new Uint8Array(32).fill(5),
    epoch: 2 ** 48 - 1,
    sequence: 0,
    timeMs: 2 ** 47,
    lifeSeconds: 86_400,
    payload: payloads[3],
  }),
];

const header = (bytes, length) => {
  const all = new Uint8Array(Math.max(length, bytes.length)).fill(0x60);
  all.set(bytes);
  return all;
};

export default target({
  name: 'envelopes and payloads',
  samples: () => [...payloads, ...cores],
  decoders: {
    decodeEnvelope: (bytes) => {
      const envelope = decodeEnvelope(bytes);
      if (envelope === undefined) return;
      must(equalBytes(encodeEnvelope(envelope), bytes), 'an envelope has one encoding');
    },
    decodePayload: (bytes) => {
      const payload = decodePayload(bytes);
      if (payload === undefined) return;
      must(decodePayload(encodePayload(payload.value)) !== undefined, 'what is decoded can be sent on');
      must({}.isAdmin === undefined, 'no payload changes a prototype');
    },
  },
  shapes: [
    ['a map of equal keys', (length) => header([0xba, 0, 0, 0x7f, 0xff], length)],
    ['a map of many short keys', (length) => encodePayload(keys(Math.floor(length / 8)))],
    ['an array of empty arrays', (length) => encodePayload(new Array(Math.min(60_000, length)).fill([]))],
    ['one long text', (length) => encodePayload('ü'.repeat(length / 2))],
  ],
});

const keys = (count) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 0]));
