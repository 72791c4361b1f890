// Messages of strangers against schemas: an answer for any value, no part of which runs, and no reason that repeats it.
import { must, target } from '../../../tools/fuzz-target.mjs';
import { MessageValidator, SafeJsonParser } from '../dist/index.js';

const encoder = new TextEncoder();
const parser = new SafeJsonParser({ onDangerousKey: 'keep', onLoneSurrogate: 'keep' });

const peer = {
  type: 'object',
  required: { id: { type: 'nodeId' } },
  optional: { port: { type: 'integer', min: 0 } },
};
const types = {
  peers: { maxBytes: 4_096, schema: { type: 'array', items: peer, maxItems: 8 } },
  table: { maxBytes: 512, schema: { type: 'map', values: { type: 'number', max: 9 }, maxEntries: 3 } },
  mixed: {
    maxBytes: 4_096,
    schema: {
      type: 'object',
      required: { kind: { type: 'enum', values: ['a', 1, null, true] } },
      optional: {
        name: { type: 'string', minLength: 1, maxLength: 8, format: 'text' },
        key: { type: 'string', format: 'hex' },
        body: {
          type: 'union',
          options: [
            { type: 'bytes', maxBytes: 8 },
            { type: 'string', format: 'base64' },
          ],
        },
        any: { type: 'any' },
      },
    },
  },
};
const validator = new MessageValidator({ types });
const TYPE_NAMES = ['gossip', 'handshake', 'listing', 'data', ...Object.keys(types), '__proto__', 'unknown'];

const messages = [
  { type: 'custom', data: 'hello' },
  [{ id: `yak1${'q'.repeat(58)}`, port: 9_001 }],
  { a: 1, b: 2.5, c: 9 },
  { kind: 'a', name: 'Größe', key: '00ff', body: 'YQ==', any: [[{}]] },
  { kind: null, any: { deep: [[[[[[[[[[[[[[[1]]]]]]]]]]]]]]] } },
  { nodeId: 'yak1abc', endpoint: 'wss://example.org:9001/' },
  JSON.parse('{"__proto__":{"isAdmin":true},"constructor":1}'),
].map((message) => encoder.encode(JSON.stringify(message)));

function mustNotRun() {
  throw new Error('broken: nothing of a value runs');
}

class Dressed {}

/** Values that no JSON gives, as a decoder with a fault might. */
const ODD_VALUES = [
  () => undefined,
  () => Number.NaN,
  () => 2n ** 64n,
  () => Symbol('s'),
  () => mustNotRun,
  () => new Date(0),
  () => new Dressed(),
  () => new Uint8Array(3),
  () => new Uint16Array(3),
  () => Object.defineProperty({}, 'type', { get: mustNotRun, enumerable: true }),
  () => Object.defineProperty([1], 0, { get: mustNotRun }),
  () => Object.create({ toJSON: mustNotRun }),
  () => new Array(3),
  () => new Proxy({}, { getPrototypeOf: () => null, ownKeys: () => ['a', 'a'] }),
  () => {
    const circle = [];
    circle.push({ circle });
    return circle;
  },
];

/** What a reason may consist of: our own words, and field names of letters, digits and `_`. */
const REASON = /^message[\w.[\]()… ]*[\w ,.;()+-]*\.$/;

function judge(value, type) {
  const { valid, reason, code } = validator.validateStructure(value, type);
  must(
    valid === (reason === undefined) && valid === (code === undefined),
    'a refusal has a reason and a code',
  );
  must(valid || (REASON.test(reason) && reason.length <= 256), `a reason is short and harmless: ${reason}`);
  must(!valid || TYPE_NAMES.indexOf(type) < TYPE_NAMES.length - 2, 'an unknown type lets nothing through');
  return valid;
}

/** Puts an odd value in the place of one of the fields. */
function oddly(value, random) {
  const odd = ODD_VALUES[random(ODD_VALUES.length)]();
  if (typeof value !== 'object' || value === null) return odd;
  const keys = Object.keys(value);
  const key = keys[random(keys.length + 1)] ?? 'odd';
  Object.defineProperty(value, key, { value: odd, enumerable: true });
  return value;
}

export default target({
  name: 'messages and schemas',
  samples: () => messages,
  decoders: {
    validateStructure: (bytes) => {
      const { data } = parser.parse(bytes);
      for (const type of TYPE_NAMES) judge(data, type);
      judge({ bytes, text: new TextDecoder().decode(bytes) }, 'data');
    },
    validateRaw: (bytes) => {
      const text = new TextDecoder().decode(bytes);
      const length = encoder.encode(text).length;
      must(
        validator.validateRaw(text, 'table').valid === length <= 512,
        'a string is measured in bytes of UTF-8',
      );
      must(validator.validateRaw(bytes, 'table').valid === bytes.length <= 512, 'bytes are counted');
    },
  },
  check: (bytes, _, random) => {
    const type = TYPE_NAMES[random(TYPE_NAMES.length)];
    judge(oddly(parser.parse(bytes).data, random), type);
    const name = new TextDecoder().decode(bytes.subarray(0, random(40)));
    judge({ [name]: { [name]: undefined } }, 'gossip');
    judge({ kind: 'a', [name]: name }, 'mixed');
  },
});
