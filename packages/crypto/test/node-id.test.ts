import { bech32m } from '@scure/base';
import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import {
  decodeNodeId,
  encodeNodeId,
  isNodeId,
  nodeIdBytesOf,
  nodeIdOf,
  sha256,
  utf8ToBytes,
  concatBytes,
} from '../src/index.js';
import { bytesOf } from './arbitraries.js';

const text = encodeNodeId(new Uint8Array(32).fill(0xa5));

test('an id is the SHA-256 of its domain, its algorithm and the whole key', () => {
  const publicKey = new Uint8Array(1952).fill(3);
  const input = concatBytes(utf8ToBytes('yakmesh/nodeid/1'), Uint8Array.of(0, 0, 1), publicKey);
  expect(nodeIdBytesOf(publicKey)).toEqual(sha256(input));
  expect(decodeNodeId(nodeIdOf(publicKey))).toEqual(sha256(input));
});

test('H4: every byte of the key counts: no two keys that differ anywhere share an id', () => {
  const ids = new Set<string>();
  for (let at = 0; at < 1952; at++) {
    const publicKey = new Uint8Array(1952);
    publicKey[at] = 1;
    ids.add(nodeIdOf(publicKey));
  }
  expect(ids.size).toBe(1952);
});

test('text and back is the identity, always 62 lower-case characters', () => {
  fc.assert(
    fc.property(bytesOf(32), (bytes) => {
      const id = encodeNodeId(bytes);
      expect(id).toMatch(/^yak1[02-9ac-hj-np-z]{58}$/);
      expect(decodeNodeId(id)).toEqual(bytes);
      expect(isNodeId(id)).toBe(true);
    }),
  );
});

test('any one changed character is caught', () => {
  const alphabet = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
  fc.assert(
    fc.property(fc.integer({ min: 4, max: 61 }), fc.constantFrom(...alphabet), (at, letter) => {
      fc.pre(text[at] !== letter);
      expect(decodeNodeId(text.slice(0, at) + letter + text.slice(at + 1))).toBeUndefined();
    }),
  );
});

test.each([
  ['upper case', text.toUpperCase()],
  ['mixed case', text.slice(0, 61) + text.slice(61).toUpperCase()],
  ['one character short', text.slice(0, 61)],
  ['one character long', `${text}q`],
  ['space around', ` ${text}`],
  ['another prefix', bech32m.encode('yal', bech32m.toWords(new Uint8Array(32)))],
  ['31 bytes', bech32m.encode('yak', bech32m.toWords(new Uint8Array(31)))],
  ['33 bytes', bech32m.encode('yak', bech32m.toWords(new Uint8Array(33)))],
  [
    'pad bits that are not zero',
    bech32m.encode('yak', [...bech32m.toWords(new Uint8Array(32)).slice(0, 51), 1]),
  ],
  ['nothing', ''],
])('%s is no id', (_name, other) => {
  expect(decodeNodeId(other)).toBeUndefined();
  expect(isNodeId(other)).toBe(false);
});

test('no text and no value makes decoding throw', () => {
  fc.assert(
    fc.property(fc.anything(), (value) => {
      expect(isNodeId(value)).toBe(false);
    }),
  );
});

test('a key or id of the wrong length is a RangeError', () => {
  expect(() => nodeIdOf(new Uint8Array(1951))).toThrow(RangeError);
  expect(() => encodeNodeId(new Uint8Array(31))).toThrow(RangeError);
});
