// Cores and payloads: what a decoder takes has exactly one encoding, and hostile lengths cost linear time.
import { equalBytes } from '@yakmesh/crypto';
import { decodeEnvelope, encodeEnvelope } from '../dist/envelope/envelope.js';
import { decodePayload, encodePayload } from '../dist/envelope/payload.js';
import { must, mustBeLinear, target } from './mutation.mjs';

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

function prepare() {
  for (const byte of [0x81, 0x80, 0x60, 0xc3, 0x00, 0xf6])
    mustBeLinear(
      `decodePayload of ${byte}s`,
      (length) => new Uint8Array(length).fill(byte),
      (bytes) => decodePayload(bytes),
    );
  mustBeLinear(
    'decodePayload of a map with equal keys',
    (length) => {
      const bytes = new Uint8Array(length).fill(0x60);
      bytes.set([0xba, 0, 0, 0x7f, 0xff]);
      return bytes;
    },
    (bytes) => decodePayload(bytes),
  );
  return { samples: [...payloads, ...cores] };
}

function check(bytes) {
  const envelope = decodeEnvelope(bytes);
  if (envelope !== undefined)
    must(equalBytes(encodeEnvelope(envelope), bytes), 'an envelope has one encoding');
  const payload = decodePayload(bytes);
  if (payload === undefined) return;
  encodePayload(payload.value);
  must({}.isAdmin === undefined, 'no payload changes a prototype');
}

export default target({ name: 'envelope', prepare, check });
