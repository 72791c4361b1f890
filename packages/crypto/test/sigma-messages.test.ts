import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  decodeSigmaProof,
  encodeSigmaProof,
  ML_DSA_65_SIGNATURE_BYTES,
  SIGMA_THIRD_BYTES,
  sigmaFirstBytes,
  SigmaMessages,
  sigmaSecondBytes,
  SLOT_BYTES,
  xWing,
  mlKem768,
} from '../src/index.js';

const ours = new SigmaMessages(0x5959, 1);
const exactly = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });
const firsts = fc.constantFrom(xWing, mlKem768).chain((kem) =>
  fc.record({
    suite: fc.constant(kem.suite),
    networkPrefix: exactly(8),
    session: exactly(16),
    nonce: exactly(32),
    encapsulationKey: exactly(kem.publicKeyBytes),
    puzzle: exactly(40),
  }),
);
const kemOf = (suite: number) => (suite === xWing.suite ? xWing : mlKem768);

test('the pinned sizes hold under both suites', () => {
  expect([sigmaFirstBytes(xWing), sigmaSecondBytes(xWing), SIGMA_THIRD_BYTES]).toEqual([1_320, 7_001, 5_397]);
  expect([sigmaFirstBytes(mlKem768), sigmaSecondBytes(mlKem768)]).toEqual([1_288, 6_969]);
});

test('a first message survives encoding and decoding, and is none of another magic or version', () => {
  fc.assert(
    fc.property(firsts, (first) => {
      const bytes = ours.encodeFirst(kemOf(first.suite), first);
      expect(ours.decodeFirst(bytes)).toEqual(first);
      expect(new SigmaMessages(0x5958, 1).decodeFirst(bytes)).toBeUndefined();
      expect(new SigmaMessages(0x5959, 2).decodeFirst(bytes)).toBeUndefined();
      expect(ours.decodeFirst(bytes.subarray(1))).toBeUndefined();
    }),
    { numRuns: 50 },
  );
});

test('a refusal is read whatever its version and suite, with its reserved bytes', () => {
  const session = new Uint8Array(16).fill(7);
  const bytes = ours.encodeRefusal({ suite: 9, session, code: 3 });
  expect(bytes).toHaveLength(28);
  bytes[2] = 99;
  bytes[27] = 5;
  expect(ours.decodeRefusal(bytes)).toEqual({ suite: 9, session, code: 3, reserved: 5 });
});

test('a proof has the length of its kind of signature, and no other', () => {
  const common = { publicKey: new Uint8Array(1_952), params: new Uint8Array(64), fin: new Uint8Array(32) };
  for (const signatureBytes of [SLOT_BYTES, ML_DSA_65_SIGNATURE_BYTES]) {
    const proof = { ...common, signature: new Uint8Array(signatureBytes).fill(1) };
    const bytes = encodeSigmaProof(proof);
    expect(decodeSigmaProof(bytes, signatureBytes)).toEqual(proof);
    expect(decodeSigmaProof(bytes.subarray(1), signatureBytes)).toBeUndefined();
  }
});
