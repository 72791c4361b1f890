import { expect, test } from '@jest/globals';
import { concatBytes, utf8ToBytes } from '@yakmesh/crypto';
import fc from 'fast-check';
import {
  decodePayload,
  encodePayload,
  PAYLOAD_DEPTH_MAX,
  PAYLOAD_ITEMS_MAX,
} from '../src/envelope/payload.js';

const hex = (text: string): Uint8Array =>
  Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = [value];
  return value;
}

const wellFormed = fc.string({ unit: 'grapheme' });
const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((number) => !Object.is(number, -0)),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    wellFormed,
    fc.uint8Array({ maxLength: 40 }),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(wellFormed, tie('value'), { maxKeys: 5, noNullPrototype: true }),
  ),
})).value;

/** 64-bit integers that fit a number come back as numbers. */
function normal(value: unknown): unknown {
  if (typeof value === 'bigint')
    return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
  if (Array.isArray(value)) return value.map(normal);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, normal(entry)]));
}

test('whatever a message can carry arrives as it was sent', () => {
  fc.assert(
    fc.property(values, (value) => {
      expect(decodePayload(encodePayload(value))?.value).toEqual(normal(value));
    }),
    { numRuns: 300 },
  );
});

test('no bytes make the decoder throw', () => {
  const damaged = fc.tuple(values, fc.nat(), fc.nat(255)).map(([value, at, byte]) => {
    const bytes = encodePayload(value).slice();
    bytes[at % bytes.length] = byte;
    return bytes;
  });
  fc.assert(
    fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 64 })), (bytes) => {
      decodePayload(bytes);
    }),
    { numRuns: 1_000 },
  );
});

test(`values may nest ${PAYLOAD_DEPTH_MAX} deep and no deeper, at both ends`, () => {
  expect(decodePayload(encodePayload(nested(PAYLOAD_DEPTH_MAX)))?.value).toEqual(nested(PAYLOAD_DEPTH_MAX));
  expect(() => encodePayload(nested(PAYLOAD_DEPTH_MAX + 1))).toThrow(TypeError);
  const tooDeep = Uint8Array.of(...new Uint8Array(PAYLOAD_DEPTH_MAX + 1).fill(0x81), 1);
  expect(decodePayload(tooDeep)).toBeUndefined();
  expect(decodePayload(tooDeep.subarray(1))).toBeDefined();
});

test('a payload of 65,536 items passes and one more does not, at both ends', () => {
  const most = new Array<number>(PAYLOAD_ITEMS_MAX - 1).fill(0);
  expect(decodePayload(encodePayload(most))?.value).toHaveLength(PAYLOAD_ITEMS_MAX - 1);
  expect(() => encodePayload([...most, 0])).toThrow(TypeError);
  const tooMany = new Uint8Array(5 + PAYLOAD_ITEMS_MAX);
  tooMany.set(hex('9a00010000'));
  expect(decodePayload(tooMany)).toBeUndefined();
});

test('a length that promises more than is there allocates nothing and is refused', () => {
  for (const bytes of [
    '9bffffffffffffffff',
    'bbffffffffffffffff',
    '5bffffffffffffffff',
    '7b7fffffffffffffff',
    '9a80000000',
  ])
    expect(decodePayload(hex(bytes))).toBeUndefined();
});

test.each([
  ['an indefinite array', '9f01ff'],
  ['an indefinite map', 'bf616101ff'],
  ['indefinite bytes', '5f4101ff'],
  ['an indefinite text', '7f6161ff'],
  ['a tag', 'c11a514b67b0'],
  ['a tagged bignum', 'c249010000000000000000'],
  ['a map with a key twice', 'a2616101616102'],
  ['a map with a number as key', 'a10102'],
  ['bad UTF-8', '62c328'],
  ['an overlong UTF-8', '62c0af'],
  ['a surrogate in UTF-8', '63eda080'],
  ['a bad key', 'a162c32801'],
  ['NaN', 'fb7ff8000000000000'],
  ['NaN in 16 bits', 'f97e00'],
  ['infinity', 'f97c00'],
  ['undefined', 'f7'],
  ['an unassigned simple value', 'f8ff'],
  ['a break alone', 'ff'],
  ['nothing', ''],
  ['two values', '0101'],
  ['an integer in more bytes than it needs', '1801'],
  ['an integer of 2^63', '1b8000000000000000'],
  ['an integer of -2^63 - 1', '3b8000000000000000'],
  ['a reserved length', '1c'],
])('%s is refused', (_what, bytes) => {
  expect(decodePayload(hex(bytes))).toBeUndefined();
});

test('D6: a key named __proto__ is data and swaps no prototype, on either side', () => {
  const sent = JSON.parse('{"__proto__": {"isAdmin": true}, "constructor": 1}') as unknown;
  for (const bytes of [encodePayload(sent), hex('a1695f5f70726f746f5f5fa1616101')]) {
    const value = decodePayload(bytes)?.value as Record<string, unknown>;
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.keys(value)).toContain('__proto__');
    expect(
      (value as { isAdmin?: boolean; a?: number }).isAdmin ?? (value as { a?: number }).a,
    ).toBeUndefined();
  }
  expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
});

test('what a message cannot carry is refused with its path', () => {
  const offenders: [unknown, RegExp][] = [
    [{ a: [NaN] }, /message\.a\[0\]/],
    [{ when: new Date() }, /message\.when/],
    [new Map(), /message/],
    [{ f: () => 1 }, /message\.f/],
    [Symbol('x'), /symbol/],
    [undefined, /undefined/],
    [2n ** 63n, /64-bit/],
    [{ a: '\ud800' }, /message\.a/],
    [new Uint16Array(2), /Uint16Array/],
    [Infinity, /finite/],
  ];
  for (const [value, message] of offenders) expect(() => encodePayload(value)).toThrow(message);
});

test('the largest and smallest 64-bit integers arrive', () => {
  for (const value of [2n ** 63n - 1n, -(2n ** 63n)])
    expect(decodePayload(encodePayload(value))?.value).toBe(value);
});

test('bytes arrive as bytes, also when a Buffer was sent, and an absent field stays absent', () => {
  const value = decodePayload(encodePayload({ a: Buffer.from('yak'), b: undefined }))?.value;
  expect(value).toEqual({ a: utf8ToBytes('yak') });
});

test('the time to refuse hostile bytes grows with their length only', () => {
  const costMs = (bytes: Uint8Array): number => {
    const startMs = performance.now();
    for (let round = 0; round < 3; round += 1) decodePayload(bytes);
    return (performance.now() - startMs) / 3;
  };
  const hostile = [
    new Uint8Array(524_288).fill(0x81),
    new Uint8Array(524_288).fill(0x80),
    concatBytes(hex('9a0007fffb'), new Uint8Array(524_283).fill(0x60)),
    concatBytes(hex('7a0007fffb'), new Uint8Array(524_283).fill(0xc3)),
  ];
  // Half a megabyte costs a few milliseconds; anything quadratic would cost minutes.
  for (const bytes of hostile) expect(costMs(bytes)).toBeLessThan(500);
});
