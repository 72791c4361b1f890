import { expect, test } from '@jest/globals';
import { encodeNodeId } from '@yakmesh/crypto';
import fc from 'fast-check';
import { DefenseArgumentError } from '../src/errors.js';
import type { MessageSchema } from '../src/message-schema.js';
import { SCHEMA_DEPTH_MAX, SCHEMA_NODES_MAX } from '../src/message-schema.js';
import { compileSchema } from '../src/schema-compiler.js';
import { isLinear } from './linear-time.js';

const nodeId = encodeNodeId(new Uint8Array(32));
const nested = (levels: number): MessageSchema =>
  levels === 1 ? { type: 'any' } : { type: 'array', items: nested(levels - 1) };
const fields = (count: number): MessageSchema => ({
  type: 'object',
  optional: Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`f${index}`, { type: 'any' }] as const),
  ),
});

const CASES: readonly (readonly [MessageSchema, readonly unknown[], readonly unknown[]])[] = [
  [{ type: 'any' }, [null, 1, 'a', [], {}], []],
  [{ type: 'null' }, [null], [0, '', false, {}]],
  [{ type: 'boolean' }, [true, false], [0, 'true', null]],
  [{ type: 'string' }, ['', 'a'], [1, null, ['a']]],
  [{ type: 'string', minLength: 1, maxLength: 2 }, ['a', 'ab'], ['', 'abc']],
  [{ type: 'string', format: 'hex' }, ['', '0aF9'], ['a', '0g', '0x', '0a\n1']],
  [
    { type: 'string', format: 'base64' },
    ['', 'YQ==', 'YWI=', 'YWJj', '+/+/'],
    ['YQ', 'YQ=', '=YQ=', 'Y-_j', 'YQ=a', '===='],
  ],
  [{ type: 'string', format: 'base64url' }, ['', 'YQ', 'YWI', 'YWJj', '-_-_'], ['Y', 'YQ==', 'Y+/j']],
  [{ type: 'string', format: 'name' }, ['', 'a-Z_0.9:x/y@z'], ['a b', '<b>', 'é', 'a\n', 'a;', 'a,']],
  [
    { type: 'string', format: 'text' },
    ['', 'Größe 😀 <b>'],
    ['a\nb', '\u0000', '\u007f', '\u0085', '\u202e', '\u2066', '\u2028', '\u200f'],
  ],
  [{ type: 'integer' }, [0, -1, Number.MAX_SAFE_INTEGER], [1.5, 2 ** 53, Number.NaN, Infinity, '1', 1n]],
  [{ type: 'integer', min: -1, max: 1 }, [-1, 0, 1], [-2, 2]],
  [{ type: 'number' }, [0.5, -1e300], [Number.NaN, Infinity, '1', 1n]],
  [{ type: 'number', min: 0, max: 1 }, [0, 0.5, 1], [-0.1, 1.1]],
  [
    { type: 'bytes' },
    [new Uint8Array(0), Buffer.alloc(3)],
    [[], 'ab', new Uint16Array(1), new ArrayBuffer(1), null],
  ],
  [
    { type: 'bytes', minBytes: 1, maxBytes: 2 },
    [new Uint8Array(1), new Uint8Array(2)],
    [new Uint8Array(0), new Uint8Array(3)],
  ],
  [{ type: 'nodeId' }, [nodeId], [nodeId.toUpperCase(), `${nodeId.slice(0, -1)}x`, '', 1, null]],
  [{ type: 'literal', value: 'a' }, ['a'], ['b', ['a'], null]],
  [{ type: 'literal', value: null }, [null], [0, '']],
  [{ type: 'enum', values: ['a', 1, true, null] }, ['a', 1, true, null], ['1', false, 0, {}]],
  [
    { type: 'array', items: { type: 'integer' } },
    [[], [1, 2]],
    [{}, '1', [1, '2'], new Uint8Array(1), { length: 0 }],
  ],
  [{ type: 'array', items: { type: 'any' }, minItems: 1, maxItems: 2 }, [[1], [1, 2]], [[], [1, 2, 3]]],
  [
    { type: 'map', values: { type: 'integer' }, maxEntries: 2 },
    [{}, { a: 1, b: 2 }],
    [{ a: 1, b: 2, c: 3 }, { a: '1' }, [], null],
  ],
  [{ type: 'object' }, [{}], [{ a: 1 }, [], null, new Uint8Array(0)]],
  [
    { type: 'object', required: { a: { type: 'integer' } }, optional: { b: { type: 'string' } } },
    [{ a: 1 }, { a: 1, b: 'x' }],
    [{}, { b: 'x' }, { a: '1' }, { a: 1, b: 2 }, { a: 1, c: 3 }],
  ],
  [{ type: 'object', required: { a: { type: 'any' } }, additional: true }, [{ a: 1, z: 2 }], [{ z: 2 }]],
  [
    { type: 'object', required: { ['toString']: { type: 'any' as const } }, additional: true },
    [{ toString: 1 }],
    [{}],
  ],
  [
    { type: 'union', options: [{ type: 'integer' }, { type: 'array', items: { type: 'string' } }] },
    [1, [], ['a']],
    ['a', [1], null],
  ],
];

test.each(CASES)('%j takes what it names and nothing else', (schema, good, bad) => {
  const check = compileSchema(schema);
  for (const value of good) expect(check(value)).toBeUndefined();
  for (const value of bad) expect(check(value)).toBeDefined();
});

test('an offence names its path through objects, arrays and maps', () => {
  const check = compileSchema({
    type: 'object',
    required: {
      peers: {
        type: 'array',
        items: { type: 'object', optional: { ports: { type: 'map', values: { type: 'integer' } } } },
      },
    },
  });
  expect(check({ peers: [{}, { ports: { ws: 9_001, '<b>': 'x' } }] })).toEqual({
    code: 'MESSAGE_BAD_STRUCTURE',
    path: '.peers[1].ports.(field 2)',
    claim: 'is no whole number from -9007199254740991 to 9007199254740991.',
  });
});

test('bounds of number and length have codes of their own', () => {
  const code = (schema: MessageSchema, value: unknown) => compileSchema(schema)(value)?.code;
  expect(code({ type: 'string', maxLength: 1 }, 'ab')).toBe('MESSAGE_TOO_LONG');
  expect(code({ type: 'bytes', maxBytes: 1 }, new Uint8Array(2))).toBe('MESSAGE_TOO_LONG');
  expect(code({ type: 'array', items: { type: 'any' }, maxItems: 1 }, [1, 2])).toBe('MESSAGE_TOO_MANY');
  expect(code({ type: 'map', values: { type: 'any' }, maxEntries: 0 }, { a: 1 })).toBe('MESSAGE_TOO_MANY');
});

test('changing a schema after it was compiled changes no check', () => {
  const values = ['a'];
  const required: Record<string, MessageSchema> = { a: { type: 'enum', values } };
  const check = compileSchema({ type: 'object', required });
  values.push('b');
  required['c'] = { type: 'any' };
  expect(check({ a: 'a' })).toBeUndefined();
  expect(check({ a: 'b' })).toBeDefined();
});

test('schemas that no check can mean are refused when they are compiled', () => {
  const circle: { type: 'array'; items: unknown } = { type: 'array', items: undefined };
  circle.items = circle;
  for (const schema of [
    ...[
      undefined,
      null,
      'string',
      {},
      { type: 'toString' },
      { type: '__proto__' },
      { type: 'string', pattern: 'x' },
    ],
    ...[
      { type: 'string', maxLength: -1 },
      { type: 'string', minLength: 2, maxLength: 1 },
      { type: 'string', format: 'regex' },
    ],
    ...[
      { type: 'integer', min: 1, max: 0 },
      { type: 'integer', min: 0.5 },
      { type: 'number', max: Number.NaN },
    ],
    ...[
      { type: 'enum', values: [] },
      { type: 'enum', values: [{}] },
      { type: 'literal' },
      { type: 'literal', value: 1n },
    ],
    ...[
      { type: 'array' },
      { type: 'array', items: { type: 'any' }, maxItems: 1.5 },
      { type: 'map' },
      { type: 'union' },
    ],
    ...[
      { type: 'union', options: [] },
      { type: 'object', required: { a: 1 } },
      { type: 'object', required: 'a' },
    ],
    { type: 'object', required: { a: { type: 'any' } }, optional: { a: { type: 'any' } } },
    ...[circle, nested(SCHEMA_DEPTH_MAX + 1), fields(SCHEMA_NODES_MAX)],
  ])
    expect(() => compileSchema(schema as MessageSchema)).toThrow(DefenseArgumentError);
  expect(compileSchema(nested(SCHEMA_DEPTH_MAX))([])).toBeUndefined();
  expect(compileSchema(fields(SCHEMA_NODES_MAX - 1))({})).toBeUndefined();
});

const leaf = fc.constantFrom<MessageSchema>(
  { type: 'any' },
  { type: 'boolean' },
  { type: 'string', maxLength: 3 },
  { type: 'integer', min: 0 },
  { type: 'enum', values: ['a', null] },
);
const { schema: anySchema } = fc.letrec<{ schema: MessageSchema }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    leaf,
    tie('schema').map((items): MessageSchema => ({ type: 'array', items })),
    tie('schema').map((values): MessageSchema => ({ type: 'map', values })),
    fc
      .array(tie('schema'), { minLength: 1, maxLength: 3 })
      .map((options): MessageSchema => ({ type: 'union', options })),
    fc
      .dictionary(fc.constantFrom('a', 'b', 'c'), tie('schema'))
      .map((optional): MessageSchema => ({ type: 'object', optional, additional: true })),
  ),
}));

test('a check answers for any schema and any value, and never throws', () => {
  fc.assert(
    fc.property(anySchema, fc.jsonValue({ maxDepth: 4 }), (schema, value) => {
      const found = compileSchema(schema)(value);
      const again = compileSchema({ type: 'union', options: [schema, { type: 'null' }] })(value);
      if (found === undefined || value === null) expect(again).toBeUndefined();
      else expect(again?.code).toBe('MESSAGE_BAD_STRUCTURE');
    }),
  );
});

test('nested unions take time linear in the message', () => {
  let schema: MessageSchema = { type: 'integer' };
  for (let level = 0; level < 5; level += 1)
    schema = { type: 'union', options: [schema, { type: 'array', items: schema }, { type: 'null' }] };
  const check = compileSchema({ type: 'array', items: schema });
  const misfit = (length: number) => [...Array.from({ length }, () => 17), Number.NaN];
  const [short, long] = [misfit(4_000), misfit(32_000)];
  expect(
    isLinear(
      () => check(short),
      () => check(long),
    ),
  ).toBe(true);
});
