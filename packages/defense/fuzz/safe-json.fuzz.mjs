// JSON of strangers: what is accepted means what JSON.parse says, what JSON.parse refuses is refused, nothing throws.
import { isDeepStrictEqual } from 'node:util';
import { must, target } from '../../../tools/fuzz-target.mjs';
import { SafeJsonParser } from '../dist/index.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const strict = new SafeJsonParser();
const keeping = new SafeJsonParser({
  onDangerousKey: 'keep',
  onLoneSurrogate: 'keep',
  onUnsafeInteger: 'round',
});
const dropping = new SafeJsonParser({ onDangerousKey: 'drop' });

const texts = [
  '{"type":"custom","data":"hello"}',
  '{"__proto__":{"isAdmin":true},"a":[{"constructor":{"prototype":{}}}]}',
  '{"\\u005f\\u005fproto\\u005f\\u005f":1,"text":"\\"__proto__\\": 1"}',
  '[0,-0,1.5,-2.5e-7,1E+300,1e999,9007199254740991,9007199254740993,12345678901234567890]',
  '["\\ud83d\\ude00","😀","é\\n\\t\\/\\\\\\"","\\ud800"]',
  '{"a":1,"b":{"a":2},"\\u0061":3}',
  ' { "spaced" : [ true , false , null ] , "" : { } } \n',
  `${'['.repeat(16)}${']'.repeat(16)}`,
  '{"peers":[{"id":1,"tags":["x","y"]},{"id":2,"tags":[]}],"n":null}',
];

/** Pieces from which texts are put together that are nearly JSON. */
const PIECES = [
  ...['{', '}', '[', ']', ',', ':', '"', '"a"', '"a":', '"__proto__":', '"\\u005f_proto__":', '"\\u', '\\'],
  ...[
    '0',
    '-',
    '1e',
    '.5',
    '1',
    '99999999999999999',
    'true',
    'null',
    ' ',
    '\n',
    'é',
    '😀',
    '\\ud83d',
    '\\ude00',
  ],
];

const CODES_OF_WHAT_NATIVE_TAKES = new Set([
  'JSON_DANGEROUS_KEY',
  'JSON_DUPLICATE_KEY',
  'JSON_LONE_SURROGATE',
  'JSON_NUMBER_RANGE',
  'JSON_TOO_DEEP',
  'JSON_TOO_LONG',
  'JSON_TOO_MANY',
]);

function native(text) {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

function compare(raw, text) {
  const expected = text === undefined ? undefined : native(text);
  for (const parser of [strict, keeping, dropping]) {
    const result = parser.parse(raw);
    if (expected === undefined) must(!result.success, 'what JSON.parse refuses is refused');
    else if (!result.success)
      must(
        CODES_OF_WHAT_NATIVE_TAKES.has(result.code),
        `JSON is refused for a limit and not as ${result.code}`,
      );
    else if (parser !== dropping)
      must(isDeepStrictEqual(result.data, expected.value), 'what is accepted means what JSON.parse says');
    if (result.success && parser !== keeping && typeof result.data === 'object')
      must(Object.assign({}, result.data).isAdmin === result.data?.isAdmin, 'no merge swaps a prototype');
    must((result.offset ?? 0) <= raw.length, 'an offset is within the text');
  }
}

function utf8(bytes) {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

const long = (unit, length) => encoder.encode(unit.repeat(Math.floor(length / unit.length)));

export default target({
  name: 'JSON of strangers',
  samples: () => texts.map((text) => encoder.encode(text)),
  decoders: { SafeJsonParser: (bytes) => void strict.parse(bytes) },
  check: (bytes, _, random) => {
    compare(bytes, utf8(bytes));
    const pieces = Array.from({ length: random(12) }, () => PIECES[random(PIECES.length)]);
    const text = pieces.join('');
    compare(text, text);
    const at = random(texts.length);
    const injected = texts[at].replace(/[,:]/g, (mark) => (random(8) === 0 ? pieces.join('') : mark));
    compare(injected, injected);
  },
  shapes: [
    ['escaped underscores', (length) => encoder.encode(`{"${'\\u005f'.repeat(length / 6)}":1}`)],
    ['one key again and again', (length) => encoder.encode(`{${'"a":1,'.repeat(length / 6)}"a":1}`)],
    ['small objects', (length) => encoder.encode(`[${'{"a":1},'.repeat(length / 8)}1]`)],
    ['escaped pairs', (length) => encoder.encode(`"${'\\ud83d\\ude00'.repeat(length / 12)}"`)],
    ['one long string', (length) => encoder.encode(`"${'x'.repeat(length)}"`)],
    ['digits', (length) => long('1', length)],
    ['spaces', (length) => long(' ', length)],
  ],
});
