import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DefenseArgumentError } from '../src/errors.js';
import { SafeJsonParser } from '../src/safe-json-parser.js';
import { isLinear } from './linear-time.js';

const parser = new SafeJsonParser();
const bytes = (text: string) => new TextEncoder().encode(text);
/** JSON text of a key, every letter escaped. */
const escaped = (key: string) =>
  `"${Array.from(key, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`;
const codeOf = (raw: string | Uint8Array) => parser.parse(raw).code;

/** What JSON.parse makes of a text; undefined where it throws. */
function native(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

test("the page's example: success and data, or error", () => {
  expect(parser.parse('{"type":"custom","data":"hello"}')).toEqual({
    success: true,
    data: { type: 'custom', data: 'hello' },
  });
  expect(parser.parse('{"type":')).toEqual({
    success: false,
    error: 'The text is not JSON.',
    code: 'JSON_SYNTAX',
    offset: 8,
  });
});

const DANGEROUS = ['__proto__', 'constructor', 'prototype'];

test.each(DANGEROUS)('D6: a key %s is refused, plain or escaped, at any depth', (key) => {
  for (const name of [`"${key}"`, escaped(key), escaped(key).toUpperCase().replaceAll('\\U', '\\u')]) {
    expect(parser.parse(`{${name}:{"isAdmin":true}}`)).toMatchObject({
      success: false,
      code: 'JSON_DANGEROUS_KEY',
      offset: 1,
    });
    expect(codeOf(`[{"a":{"b":1,${name}:null}}]`)).toBe('JSON_DANGEROUS_KEY');
    expect(codeOf(bytes(`{${name}:1}`))).toBe('JSON_DANGEROUS_KEY');
  }
});

test('D6: honest text that speaks of __proto__ passes', () => {
  const data = {
    text: 'Never trust "__proto__": {"__proto__": 1}, constructor or prototype',
    tags: ['__proto__', 'constructor', 'prototype'],
    __proto: 1,
    _constructor: 2,
    '"__proto__":': 3,
  };
  expect(parser.parse(JSON.stringify(data))).toEqual({ success: true, data });
  expect(parser.parse(`{"a":${escaped('__proto__')}}`)).toEqual({ success: true, data: { a: '__proto__' } });
});

test('D6: Object.assign and a deep merge of whatever was parsed swap no prototype', () => {
  const attack = `{"a":1,${escaped('__proto__')}:{"isAdmin":true}}`;
  const dropping = new SafeJsonParser({ onDangerousKey: 'drop' });
  const dropped = dropping.parse(attack);
  const target = Object.assign({}, dropped.data as object);
  expect(Object.getPrototypeOf(target)).toBe(Object.prototype);
  expect((target as { isAdmin?: boolean }).isAdmin).toBeUndefined();
  expect(dropped).toEqual({ success: true, data: { a: 1 } });
  expect(Object.assign({}, parser.parse(attack).data)).toEqual({});
});

test('D6: kept, the key is a plain property of its own and no prototype is swapped', () => {
  const keeping = new SafeJsonParser({ onDangerousKey: 'keep' });
  const { data } = keeping.parse('{"__proto__":{"isAdmin":true},"b":[{"constructor":1}]}');
  expect(Object.getPrototypeOf(data)).toBe(Object.prototype);
  expect(Object.keys(data as object)).toEqual(['__proto__', 'b']);
  expect((data as { isAdmin?: boolean }).isAdmin).toBeUndefined();
});

test('dropped keys go at every depth, and what they hold with them', () => {
  const dropping = new SafeJsonParser({ onDangerousKey: 'drop' });
  const text = '[{"prototype":{"constructor":1},"a":{"constructor":{},"b":[{"__proto__":null,"c":2}]}}]';
  expect(dropping.parse(text)).toEqual({ success: true, data: [{ a: { b: [{ c: 2 }] } }] });
});

const QUADRATIC = {
  'open quotes': (length: number) => '"'.repeat(length),
  backslashes: (length: number) => `"${'\\'.repeat(length)}"`,
  'nearly __proto__': (length: number) => `{"${'_'.repeat(length)}":1}`,
  spaces: (length: number) => `[${' '.repeat(length)}`,
  'many keys': (length: number) => `[${'{"__proto_":1},'.repeat(length / 15)}1]`,
  'one key again and again': (length: number) => `{${'"a":1,'.repeat(length / 6)}"a":1}`,
  nesting: (length: number) => '['.repeat(length),
  digits: (length: number) => '1'.repeat(length),
  'escaped surrogates': (length: number) => `"${'\\ud83d\\ude00'.repeat(length / 12)}"`,
  'half pairs': (length: number) => `"${'\\ud83d'.repeat(length / 6)}"`,
};

test.each(Object.entries(QUADRATIC))(
  'D6: eight times the length takes about eight times as long: %s',
  (_, make) => {
    const generous = new SafeJsonParser({
      maxBytes: 2 ** 22,
      maxItems: 2 ** 22,
      maxKeys: 2 ** 22,
      maxArrayLength: 2 ** 22,
      maxStringLength: 2 ** 22,
      maxKeyLength: 2 ** 22,
      maxNumberLength: 2 ** 22,
      onLoneSurrogate: 'keep',
    });
    const [short, long] = [make(68_750), make(550_000)];
    expect(
      isLinear(
        () => generous.parse(short),
        () => generous.parse(long),
      ),
    ).toBe(true);
  },
);

const json = fc.jsonValue({ maxDepth: 8 });
/** Whether this parser refuses on purpose what JSON.parse takes. */
const isWithin = (value: unknown): boolean => {
  if (typeof value === 'number') return Number.isSafeInteger(value) || !/^-?\d+$/.test(String(value));
  if (typeof value === 'string') return !/\p{Surrogate}/u.test(value);
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(
    ([key, child]) => !DANGEROUS.includes(key) && isWithin(key) && isWithin(child),
  );
};

test('any JSON value within the limits comes back as it was, from text and from bytes', () => {
  fc.assert(
    fc.property(json.filter(isWithin), fc.boolean(), (value, isSpaced) => {
      const text = JSON.stringify(value, null, isSpaced ? 2 : 0);
      const expected = { success: true, data: JSON.parse(text) as unknown };
      expect(parser.parse(text)).toEqual(expected);
      expect(parser.parse(bytes(text))).toEqual(expected);
    }),
  );
});

const FRAGMENTS = [
  ...[
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '"a"',
    '"b"',
    '"__proto__"',
    '\\',
    '\\u005f',
    '\\ud800',
    '\\udc00',
    '\\n',
  ],
  ...[
    '0',
    '-',
    '-0',
    '1',
    '01',
    '1.',
    '.5',
    '1.5',
    '1e5',
    '1E+',
    '1e999',
    '9007199254740993',
    'true',
    'false',
  ],
  ...[
    'null',
    'nul',
    'NaN',
    ' ',
    '\n',
    '\t',
    '\u00a0',
    '\ufeff',
    '\u2028',
    '\ud800',
    '\u0000',
    '/**/',
    "'",
    'é',
    '😀',
  ],
];
const nearlyJson = fc.array(fc.constantFrom(...FRAGMENTS), { maxLength: 12 }).map((parts) => parts.join(''));

test('what JSON.parse refuses is refused, and what is accepted means what JSON.parse says', () => {
  fc.assert(
    fc.property(fc.oneof(nearlyJson, fc.string({ unit: 'binary' })), (text) => {
      const result = parser.parse(text);
      const expected = native(text);
      if (expected === undefined) {
        expect(result.success).toBe(false);
        expect(['JSON_DANGEROUS_KEY', 'JSON_LONE_SURROGATE', 'JSON_NUMBER_RANGE', 'JSON_SYNTAX']).toContain(
          result.code,
        );
      } else if (result.success) expect(result.data).toEqual(expected.value);
      else expect(result.code).not.toBe('JSON_SYNTAX');
    }),
    { numRuns: 3_000 },
  );
});

test('no bytes make it throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (raw) => {
      const result = parser.parse(raw);
      expect(result.success).toBe(result.code === undefined);
    }),
  );
});

test('each limit lets its number pass and refuses one more', () => {
  const narrow = new SafeJsonParser({
    maxBytes: 60,
    maxDepth: 3,
    maxItems: 8,
    maxKeys: 2,
    maxArrayLength: 4,
    maxStringLength: 5,
    maxKeyLength: 4,
    maxNumberLength: 6,
  });
  const cases: readonly (readonly [string, string, string])[] = [
    [`"${' '.repeat(3)}"${' '.repeat(55)}`, `"${' '.repeat(3)}"${' '.repeat(56)}`, 'JSON_TOO_LARGE'],
    ['[[[]]]', '[[[[]]]]', 'JSON_TOO_DEEP'],
    ['{"a":{"a":{}}}', '{"a":{"a":{"a":{}}}}', 'JSON_TOO_DEEP'],
    ['[[1,1,1],[1,1,1]]'.replace('1,1,1],', '1,1],'), '[[1,1,1],[1,1,1]]', 'JSON_TOO_MANY'],
    ['{"a":1,"b":2}', '{"a":1,"b":2,"c":3}', 'JSON_TOO_MANY'],
    ['[1,1,1,1]', '[1,1,1,1,1]', 'JSON_TOO_MANY'],
    ['"12345"', '"123456"', 'JSON_TOO_LONG'],
    ['"\\u0031\\n\\ud83d\\ude005"', '"\\u0031\\n\\ud83d\\ude0056"', 'JSON_TOO_LONG'],
    ['{"1234":1}', '{"12345":1}', 'JSON_TOO_LONG'],
    ['-12.56', '-12.567', 'JSON_TOO_LONG'],
  ];
  for (const [good, bad, code] of cases) {
    expect(narrow.parse(good)).toEqual({ success: true, data: native(good)?.value });
    expect(narrow.parse(bad).code).toBe(code);
  }
});

test('the limit of bytes counts bytes and not characters, in strings as in bytes', () => {
  const narrow = new SafeJsonParser({ maxBytes: 10 });
  for (const [text, fits] of [
    ['"12345678"', true],
    ['"éééé"', true],
    ['"éééé1"', false],
    ['"😀😀"', true],
    ['"😀😀1"', false],
    ['"€€12"', true],
    ['"€€123"', false],
  ] as const) {
    expect(narrow.parse(text).success).toBe(fits);
    expect(narrow.parse(bytes(text)).success).toBe(fits);
  }
});

test('a key twice in one object is refused, however it is escaped', () => {
  for (const text of [
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":2}',
    '[{"b":[{"a":1,"c":2,"a":3}]}]',
    '{"1":0,"1":0}',
  ])
    expect(codeOf(text)).toBe('JSON_DUPLICATE_KEY');
  expect(parser.parse('[{"a":1},{"a":{"a":2}}]').success).toBe(true);
});

test('two sendings of one duplicate __proto__ are a duplicate and not a prototype', () => {
  for (const onDangerousKey of ['keep', 'drop'] as const) {
    const lenient = new SafeJsonParser({ onDangerousKey });
    expect(lenient.parse('{"__proto__":1,"__proto__":2}').code).toBe('JSON_DUPLICATE_KEY');
  }
});

test('integers that doubles cannot tell apart are refused, unless rounding is asked for', () => {
  for (const text of ['9007199254740992', '-9007199254740993', '[100000000000000000000]', '1e400', '-1e400'])
    expect(codeOf(text)).toBe('JSON_NUMBER_RANGE');
  for (const text of [
    '9007199254740991',
    '-9007199254740991',
    '1e300',
    '1.7976931348623157e308',
    '0.1',
    '5e-324',
  ])
    expect(parser.parse(text)).toEqual({ success: true, data: Number(text) });
  const rounding = new SafeJsonParser({ onUnsafeInteger: 'round' });
  expect(rounding.parse('9007199254740993').data).toBe(2 ** 53);
  expect(rounding.parse('1e400').code).toBe('JSON_NUMBER_RANGE');
  expect(parser.parse('-0').data).toBe(-0);
});

test('half a surrogate pair is refused, raw or escaped, unless it is to be kept', () => {
  const lone = [
    '"\ud800"',
    '"\udc00"',
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"\\ud800x"',
    '"\\ud800\\n"',
    '{"\\ud800":1}',
  ];
  const keeping = new SafeJsonParser({ onLoneSurrogate: 'keep' });
  for (const text of lone) {
    expect(codeOf(text)).toBe('JSON_LONE_SURROGATE');
    expect(keeping.parse(text)).toEqual({ success: true, data: native(text)?.value });
  }
  expect(parser.parse('"\\ud83d\\ude00😀"').data).toBe('😀😀');
});

test('bytes that are not UTF-8 are refused, as is a byte order mark', () => {
  for (const raw of [
    [0x22, 0xff, 0x22],
    [0x22, 0xc0, 0x80, 0x22],
    [0x22, 0xed, 0xa0, 0x80, 0x22],
    [0x22, 0xe2, 0x82],
  ])
    expect(codeOf(Uint8Array.from(raw))).toBe('JSON_NOT_UTF8');
  expect(codeOf(bytes('\ufeff{}'))).toBe('JSON_SYNTAX');
  expect(parser.parse(bytes('{}').buffer)).toEqual({ success: true, data: {} });
});

test('a value that is no message is refused and not thrown at', () => {
  for (const raw of [undefined, null, 7, {}, [], new Uint16Array(2), { toString: () => '{}' }])
    expect(parser.parse(raw as unknown as string).code).toBe('JSON_BAD_INPUT');
});

test('D8: no refusal repeats a word of the text', () => {
  const mark = '<img src=x>';
  const texts = [
    `{"${mark}":1,"${mark}":2}`,
    `{"a":"${mark}`,
    `[${mark}]`,
    `{"${mark}":\\}`,
    `"\ud800${mark}"`,
  ];
  for (const text of texts) {
    const result = parser.parse(text);
    expect(result.success).toBe(false);
    expect(JSON.stringify(result)).not.toContain('img');
  }
});

test('options that cannot be used are refused with what to give', () => {
  for (const options of [
    { maxDepth: -1 },
    { maxDepth: 257 },
    { maxBytes: 0 },
    { maxItems: 1.5 },
    { maxKeys: Number.NaN },
    { onDangerousKey: 'ignore' },
    { maxByte: 1 },
  ])
    expect(() => new SafeJsonParser(options as object)).toThrow(DefenseArgumentError);
  expect(() => new SafeJsonParser({ maxByte: 1 } as object)).toThrow(/maxBytes/);
});
