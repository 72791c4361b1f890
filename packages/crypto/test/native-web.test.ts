// WebCrypto's half of the browser provider against a double that noble plays; a real Chromium runs it in browser.test.ts.
import { x25519 } from '@noble/curves/ed25519.js';
import { ml_dsa65 } from '@noble/post-quantum/ml-dsa.js';
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import { expect, test } from '@jest/globals';
import * as api from '../src/index.js';
import { probe } from '../src/native-provider.js';
import type { Subtle, WebAlgorithm } from '../src/native-web.js';
import { candidatesOf, webCandidates } from '../src/native-web.js';
import { crossCases } from './cross-suite.mjs';

interface Imported {
  readonly format: string;
  readonly algorithm: WebAlgorithm;
  readonly bytes: Uint8Array;
  readonly extractable: boolean;
}

const imports: Imported[] = [];
const bytesOf = (key: object): Uint8Array => (key as Imported).bytes;
const bufferOf = (bytes: Uint8Array): ArrayBuffer => bytes.slice().buffer;
const contextOf = ({ context }: WebAlgorithm): { context: Uint8Array } => ({
  context: context ?? new Uint8Array(0),
});

const double: Subtle = {
  importKey: async (format, bytes, algorithm, extractable) => {
    const key: Imported = { format, algorithm, bytes: bytes.slice(), extractable };
    imports.push(key);
    return key;
  },
  sign: async (algorithm, key, message) =>
    bufferOf(ml_dsa65.sign(message, ml_dsa65.keygen(bytesOf(key)).secretKey, contextOf(algorithm))),
  verify: async (algorithm, key, signature, message) =>
    ml_dsa65.verify(signature, message, bytesOf(key), contextOf(algorithm)),
  encapsulateBits: async (_algorithm, key) => {
    const { cipherText, sharedSecret } = ml_kem768.encapsulate(bytesOf(key));
    return { ciphertext: bufferOf(cipherText), sharedKey: bufferOf(sharedSecret) };
  },
  decapsulateBits: async (_algorithm, key, ciphertext) =>
    bufferOf(ml_kem768.decapsulate(ciphertext, ml_kem768.keygen(bytesOf(key)).secretKey)),
  deriveBits: async (algorithm, key) =>
    bufferOf(x25519.getSharedSecret(bytesOf(key).subarray(-32), bytesOf(algorithm.public ?? {}))),
};

const here = { ...api.nobleProvider, ...candidatesOf(double) };

test('what WebCrypto offers passes its probe, algorithm by algorithm', async () => {
  expect(Object.keys((await probe(candidatesOf(double))) ?? {})).toEqual([
    'name',
    'mlDsa65',
    'mlKem768',
    'x25519',
  ]);
  const refusing = { ...double, importKey: () => Promise.reject(new Error('Unrecognized name')) };
  expect(await probe(candidatesOf(refusing))).toBeUndefined();
});

test.each(crossCases({ api, here, there: api.nobleProvider, rounds: 1 }))('$name', async ({ run }) => {
  await expect(run()).resolves.toBeUndefined();
});

test('every key is imported as one that cannot be exported', () => {
  expect(imports.length).toBeGreaterThan(0);
  expect(imports.every(({ extractable }) => !extractable)).toBe(true);
});

test('a signature that WebCrypto refuses to look at is false', async () => {
  const throwing = { ...double, verify: () => Promise.reject(new Error('DataError')) };
  const { mlDsa65 } = candidatesOf(throwing);
  const none = new Uint8Array(0);
  expect(await mlDsa65?.verify(new Uint8Array(1952), none, new Uint8Array(3309), none)).toBe(false);
});

test('where there is a secure context there are candidates', () => {
  expect(webCandidates()?.name).toBe('native');
});
