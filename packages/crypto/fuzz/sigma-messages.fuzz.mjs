// Every message of a SIGMA handshake: what a decoder takes is what its encoder gives.
import { must, target } from '../../../tools/fuzz-target.mjs';
import {
  concatBytes,
  decodeSigmaProof,
  encodeSigmaProof,
  equalBytes,
  kemOfSuite,
  SIGMA_THIRD_BYTES,
  SigmaMessages,
  sigmaSecondBytes,
  SLOT_BYTES,
  xWing,
} from '../dist/index.js';

const ours = new SigmaMessages(0x5959, 1);
const { suite } = xWing;
const session = new Uint8Array(16).fill(1);
const nonce = new Uint8Array(32).fill(2);
const first = ours.encodeFirst(xWing, {
  networkPrefix: new Uint8Array(8),
  session,
  nonce,
  encapsulationKey: new Uint8Array(xWing.publicKeyBytes).fill(3),
  puzzle: new Uint8Array(40),
});
const challenge = ours.encodeChallenge({
  suite,
  session,
  seed: nonce,
  bits: 16,
  count: 8,
  expirySeconds: 60,
});
const secondClear = ours.encodeSecondClear(xWing, {
  initiatorSession: session,
  responderSession: session,
  nonce,
  ciphertext: new Uint8Array(xWing.ciphertextBytes).fill(5),
});
const second = concatBytes(secondClear, new Uint8Array(sigmaSecondBytes(xWing) - secondClear.length));
const thirdClear = ours.encodeThirdClear(suite, session);
const third = concatBytes(thirdClear, new Uint8Array(SIGMA_THIRD_BYTES - thirdClear.length));
const proof = encodeSigmaProof({
  publicKey: new Uint8Array(1_952).fill(7),
  params: new Uint8Array(64),
  signature: new Uint8Array(SLOT_BYTES).fill(8),
  fin: nonce,
});

/** Compares where the decoder took the bytes. */
const same = (found, encode, bytes, name) =>
  found === undefined ||
  must(equalBytes(encode(found, kemOfSuite(found.suite)), bytes), `${name} has one encoding`);

export default target({
  name: 'messages of SIGMA',
  samples: () => [first, challenge, second, third, ours.encodeRefusal({ suite, session, code: 3 }), proof],
  decoders: {
    first: (bytes) =>
      same(ours.decodeFirst(bytes), (found, kem) => ours.encodeFirst(kem, found), bytes, 'first'),
    challenge: (bytes) =>
      same(ours.decodeChallenge(bytes), (found) => ours.encodeChallenge(found), bytes, 'challenge'),
    second: (bytes) =>
      same(
        ours.decodeSecond(bytes),
        (found, kem) => concatBytes(ours.encodeSecondClear(kem, found), found.sealed),
        bytes,
        'second',
      ),
    third: (bytes) =>
      same(
        ours.decodeThird(bytes),
        (found) => concatBytes(ours.encodeThirdClear(found.suite, found.responderSession), found.sealed),
        bytes,
        'third',
      ),
    refusal: (bytes) => void ours.decodeRefusal(bytes),
    decodeSigmaProof: (bytes) => same(decodeSigmaProof(bytes, SLOT_BYTES), encodeSigmaProof, bytes, 'proof'),
  },
});
