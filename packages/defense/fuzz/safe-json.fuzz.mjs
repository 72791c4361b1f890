// JSON of strangers: what is read means what JSON.parse says it means, keeps the bounds, and changes no prototype. What
// was read is given to a validator, which never throws either.
import { bytesToUtf8, utf8ToBytes } from '@yakmesh/crypto';
import { must, repeated, target } from '../../../tools/fuzz-target.mjs';
import { MessageValidator } from '../dist/message-validator.js';
import { SafeJsonParser } from '../dist/safe-json-parser.js';

const texts = [
  '{"type":"chat","body":"text with \\u00fc and \\ud83d\\ude00","list":[1,-2.5e3,true,null,{}]}',
  '{"__proto__":{"isAdmin":true},"\\u005f_proto__":1,"constructor":{"prototype":{}}}',
  '{"nodeId":"yak1","endpoint":null,"type":7}',
  '[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]',
  '{"a":1,"a":2,"b":{"a":[]}}',
  '[9007199254740993,1e999,-0,0.1,"\\ud800"]',
  '"\\"\\\\\\/\\b\\f\\n\\r\\t"',
  ' \t\r\n{ "spaces" : [ ] } ',
];

const parsers = {
  refuse: new SafeJsonParser(),
  drop: new SafeJsonParser({ onDangerousKey: 'drop', onUnsafeInteger: 'round', onLoneSurrogate: 'keep' }),
  keep: new SafeJsonParser({ onDangerousKey: 'keep' }),
};
const validator = new MessageValidator();
const DANGEROUS = ['__proto__', 'constructor', 'prototype'];
const DEPTH_MAX = 16;

function inspect(value, depth = 0) {
  if (typeof value !== 'object' || value === null) return;
  must(depth < DEPTH_MAX, 'nothing is nested deeper than allowed');
  must(!DANGEROUS.some((key) => Object.hasOwn(value, key)), 'no dangerous key is left');
  for (const child of Object.values(value)) inspect(child, depth + 1);
}

function same(text, data) {
  return JSON.stringify(JSON.parse(text)) === JSON.stringify(data);
}

function read(bytes) {
  const found = {};
  for (const [name, parser] of Object.entries(parsers)) {
    const result = parser.parse(bytes);
    must(result.success || /^JSON_[A-Z_0-9]+$/.test(result.code), 'a refusal has a code');
    if (result.success) found[name] = result.data;
  }
  if (found.refuse !== undefined) {
    must(same(bytesToUtf8(bytes), found.refuse), 'the text means what JSON.parse says');
    inspect(found.refuse);
  }
  if (found.drop !== undefined) inspect(found.drop);
  must({}.isAdmin === undefined && Object.prototype.isAdmin === undefined, 'no text changes a prototype');
  return found;
}

const LEAVES = [
  '0',
  '-0',
  '1.5e-7',
  '12345678901234567890',
  'true',
  'null',
  '""',
  '"ü"',
  '"\\u0041\\n"',
  '"\\ud83d\\ude00"',
];
const KEYS = ['a', 'b', '', 'constructor', '__proto__', '\\u0061', 'hasOwnProperty', '0'];
const SPACES = ['', '', '', ' ', '\n', '\t \r\n'];

/** A text that is JSON by its making. */
function valid(random, depth) {
  const space = () => SPACES[random(SPACES.length)];
  const kind = depth === 0 ? 0 : random(3);
  if (kind === 0) return `${space()}${LEAVES[random(LEAVES.length)]}${space()}`;
  const children = Array.from({ length: random(4) }, () => valid(random, depth - 1));
  if (kind === 1) return `${space()}[${children.join() || space()}]${space()}`;
  const members = children.map((child) => `${space()}"${KEYS[random(KEYS.length)]}"${space()}:${child}`);
  return `${space()}{${members.join() || space()}}${space()}`;
}

const nested = (open, close) => (length) =>
  utf8ToBytes(open.repeat(Math.floor(length / 2)) + close.repeat(Math.floor(length / 2)));

export default target({
  name: 'JSON of strangers',
  samples: () => texts.map(utf8ToBytes),
  decoders: { SafeJsonParser: read },
  check: (bytes, _prepared, random) => {
    const text = valid(random, random(6));
    const result = parsers.refuse.parse(text);
    must(
      result.success || result.code !== 'JSON_SYNTAX',
      `what is JSON is not called anything else: ${text}`,
    );
    if (result.success) must(same(text, result.data), `the text means what JSON.parse says: ${text}`);
    for (const data of Object.values(read(bytes)))
      for (const type of ['gossip', 'handshake', 'listing', 'data', 'unknown'])
        must(typeof validator.validateStructure(data, type).valid === 'boolean', 'a verdict is one');
  },
  shapes: [
    ['deep arrays', nested('[', ']')],
    ['a list of keys', (length) => utf8ToBytes(`{${keys(Math.floor(length / 8))}}`)],
    ['a list of numbers', (length) => utf8ToBytes(`[${'1,'.repeat(length / 2 - 2)}1]`)],
    [
      'one long text of escapes',
      (length) => utf8ToBytes(`"${'\\u0041'.repeat(Math.floor(length / 6) - 1)}"`),
    ],
    ['one long number', (length) => repeated(utf8ToBytes('1'), length)],
    ['spaces', (length) => repeated(utf8ToBytes(' \n'), length)],
    [
      'one key that comes again',
      (length) => utf8ToBytes(`{${'"a":0,'.repeat(Math.floor(length / 6) - 1)}"a":0}`),
    ],
  ],
});

const keys = (count) => Array.from({ length: count }, (_, index) => `"k${index}":0`).join(',');
