import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DefenseArgumentError } from '../src/errors.js';
import type { MessageVerdict } from '../src/message-validator.js';
import { MESSAGE_TYPES_MAX, MessageValidator } from '../src/message-validator.js';
import { SafeJsonParser } from '../src/safe-json-parser.js';

const validator = new MessageValidator();
const parser = new SafeJsonParser();
const LIMITS = { gossip: 65_536, handshake: 8_192, listing: 131_072, data: 524_288 } as const;
const codeOf = (data: unknown, type = 'gossip') => validator.validateStructure(data, type).code;

/** The page's example: what it rejects with, or the parsed message. */
function receive(rawMessage: string | Uint8Array) {
  const rejected: string[] = [];
  const reject = (reason: string | undefined) => rejected.push(String(reason));
  const sizeCheck = validator.validateRaw(rawMessage, 'gossip');
  if (!sizeCheck.valid) reject(sizeCheck.reason);
  const parsed = parser.parse(rawMessage);
  if (!parsed.success) reject(parsed.error);
  const structCheck = validator.validateStructure(parsed.data, 'gossip');
  if (!structCheck.valid) reject(structCheck.reason);
  return { rejected, data: parsed.data };
}

test("the page's example lets honest gossip through and says why for the rest", () => {
  expect(receive('{"type":"custom","data":"hello"}')).toEqual({
    rejected: [],
    data: { type: 'custom', data: 'hello' },
  });
  expect(receive('x'.repeat(65_537)).rejected).toEqual([
    'message has more than 65536 bytes.',
    'The text is not JSON.',
    'message is of type undefined.',
  ]);
});

test.each(Object.entries(LIMITS))(
  'a %s of exactly %i bytes passes, and one byte more does not',
  (type, bytes) => {
    for (const raw of [
      'a'.repeat(bytes),
      'é'.repeat(bytes / 2),
      '😀'.repeat(bytes / 4),
      new Uint8Array(bytes),
    ]) {
      expect(validator.validateRaw(raw, type)).toEqual({ valid: true });
      const more = typeof raw === 'string' ? `${raw}a` : new Uint8Array(bytes + 1);
      expect(validator.validateRaw(more, type)).toEqual({
        valid: false,
        reason: `message has more than ${bytes} bytes.`,
        code: 'MESSAGE_TOO_LARGE',
      });
    }
  },
);

test('a string is measured as TextEncoder would write it', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.constantFrom('', '\ud800', '\udc00'),
      (text, lone) => {
        const raw = text + lone + text;
        const bytes = new TextEncoder().encode(raw).length;
        for (const maxBytes of [bytes - 1, bytes, bytes + 1].filter((limit) => limit > 0)) {
          const own = new MessageValidator({ types: { own: { maxBytes } } });
          expect(own.validateRaw(raw, 'own').valid).toBe(bytes <= maxBytes);
        }
      },
    ),
  );
});

test.each([undefined, null, '', 'Gossip', '__proto__', 'constructor', 'toString', 7, {}, Symbol('gossip')])(
  'D7: a type that was forgotten or is unknown (%p) lets nothing through, however small',
  (type) => {
    for (const verdict of [
      validator.validateRaw('', type as string),
      validator.validateRaw('x'.repeat(600_000), type as string),
      validator.validateStructure({}, type as string),
    ])
      expect(verdict).toMatchObject({ valid: false, code: 'MESSAGE_UNKNOWN_TYPE' });
  },
);

test('D7: who forgets validateRaw is still told of too large a message by validateStructure', () => {
  const half = 'x'.repeat(40_000);
  expect(codeOf({ a: half, b: half })).toBe('MESSAGE_TOO_LARGE');
  expect(codeOf({ a: new Uint8Array(40_000), b: [new Uint8Array(40_000)] })).toBe('MESSAGE_TOO_LARGE');
  expect(codeOf({ a: half, b: new Uint8Array(20_000) })).toBeUndefined();
  expect(codeOf({ text: 'x'.repeat(9_000) }, 'handshake')).toBe('MESSAGE_TOO_LARGE');
});

test('what is no raw message is refused and not thrown at', () => {
  for (const raw of [undefined, null, 7, {}, { length: 1 }, [1], new Uint16Array(1)])
    expect(validator.validateRaw(raw as unknown as string, 'gossip').code).toBe('MESSAGE_BAD_INPUT');
});

const PROTOTYPE_KEY = /"(?:__proto__|constructor|prototype)":/;

test('any plain object passes as gossip, whatever the application puts into it', () => {
  const plain = fc.dictionary(
    fc
      .string({ maxLength: 20 })
      .filter((key) => !['type', '__proto__', 'constructor', 'prototype'].includes(key)),
    fc.oneof(
      // Keys that lead to prototypes are refused at any depth.
      fc.jsonValue({ maxDepth: 5 }).filter((value) => !PROTOTYPE_KEY.test(JSON.stringify(value))),
      fc.uint8Array(),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    ),
  );
  fc.assert(
    fc.property(
      plain,
      fc.option(fc.string({ minLength: 1, maxLength: 64 }), { nil: undefined }),
      (fields, type) => {
        const message = JSON.parse('{}') as Record<string, unknown>;
        Object.assign(message, fields, type === undefined ? {} : { type });
        for (const kind of ['gossip', 'listing', 'data'])
          expect(validator.validateStructure(message, kind)).toEqual({ valid: true });
      },
    ),
  );
});

test('whatever the parser accepts by default, with a usable type, the validator takes as data', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      const parsed = parser.parse(JSON.stringify({ type: 'custom', value }));
      if (parsed.success) expect(validator.validateStructure(parsed.data, 'data').valid).toBe(true);
    }),
  );
});

test('an envelope whose type no dispatcher can use is refused', () => {
  for (const type of [{}, [], null, true, '', 'x'.repeat(65), 1.5])
    expect(validator.validateStructure({ type }, 'gossip')).toEqual({
      valid: false,
      reason: 'message.type fits none of the forms allowed.',
      code: 'MESSAGE_BAD_STRUCTURE',
    });
  for (const data of ['hello', [], null, 7, new Uint8Array(1)])
    expect(codeOf(data)).toBe('MESSAGE_BAD_STRUCTURE');
  for (const data of ['hello', ['a', 1], new Uint8Array(1), { type: 'chunk', bytes: new Uint8Array(9) }])
    expect(codeOf(data, 'data')).toBeUndefined();
  expect(codeOf({ nodeId: 'yak1\nadmin' }, 'handshake')).toBe('MESSAGE_BAD_STRUCTURE');
  expect(
    codeOf({ type: 'hello', nodeId: 'yak1abc', endpoint: null, version: 2 }, 'handshake'),
  ).toBeUndefined();
});

test('nothing of the value runs: getters, proxies, classes and functions are refused unread', () => {
  let runs = 0;
  const run = () => {
    runs += 1;
    return 'x';
  };
  class Dressed {
    type = 'custom';
    get data() {
      return run();
    }
  }
  const bytes = new Uint8Array(2);
  Object.defineProperty(bytes, 'byteLength', { get: run });
  Object.defineProperty(bytes, Symbol.toStringTag, { get: run });
  expect(codeOf({ bytes })).toBeUndefined();
  const getter = { get type() { return run(); } }; // prettier-ignore
  const element = Object.defineProperty(['a'], 0, { get: run });
  const hidden = Object.defineProperty({}, 'a', { value: 1, enumerable: false });
  const inherited = Object.create({ get type() { return run(); } }) as object; // prettier-ignore
  const proxy = new Proxy({}, { ownKeys: () => { throw new Error('caught'); } }); // prettier-ignore
  const values = [
    ...[
      getter,
      { a: [getter] },
      { a: element },
      hidden,
      inherited,
      proxy,
      new Dressed(),
      { a: run },
      { toJSON: run },
    ],
    ...[
      { a: undefined },
      { a: Number.NaN },
      { a: Infinity },
      { a: Symbol('a') },
      { [Symbol('a')]: 1 },
      { a: 2n ** 63n },
    ],
    ...[
      { a: new Map() },
      { a: new Date(0) },
      { a: new Uint16Array(1) },
      { a: new DataView(new ArrayBuffer(1)) },
    ],
    ...[{ a: new ArrayBuffer(1) }, { a: Array.from({ length: 2 }) }, { a: /x/ }, { a: Object(1) as object }],
    ...[{ a: new (class Listed extends Array {})() }, { a: new Proxy(run, {}) }],
  ];
  for (const value of values) expect(codeOf(value)).toBe('MESSAGE_NOT_PLAIN');
  expect(runs).toBe(0);
});

test('objects without a prototype are plain data', () => {
  const bare = Object.assign(Object.create(null) as object, { type: 'custom' });
  expect(codeOf(bare)).toBeUndefined();
});

test('a value that holds itself, or one part a million times, is refused and does not hang', () => {
  const circle: { self?: unknown } = {};
  circle.self = circle;
  expect(codeOf(circle)).toBe('MESSAGE_TOO_DEEP');
  let wide: unknown = [1];
  for (let level = 0; level < 10; level += 1) wide = Array.from({ length: 10 }, () => wide);
  expect(codeOf({ wide })).toBe('MESSAGE_TOO_MANY');
});

test('D6: a key that could change a prototype is refused at any depth, and a text that names it is not', () => {
  const attack = JSON.parse('{"a":[{"__proto__":{"isAdmin":true}}]}') as unknown;
  expect(validator.validateStructure(attack, 'gossip')).toEqual({
    valid: false,
    reason: 'message.a[0].__proto__ has a name that could change a prototype.',
    code: 'MESSAGE_DANGEROUS_KEY',
  });
  expect(codeOf({ constructor: 1 })).toBe('MESSAGE_DANGEROUS_KEY');
  expect(codeOf({ text: '"__proto__":', tags: ['constructor'] })).toBeUndefined();
  const keeping = new MessageValidator({ onDangerousKey: 'keep' });
  expect(keeping.validateStructure(attack, 'gossip').valid).toBe(true);
});

test('each general limit lets its number pass and refuses one more', () => {
  const narrow = new MessageValidator({
    maxDepth: 2,
    maxItems: 8,
    maxKeys: 2,
    maxArrayLength: 3,
    maxStringLength: 4,
    maxKeyLength: 4,
  });
  const check = (data: unknown) => narrow.validateStructure(data, 'gossip').code;
  for (const data of [{ a: {} }, { a: [1, 2, 3], b: {} }, { a: 'abcd' }, { abcd: 1 }, { a: 1, b: 2 }])
    expect(check(data)).toBeUndefined();
  expect(check({ a: { a: {} } })).toBe('MESSAGE_TOO_DEEP');
  expect(check({ a: [1, 2, 3], b: [1, 2, 3] })).toBe('MESSAGE_TOO_MANY');
  expect(check({ a: 1, b: 2, c: 3 })).toBe('MESSAGE_TOO_MANY');
  expect(check({ a: [1, 2, 3, 4] })).toBe('MESSAGE_TOO_MANY');
  expect(check({ a: 'abcde' })).toBe('MESSAGE_TOO_LONG');
  expect(check({ abcde: 1 })).toBe('MESSAGE_TOO_LONG');
});

test('the parser and the validator count depth and items alike', () => {
  fc.assert(
    fc.property(
      fc.object({ maxDepth: 4, values: [fc.integer(), fc.string()] }),
      fc.nat(5),
      fc.integer({ min: 1, max: 12 }),
      (value, maxDepth, maxItems) => {
        const text = JSON.stringify({ value });
        const parsed = new SafeJsonParser({ maxDepth, maxItems }).parse(text);
        const own = new MessageValidator({ maxDepth, maxItems });
        const { valid } = own.validateStructure(JSON.parse(text), 'data');
        if (parsed.code === undefined || ['JSON_TOO_DEEP', 'JSON_TOO_MANY'].includes(parsed.code))
          expect(valid).toBe(parsed.success);
      },
    ),
  );
});

test('D8: no reason holds a word of the peer but a harmless field name, nor more than 256 characters', () => {
  const mark = '<script>alert(1)</script>\n2026 INFO admin logged in';
  const strict = new MessageValidator({
    types: {
      strict: {
        maxBytes: 65_536,
        schema: { type: 'object', required: { name: { type: 'string', format: 'name' } } },
      },
      table: { maxBytes: 65_536, schema: { type: 'map', values: { type: 'integer' } } },
      enum: { maxBytes: 65_536, schema: { type: 'enum', values: ['a'] } },
    },
  });
  const deep = (levels: number): unknown =>
    levels === 0 ? mark : { ['field_of_thirty_characters_abc']: deep(levels - 1) };
  const verdicts: MessageVerdict[] = [
    strict.validateStructure({ name: mark }, 'strict'),
    strict.validateStructure({ name: 'a', [mark]: 1 }, 'strict'),
    strict.validateStructure({ name: 'a', ['x'.repeat(33)]: 1 }, 'strict'),
    strict.validateStructure({ [mark]: mark }, 'table'),
    strict.validateStructure(mark, 'enum'),
    validator.validateStructure({ [mark]: undefined }, 'gossip'),
    validator.validateStructure({ ['a'.repeat(300)]: 1 }, 'gossip'),
    validator.validateStructure({}, mark),
    validator.validateStructure({ a: deep(16) }, 'gossip'),
  ];
  for (const { valid, reason } of verdicts) {
    expect(valid).toBe(false);
    expect(reason).toMatch(/^message[\w.[\]()… ]* [\w ,.;()-]+\.$/);
    expect(reason?.length).toBeLessThanOrEqual(256);
    expect(reason).not.toMatch(/script|INFO|x{33}/);
  }
  expect(verdicts[1]?.reason).toBe('message.(field 2) is no field of this message.');
});

test('an application adds types of its own, and replaces a built-in without losing its schema', () => {
  const own = new MessageValidator({ types: { gossip: { maxBytes: 100 } } });
  own.define('vote', {
    maxBytes: 1_024,
    schema: { type: 'object', required: { choice: { type: 'enum', values: ['yes', 'no'] } } },
  });
  expect(own.validateRaw('x'.repeat(1_024), 'vote').valid).toBe(true);
  expect(own.validateStructure({ choice: 'yes' }, 'vote')).toEqual({ valid: true });
  expect(own.validateStructure({ choice: 'perhaps' }, 'vote').reason).toBe(
    'message.choice is none of the values allowed.',
  );
  expect(own.validateStructure({}, 'vote').reason).toBe('message.choice is missing.');
  expect(own.validateRaw('x'.repeat(101), 'gossip').valid).toBe(false);
  expect(own.validateStructure('no object', 'gossip').valid).toBe(false);
  expect(validator.validateRaw('x'.repeat(101), 'gossip').valid).toBe(true);
});

test('definitions and options that cannot be used are refused with what to give', () => {
  const own = new MessageValidator();
  const schema = { type: 'any' } as const;
  for (const [type, definition] of [
    ['gossip', { maxBytes: 1 }],
    ['', { maxBytes: 1 }],
    ['x'.repeat(65), { maxBytes: 1 }],
    ['a', { schema }],
    ['a', { maxBytes: 0 }],
    ['a', { maxBytes: 1, scheme: schema }],
    ['a', { maxBytes: 1, schema: { type: 'strnig' } }],
  ] as const)
    expect(() => own.define(type, definition as never)).toThrow(DefenseArgumentError);
  for (let index = 4; index < MESSAGE_TYPES_MAX; index += 1) own.define(`type ${index}`, { maxBytes: 1 });
  expect(() => own.define('one more', { maxBytes: 1 })).toThrow(DefenseArgumentError);
  for (const options of [{ type: {} }, { maxDepth: 1.5 }, { types: { a: {} } }, { onDangerousKey: 'drop' }])
    expect(() => new MessageValidator(options as never)).toThrow(DefenseArgumentError);
});
