import { expect, test } from '@jest/globals';
import { bytesToHex, mlKem768, SLOT_BYTES, xWing } from '@yakmesh/crypto';
import fc from 'fast-check';
import {
  CONFIRM_BYTES,
  decodeChallenge,
  decodeConfirm,
  decodeHeader,
  decodeHello,
  decodeProof,
  decodeRefuse,
  decodeWelcome,
  encodeChallenge,
  encodeHello,
  encodeProof,
  encodeRefuse,
  encodeWelcomeClear,
  helloBytes,
  PARAMS_BYTES,
  welcomeBytes,
} from '../src/handshake/messages.js';
import { decodeParams, encodeParams } from '../src/handshake/params.js';
import { networkHash } from '../src/network-hash.js';

const exactly = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });

const kems = fc.constantFrom(xWing, mlKem768);
const session = exactly(16);

test('H6: the pinned sizes hold, below the 8 KiB of a handshake message: HELLO 1,320, WELCOME 7,001, CONFIRM 5,397 bytes', () => {
  expect(helloBytes(xWing)).toBe(1_320);
  expect(welcomeBytes(xWing)).toBe(7_001);
  expect(CONFIRM_BYTES).toBe(5_397);
  expect([helloBytes(mlKem768), welcomeBytes(mlKem768)]).toEqual([1_288, 6_969]);
});

test('CHALLENGE has 60 bytes and REFUSE 28', () => {
  const common = { suite: 1, session: new Uint8Array(16) };
  const challenge = { ...common, seed: new Uint8Array(32), bits: 16, count: 8, expirySeconds: 60 };
  expect(encodeChallenge(challenge)).toHaveLength(60);
  expect(encodeRefuse({ ...common, code: 1 })).toHaveLength(28);
});

test('HELLO survives encoding and decoding under both suites', () => {
  const hellos = kems.chain((kem) =>
    fc.record({
      suite: fc.constant(kem.suite),
      networkPrefix: exactly(8),
      session,
      nonce: exactly(32),
      encapsulationKey: exactly(kem.publicKeyBytes),
      puzzle: exactly(40),
    }),
  );
  fc.assert(
    fc.property(hellos, (hello) => {
      const kem = hello.suite === xWing.suite ? xWing : mlKem768;
      expect(decodeHello(encodeHello(kem, hello))).toEqual(hello);
    }),
  );
});

test('CHALLENGE, REFUSE, params and proofs survive encoding and decoding', () => {
  const challenges = fc.record({
    suite: fc.constantFrom(1, 2),
    session,
    seed: exactly(32),
    bits: fc.nat(255),
    count: fc.nat(255),
    expirySeconds: fc.nat(65_535),
  });
  const refusals = fc.record({ suite: fc.nat(65_535), session, code: fc.nat(65_535) });
  const params = fc.record({
    bootId: session,
    creditBytes: fc.nat(2 ** 32 - 1),
    messagesPerSecond: fc.nat(2 ** 32 - 1),
  });
  const proofs = fc.record({
    publicKey: exactly(1_952),
    params: exactly(PARAMS_BYTES),
    signature: exactly(SLOT_BYTES),
    fin: exactly(32),
  });
  fc.assert(
    fc.property(challenges, refusals, params, proofs, (challenge, refusal, stated, proof) => {
      expect(decodeChallenge(encodeChallenge(challenge))).toEqual(challenge);
      expect(decodeRefuse(encodeRefuse(refusal))).toEqual(refusal);
      expect(decodeParams(encodeParams(stated))).toEqual(stated);
      expect(decodeProof(encodeProof(proof), SLOT_BYTES)).toEqual(proof);
    }),
    { numRuns: 50 },
  );
});

test('no bytes make a decoder of the handshake throw', () => {
  const decoders = [
    decodeHeader,
    decodeHello,
    decodeChallenge,
    decodeWelcome,
    decodeConfirm,
    decodeRefuse,
    decodeParams,
    (bytes: Uint8Array) => decodeProof(bytes, SLOT_BYTES),
  ];
  const sizes = fc.constantFrom(0, 7, 8, 28, 60, 64, 1_288, 1_320, 5_397, 6_969, 7_001);
  const headed = fc.tuple(sizes, fc.nat(5), fc.nat(3), exactly(16)).map(([length, type, suite, start]) => {
    const bytes = new Uint8Array(length);
    bytes.set(start.subarray(0, length));
    bytes.set([0x59, 0x4c, 1, type, 0, suite, length >> 8, length & 255].slice(0, length));
    return bytes;
  });
  fc.assert(
    fc.property(fc.oneof(headed, fc.uint8Array({ maxLength: 300 })), (bytes) => {
      for (const decode of decoders) decode(bytes);
    }),
  );
});

test('a message that says another length than its own is none', () => {
  const bytes = encodeRefuse({ suite: 1, session: new Uint8Array(16), code: 2 });
  expect(decodeHeader(bytes.subarray(0, 27))).toBeUndefined();
  expect(decodeHeader(Uint8Array.of(...bytes, 0))).toBeUndefined();
});

test('the clear part of WELCOME ends with the KEM ciphertext and its header names the whole length', () => {
  const clear = encodeWelcomeClear(xWing, {
    initiatorSession: new Uint8Array(16).fill(1),
    responderSession: new Uint8Array(16).fill(2),
    nonce: new Uint8Array(32).fill(3),
    ciphertext: new Uint8Array(xWing.ciphertextBytes).fill(4),
  });
  expect(clear).toHaveLength(1_192);
  expect(bytesToHex(clear.subarray(0, 8))).toBe('594c010300011b59');
  expect(clear.at(-1)).toBe(4);
});

test('params of a later version are understood as far as they are known', () => {
  const bytes = encodeParams({ bootId: new Uint8Array(16), creditBytes: 7, messagesPerSecond: 9 });
  bytes.fill(0xff, 24);
  expect(decodeParams(bytes)).toMatchObject({ creditBytes: 7, messagesPerSecond: 9 });
});

test('H3: a fingerprint of null, an empty one and a set one name three networks, and an id is no fingerprint', () => {
  const hashes = [
    networkHash(1, { networkId: 'a', networkFingerprint: null }),
    networkHash(1, { networkId: 'a', networkFingerprint: '' }),
    networkHash(1, { networkId: 'a', networkFingerprint: 'f' }),
    networkHash(1, { networkId: null, networkFingerprint: 'a' }),
    networkHash(1, { networkId: null, networkFingerprint: null }),
    networkHash(2, { networkId: 'a', networkFingerprint: null }),
  ].map(bytesToHex);
  expect(new Set(hashes).size).toBe(hashes.length);
});
