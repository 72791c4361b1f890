// Every decoder of a handshake message: what one takes is what its encoder gives, of exactly its suite's length.
import { concatBytes, equalBytes, SLOT_BYTES, xWing } from '@yakmesh/crypto';
import * as messages from '../dist/handshake/messages.js';
import { decodeParams, encodeParams } from '../dist/handshake/params.js';
import { must, target } from './mutation.mjs';

const session = new Uint8Array(16).fill(1);
const nonce = new Uint8Array(32).fill(2);
const suite = xWing.suite;
const bootId = new Uint8Array(16).fill(4);
const params = encodeParams({ bootId, creditBytes: 262_144, messagesPerSecond: 100 });

const hello = messages.encodeHello(xWing, {
  suite,
  networkPrefix: new Uint8Array(8),
  session,
  nonce,
  encapsulationKey: new Uint8Array(xWing.publicKeyBytes).fill(3),
  puzzle: new Uint8Array(40),
});
const challenge = messages.encodeChallenge({
  suite,
  session,
  seed: nonce,
  bits: 16,
  count: 8,
  expirySeconds: 60,
});
const welcomeClear = messages.encodeWelcomeClear(xWing, {
  initiatorSession: session,
  responderSession: session,
  nonce,
  ciphertext: new Uint8Array(xWing.ciphertextBytes).fill(5),
});
const welcome = concatBytes(
  welcomeClear,
  new Uint8Array(messages.welcomeBytes(xWing) - welcomeClear.length).fill(6),
);
const confirmClear = messages.encodeConfirmClear(suite, session);
const confirm = concatBytes(confirmClear, new Uint8Array(messages.CONFIRM_BYTES - confirmClear.length));
const refuse = messages.encodeRefuse({ suite, session, code: 3 });
const proof = messages.encodeProof({
  publicKey: new Uint8Array(1_952).fill(7),
  params,
  signature: new Uint8Array(SLOT_BYTES).fill(8),
  fin: nonce,
});

const kemOf = (number) => (number === suite ? xWing : undefined);

export default target({
  name: 'handshake messages',
  samples: () => [hello, challenge, welcome, confirm, refuse, params, proof],
  decoders: {
    decodeHeader: (bytes) => {
      const header = messages.decodeHeader(bytes);
      if (header !== undefined) must(bytes.length >= messages.HEADER_BYTES, 'a header has eight bytes');
    },
    decodeHello: (bytes) => {
      const found = messages.decodeHello(bytes);
      const kem = found && kemOf(found.suite);
      if (kem !== undefined)
        must(equalBytes(messages.encodeHello(kem, found), bytes), 'HELLO has one encoding');
    },
    decodeChallenge: (bytes) => {
      const found = messages.decodeChallenge(bytes);
      if (found !== undefined)
        must(equalBytes(messages.encodeChallenge(found), bytes), 'CHALLENGE has one encoding');
    },
    decodeWelcome: (bytes) => {
      const found = messages.decodeWelcome(bytes);
      const kem = found && kemOf(found.suite);
      if (kem === undefined) return;
      const again = concatBytes(messages.encodeWelcomeClear(kem, found), found.sealed);
      must(equalBytes(again, bytes), 'WELCOME has one encoding');
    },
    decodeConfirm: (bytes) => {
      const found = messages.decodeConfirm(bytes);
      if (found === undefined) return;
      const again = concatBytes(
        messages.encodeConfirmClear(found.suite, found.responderSession),
        found.sealed,
      );
      must(equalBytes(again, bytes), 'CONFIRM has one encoding');
    },
    decodeRefuse: (bytes) => {
      const found = messages.decodeRefuse(bytes);
      if (found !== undefined) must(found.session.length === 16, 'REFUSE names a session');
    },
    decodeParams: (bytes) => {
      const found = decodeParams(bytes);
      if (found === undefined) return;
      must(
        equalBytes(encodeParams(found).subarray(0, 24), bytes.subarray(0, 24)),
        'params have one encoding',
      );
    },
    decodeProof: (bytes) => {
      const found = messages.decodeProof(bytes, SLOT_BYTES);
      if (found !== undefined)
        must(equalBytes(messages.encodeProof(found), bytes), 'a proof has one encoding');
    },
  },
});
