import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import {
  bytesToHex,
  bytesToUtf8,
  ByteReader,
  ByteWriter,
  concatBytes,
  copyBytes,
  equalBytes,
  hexToBytes,
  randomBytes,
  utf8ToBytes,
  wipe,
} from '../src/index.js';
import { anyBytes } from './arbitraries.js';

type Field =
  | { type: 'u8' | 'u16' | 'u24' | 'u32' | 'u48'; value: number }
  | { type: 'u64'; value: bigint }
  | { type: 'bytes'; value: Uint8Array };

const field: fc.Arbitrary<Field> = fc.oneof(
  fc.record({ type: fc.constant('u8' as const), value: fc.integer({ min: 0, max: 0xff }) }),
  fc.record({ type: fc.constant('u16' as const), value: fc.integer({ min: 0, max: 0xffff }) }),
  fc.record({ type: fc.constant('u24' as const), value: fc.integer({ min: 0, max: 0xff_ffff }) }),
  fc.record({ type: fc.constant('u32' as const), value: fc.integer({ min: 0, max: 0xffff_ffff }) }),
  fc.record({ type: fc.constant('u48' as const), value: fc.maxSafeNat().map((n) => n % 2 ** 48) }),
  fc.record({ type: fc.constant('u64' as const), value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) }),
  fc.record({ type: fc.constant('bytes' as const), value: anyBytes(40) }),
);

function write(writer: ByteWriter, { type, value }: Field): void {
  if (type === 'bytes') writer.bytes(value);
  else if (type === 'u64') writer.u64(value);
  else writer[type](value);
}

function read(reader: ByteReader, { type, value }: Field): number | bigint | Uint8Array {
  return type === 'bytes' ? reader.bytes(value.length) : reader[type]();
}

test('whatever a writer wrote, a reader reads back field by field', () => {
  fc.assert(
    fc.property(fc.array(field, { maxLength: 30 }), (fields) => {
      const writer = new ByteWriter(1, 1_000_000);
      for (const each of fields) write(writer, each);
      const reader = new ByteReader(writer.finish());
      for (const each of fields) expect(read(reader, each)).toEqual(each.value);
      expect(reader.end()).toBe(true);
    }),
  );
});

test('a reader never throws, and once failed it answers zeros and stays failed', () => {
  const reads = fc.array(fc.constantFrom('u8', 'u16', 'u24', 'u32', 'u48', 'u64', 'rest'), { maxLength: 20 });
  fc.assert(
    fc.property(anyBytes(40), reads, fc.integer(), (bytes, names, length) => {
      const reader = new ByteReader(bytes);
      for (const name of names) reader[name as 'u8']();
      reader.bytes(length);
      reader.skip(length);
      if (!reader.failed) return;
      expect([reader.u8(), reader.u16(), reader.u24(), reader.u32(), reader.u48()]).toEqual([0, 0, 0, 0, 0]);
      expect([reader.u64(), reader.rest().length, reader.remaining, reader.end()]).toEqual([0n, 0, 0, false]);
    }),
  );
});

test('a reader reads a view inside a larger buffer from its own start', () => {
  const reader = new ByteReader(Uint8Array.of(9, 9, 1, 2, 9).subarray(2, 4));
  expect(reader.u16()).toBe(0x0102);
  expect(reader.end()).toBe(true);
});

test('leftover bytes are not the end', () => {
  const reader = new ByteReader(Uint8Array.of(1, 2));
  reader.u8();
  expect(reader.end()).toBe(false);
  expect(reader.remaining).toBe(1);
});

test.each([
  ['u8', 256],
  ['u16', -1],
  ['u24', 1.5],
  ['u32', 2 ** 32],
  ['u48', Number.NaN],
] as const)('a writer refuses %s of %p', (name, value) => {
  expect(() => new ByteWriter()[name](value)).toThrow(RangeError);
});

test('a writer refuses a u64 out of range', () => {
  expect(() => new ByteWriter().u64(-1n)).toThrow(RangeError);
  expect(() => new ByteWriter().u64(2n ** 64n)).toThrow(RangeError);
});

test('a writer over an array leaves nothing of what stood there, and ends where the array does', () => {
  const array = new Uint8Array(8).fill(7);
  const writer = new ByteWriter(array.subarray(1, 7)).u16(0x0102).zeros(3);
  expect(writer.finish()).toEqual(Uint8Array.of(1, 2, 0, 0, 0));
  expect(array).toEqual(Uint8Array.of(7, 1, 2, 0, 0, 0, 7, 7));
  expect(() => new ByteWriter(new Uint8Array(2)).u24(1)).toThrow(RangeError);
});

test('a writer grows up to its limit and not beyond', () => {
  const writer = new ByteWriter(2, 10).zeros(10);
  expect(writer.length).toBe(10);
  expect(() => writer.u8(1)).toThrow(RangeError);
  expect(writer.finish()).toEqual(new Uint8Array(10));
});

test('a finished writer writes no more, so its result never changes', () => {
  const writer = new ByteWriter();
  writer.u8(1).finish();
  expect(() => writer.u8(2)).toThrow(TypeError);
});

test('a writer refuses a capacity, limit or count that is no length', () => {
  expect(() => new ByteWriter(-1)).toThrow(RangeError);
  expect(() => new ByteWriter(10, 9)).toThrow(RangeError);
  expect(() => new ByteWriter().zeros(-1)).toThrow(RangeError);
});

test('hexadecimal and back is the identity, in either case', () => {
  fc.assert(
    fc.property(anyBytes(), (bytes) => {
      expect(hexToBytes(bytesToHex(bytes))).toEqual(bytes);
      expect(hexToBytes(bytesToHex(bytes).toUpperCase())).toEqual(bytes);
    }),
  );
});

test.each(['a', 'zz', '0x00', ' 00 '])('%p is no hexadecimal', (text) => {
  expect(() => hexToBytes(text)).toThrow(RangeError);
});

test('UTF-8 and back is the identity for well-formed text, a byte order mark included', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      fc.pre(!/\p{Surrogate}/u.test(text));
      expect(bytesToUtf8(utf8ToBytes(text))).toBe(text);
    }),
  );
  expect(bytesToUtf8(Uint8Array.of(0xef, 0xbb, 0xbf))).toBe('\ufeff');
});

test('bytes that are no UTF-8 are undefined and never throw', () => {
  fc.assert(
    fc.property(anyBytes(), (bytes) => {
      expect(['string', 'undefined']).toContain(typeof bytesToUtf8(bytes));
    }),
  );
  expect(bytesToUtf8(Uint8Array.of(0xc0, 0x80))).toBeUndefined();
});

test('equality looks at content and length', () => {
  fc.assert(
    fc.property(anyBytes(), anyBytes(), (a, b) => {
      expect(equalBytes(a, b)).toBe(bytesToHex(a) === bytesToHex(b));
      expect(equalBytes(a, copyBytes(a))).toBe(true);
    }),
  );
});

test('joining keeps order and length', () => {
  expect(concatBytes(Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3))).toEqual(
    Uint8Array.of(1, 2, 3),
  );
});

test('a copy of a pooled Buffer owns exactly its bytes', () => {
  const pooled = Buffer.from('pooled');
  const copy = copyBytes(pooled);
  expect(copy.buffer.byteLength).toBe(6);
  copy[0] = 0;
  expect(pooled.toString()).toBe('pooled');
});

test('wiping leaves zeros', () => {
  const secret = randomBytes(40);
  wipe(secret);
  expect(secret).toEqual(new Uint8Array(40));
});

test('randomness of more than one system call has its full length and no two equal halves', () => {
  const bytes = randomBytes(140_000);
  expect(bytes.length).toBe(140_000);
  expect(equalBytes(bytes.subarray(0, 70_000), bytes.subarray(70_000))).toBe(false);
  expect(bytes.subarray(-32)).not.toEqual(new Uint8Array(32));
  expect(() => randomBytes(-1)).toThrow(RangeError);
});

test('what is no array of bytes is a TypeError that names the argument', () => {
  expect(() => new ByteReader('text' as unknown as Uint8Array)).toThrow(/bytes must be a Uint8Array/);
  expect(() => utf8ToBytes(1 as unknown as string)).toThrow(TypeError);
  expect(() => hexToBytes(1 as unknown as string)).toThrow(TypeError);
});
