import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import {
  aes256GcmOpen,
  aes256GcmSeal,
  aes256GcmSealInPlace,
  hkdfExpandSha256,
  hkdfExpandSha512,
  hkdfExtractSha512,
  hmacSha256,
  randomBytes,
  sha256,
  sha3_256,
  sha512,
} from '../src/index.js';
import type { Platform } from '../src/platform.js';
import { platform as node } from '../src/platform-node.js';
import { platform as web } from '../src/platform-web.js';
import { anyBytes, bytesOf } from './arbitraries.js';

const hashes = ['sha256', 'sha512', 'sha3Hash256'] as const;

test.each(hashes)('%s is the same on Node and in browsers', (name) => {
  fc.assert(
    fc.property(anyBytes(2_000), (bytes) => {
      expect(node[name](bytes)).toEqual(web[name](bytes));
    }),
  );
});

test.each(['hmacSha256', 'hmacSha512'] as const)('%s is the same on Node and in browsers', (name) => {
  fc.assert(
    fc.property(anyBytes(200), anyBytes(500), (key, data) => {
      expect(node[name](key, data)).toEqual(web[name](key, data));
    }),
  );
});

test('AES-256-GCM seals to the same bytes on Node and in browsers, and each opens what the other sealed', () => {
  fc.assert(
    fc.property(bytesOf(32), bytesOf(12), anyBytes(300), anyBytes(80), (key, nonce, plaintext, aad) => {
      const sealed = node.aes256GcmSeal(key, nonce, plaintext, aad);
      expect(web.aes256GcmSeal(key, nonce, plaintext, aad)).toEqual(sealed);
      for (const platform of [node, web]) {
        expect(platform.aes256GcmOpen(key, nonce, sealed, aad)).toEqual(plaintext);
      }
    }),
  );
});

test.each([node, web])('sealing in place leaves what sealing answers ($name)', (platform: Platform) => {
  fc.assert(
    fc.property(bytesOf(32), bytesOf(12), anyBytes(300), anyBytes(80), (key, nonce, plaintext, aad) => {
      const bytes = new Uint8Array(plaintext.length + 16).fill(7);
      bytes.set(plaintext);
      platform.aes256GcmSealInPlace(key, nonce, bytes, aad);
      expect(bytes).toEqual(platform.aes256GcmSeal(key, nonce, plaintext, aad));
    }),
  );
});

test('both platforms seal the same, below and above the length from which Node frees what OpenSSL filled', () => {
  const [key, nonce, aad] = [randomBytes(32), randomBytes(12), randomBytes(20)];
  for (const length of [4_095, 4_096, 4_097, 16_384]) {
    const plaintext = randomBytes(length);
    const sealed = node.aes256GcmSeal(key, nonce, plaintext, aad);
    expect(Buffer.compare(sealed, web.aes256GcmSeal(key, nonce, plaintext, aad))).toBe(0);
    const bytes = new Uint8Array(length + 16);
    bytes.set(plaintext);
    node.aes256GcmSealInPlace(key, nonce, bytes, aad);
    expect(Buffer.compare(bytes, sealed)).toBe(0);
  }
});

test.each([node, web])(
  'no changed byte, nonce, key or additional data opens ($name)',
  (platform: Platform) => {
    const [key, nonce, aad] = [randomBytes(32), randomBytes(12), randomBytes(20)];
    const sealed = platform.aes256GcmSeal(key, nonce, randomBytes(20), aad);
    const flip = (bytes: Uint8Array, at: number): Uint8Array =>
      bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
    for (let at = 0; at < sealed.length; at++) {
      expect(platform.aes256GcmOpen(key, nonce, flip(sealed, at), aad)).toBeUndefined();
    }
    expect(platform.aes256GcmOpen(flip(key, 3), nonce, sealed, aad)).toBeUndefined();
    expect(platform.aes256GcmOpen(key, flip(nonce, 3), sealed, aad)).toBeUndefined();
    expect(platform.aes256GcmOpen(key, nonce, sealed, flip(aad, 3))).toBeUndefined();
    expect(platform.aes256GcmOpen(key, nonce, sealed.subarray(0, 15), aad)).toBeUndefined();
  },
);

test('scrypt is the same on Node and in browsers', async () => {
  const [password, salt] = [randomBytes(9), randomBytes(32)];
  const cost = { log2N: 10, r: 8, p: 1 };
  expect(await node.scrypt(password, salt, cost, 32)).toEqual(await web.scrypt(password, salt, cost, 32));
});

test('every result is a plain array that owns its memory', () => {
  const [key, nonce] = [randomBytes(32), randomBytes(12)];
  const results = [
    sha256(key),
    sha512(key),
    sha3_256(key),
    hmacSha256(key, nonce),
    hkdfExtractSha512(key, nonce),
    hkdfExpandSha512(randomBytes(64), nonce, 100),
    aes256GcmSeal(key, nonce, key),
    aes256GcmOpen(key, nonce, aes256GcmSeal(key, nonce, key)),
  ];
  for (const result of results) {
    expect(Object.getPrototypeOf(result)).toBe(Uint8Array.prototype);
    expect(result?.buffer.byteLength).toBe(result?.byteLength);
  }
});

test('the digest written into a larger array touches 32 bytes and no other', () => {
  for (const platform of [node, web]) {
    const target = new Uint8Array(40).fill(7);
    platform.sha256Into(Uint8Array.of(1), target, 4);
    expect(target.subarray(4, 36)).toEqual(sha256(Uint8Array.of(1)));
    expect([...target.subarray(0, 4), ...target.subarray(36)]).toEqual([7, 7, 7, 7, 7, 7, 7, 7]);
  }
});

test('keys, nonces and lengths of the wrong size are a RangeError', () => {
  expect(() => aes256GcmSeal(new Uint8Array(16), new Uint8Array(12), new Uint8Array(1))).toThrow(RangeError);
  expect(() => aes256GcmOpen(new Uint8Array(32), new Uint8Array(16), new Uint8Array(20))).toThrow(RangeError);
  const [key, nonce] = [new Uint8Array(32), new Uint8Array(12)];
  expect(() => aes256GcmSealInPlace(key, nonce, new Uint8Array(15))).toThrow(RangeError);
  expect(() => aes256GcmSealInPlace(key, new Uint8Array(16), new Uint8Array(20))).toThrow(RangeError);
  expect(() => hkdfExpandSha512(new Uint8Array(32), new Uint8Array(0), 32)).toThrow(RangeError);
  expect(() => hkdfExpandSha256(new Uint8Array(32), new Uint8Array(0), 255 * 32 + 1)).toThrow(RangeError);
  expect(() => hkdfExpandSha256(new Uint8Array(32), new Uint8Array(0), 0.5)).toThrow(RangeError);
});

test('text in the place of bytes is a TypeError, though node:crypto would hash it', () => {
  const text = 'text' as unknown as Uint8Array;
  expect(() => sha256(text)).toThrow(TypeError);
  expect(() => hmacSha256(text, new Uint8Array(1))).toThrow(TypeError);
  expect(() => aes256GcmSeal(new Uint8Array(32), new Uint8Array(12), text)).toThrow(TypeError);
});

test('the browser platform starts no worker and lets the event loop breathe', async () => {
  const events = { message: () => undefined, gone: () => undefined };
  expect([web.startWorker(events), web.cores()]).toEqual([undefined, 1]);
  await expect(web.breathe()).resolves.toBeUndefined();
});
