import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { BatchHead, BatchUse } from '../src/index.js';
import { batchContext, bytesToHex, decodeBatchHead, encodeBatchHead } from '../src/index.js';
import { anyBytes, bytesOf, damaged } from './arbitraries.js';

const head: fc.Arbitrary<BatchHead> = fc
  .record({
    depth: fc.integer({ min: 0, max: 12 }),
    signer: bytesOf(32),
    timeMs: fc.maxSafeNat(),
    batchId: bytesOf(32),
    root: bytesOf(32),
  })
  .map((fields) => ({ ...fields, count: 2 ** fields.depth }));

test('a head and back is the identity, always 112 bytes', () => {
  fc.assert(
    fc.property(head, (fields) => {
      const encoded = encodeBatchHead(fields);
      expect(encoded.length).toBe(112);
      expect(decodeBatchHead(encoded)).toEqual(fields);
    }),
  );
});

test('a head has the bytes that the specification draws', () => {
  const fields = { depth: 2, count: 4, timeMs: 0x0102030405, signer: new Uint8Array(32).fill(0x11) };
  const encoded = encodeBatchHead({
    ...fields,
    batchId: new Uint8Array(32).fill(0x22),
    root: new Uint8Array(32).fill(0x33),
  });
  const expected = `4d425331${'01'}${'02'}${'0004'}${'11'.repeat(32)}${'0000000102030405'}${'22'.repeat(32)}${'33'.repeat(32)}`;
  expect(bytesToHex(encoded)).toBe(expected);
});

test('bytes of a stranger never throw, and what decodes encodes to the same bytes', () => {
  const encoded = head.map(encodeBatchHead);
  fc.assert(
    fc.property(fc.oneof(anyBytes(), bytesOf(112), encoded, damaged(encoded)), (bytes) => {
      const decoded = decodeBatchHead(bytes);
      if (decoded !== undefined) expect(encodeBatchHead(decoded)).toEqual(bytes);
    }),
  );
});

test.each([
  ['depth 13', 5, 13],
  ['a count that is no power of two', 7, 5],
  ['a count beyond the depth', 7, 8],
  ['another version', 4, 2],
  ['another magic', 0, 0],
  ['a time beyond 2^53', 40, 0xff],
])('%s is refused', (_name, at, value) => {
  const bytes = encodeBatchHead({
    depth: 2,
    count: 4,
    timeMs: 1,
    signer: new Uint8Array(32),
    batchId: new Uint8Array(32),
    root: new Uint8Array(32),
  });
  bytes[at] = value;
  expect(decodeBatchHead(bytes)).toBeUndefined();
});

test('a head that says more than 4,096 leaves is refused by reader and writer', () => {
  const fields = {
    signer: new Uint8Array(32),
    batchId: new Uint8Array(32),
    root: new Uint8Array(32),
    timeMs: 0,
  };
  const bytes = encodeBatchHead({ ...fields, depth: 12, count: 4096 });
  bytes.set([13, 0x20, 0x00], 5);
  expect(decodeBatchHead(bytes)).toBeUndefined();
  expect(() => encodeBatchHead({ ...fields, depth: 13, count: 8192 })).toThrow(RangeError);
});

test('every use and every network has a context of its own', () => {
  const uses: BatchUse[] = ['gossip', 'direct', 'link', 'hop', 'desc', 'record', 'receipt', 'peer'];
  const contexts = uses.flatMap((use) =>
    [0, 1].map((fill) => bytesToHex(batchContext(use, new Uint8Array(32).fill(fill)))),
  );
  expect(new Set(contexts).size).toBe(16);
  expect(contexts[0]).toBe(`${bytesToHex(new TextEncoder().encode('mbs/1 gossip'))}00${'00'.repeat(32)}`);
  expect(() => batchContext('gossip', new Uint8Array(31))).toThrow(RangeError);
});
