// Every decoder of what comes over a flow: what one takes is what its encoder gives.
import {
  concatBytes,
  equalBytes,
  kemOfSuite,
  ML_DSA_65_SIGNATURE_BYTES,
  SLOT_BYTES,
  xWing,
} from '@yakmesh/crypto';
import { must, target } from '../../../tools/fuzz-target.mjs';
import * as messages from '../dist/handshake/messages.js';
import { decodeParams, encodeParams } from '../dist/handshake/params.js';
import * as resumption from '../dist/handshake/resumption-messages.js';
import { encodeMessage, MessageReader } from '../dist/message-reader.js';
import { decodeRecordHeader, RECORD_HEADER_BYTES, writeRecordHeader } from '../dist/record/header.js';
import { decodeFrames, encodeFrame, FrameKind } from '../dist/session/frames.js';

const session = new Uint8Array(16).fill(1);
const nonce = new Uint8Array(32).fill(2);
const suite = xWing.suite;
const params = encodeParams({
  isAnonymous: true,
  idleSeconds: 300,
  sessionWindow: 4_194_304,
  streamWindow: 1_048_576,
});
const open = messages.encodeOpen(xWing, {
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
const answerClear = messages.encodeAnswerClear(xWing, {
  initiatorSession: session,
  responderSession: session,
  nonce,
  ciphertext: new Uint8Array(xWing.ciphertextBytes).fill(5),
});
const answer = concatBytes(
  answerClear,
  new Uint8Array(messages.answerBytes(xWing) - answerClear.length).fill(6),
);
const confirmClear = messages.encodeConfirmClear(suite, session);
const confirm = concatBytes(confirmClear, new Uint8Array(messages.CONFIRM_BYTES - confirmClear.length));
const refuse = messages.encodeRefuse({ suite, session, code: 3 });
const fields = messages.decodeOpen(open);
const reopen = concatBytes(resumption.encodeReopenBound(xWing, fields, session), nonce);
const reanswerClear = resumption.encodeReanswerClear(xWing, {
  initiatorSession: session,
  responderSession: session,
  nonce,
  ciphertext: new Uint8Array(xWing.ciphertextBytes).fill(9),
});
const reanswer = concatBytes(reanswerClear, new Uint8Array(112).fill(10));
const reconfirm = concatBytes(resumption.encodeReconfirmClear(suite, session), new Uint8Array(112).fill(11));
const proof = messages.encodeProof({
  publicKey: new Uint8Array(1_952).fill(7),
  params,
  signature: new Uint8Array(ML_DSA_65_SIGNATURE_BYTES).fill(8),
  fin: nonce,
});
const slotProof = messages.encodeProof({
  publicKey: new Uint8Array(1_952).fill(7),
  params,
  signature: new Uint8Array(SLOT_BYTES).fill(8),
  fin: nonce,
});
const frames = [
  { kind: FrameKind.HS_DONE },
  { kind: FrameKind.PING },
  {
    kind: FrameKind.ACK,
    epoch: 1,
    delayMs: 3,
    marks: 2,
    ranges: [
      { start: 0, end: 4 },
      { start: 9, end: 10 },
    ],
  },
  { kind: FrameKind.STREAM, id: 2, offset: 77, isEnd: true, bytes: nonce },
  { kind: FrameKind.RESET, id: 2, code: 1, final: 100 },
  { kind: FrameKind.STOP, id: 2, code: 1 },
  { kind: FrameKind.WINDOW, id: 2, limit: 1_000_000 },
  { kind: FrameKind.DATAGRAM, bytes: nonce },
  { kind: FrameKind.CLOSE, code: 1, reason: 'why' },
  { kind: FrameKind.RATCHET_REQ, epoch: 2 },
  {
    kind: FrameKind.RATCHET_EK,
    epoch: 2,
    kemPart: new Uint8Array(xWing.publicKeyBytes),
    signature: new Uint8Array(ML_DSA_65_SIGNATURE_BYTES),
  },
  {
    kind: FrameKind.RATCHET_CT,
    epoch: 2,
    kemPart: new Uint8Array(xWing.ciphertextBytes),
    signature: new Uint8Array(ML_DSA_65_SIGNATURE_BYTES),
  },
  { kind: FrameKind.PATH_CHALLENGE, data: session.subarray(0, 8) },
  { kind: FrameKind.PATH_RESPONSE, data: session.subarray(0, 8) },
].map((frame) => encodeFrame(frame));
const headerOf = (header) => {
  const bytes = new Uint8Array(RECORD_HEADER_BYTES);
  writeRecordHeader(bytes, header);
  return bytes;
};
const record = concatBytes(headerOf({ session, epoch: 3, sequence: 2 ** 40 }), new Uint8Array(484));
const talk = concatBytes(
  encodeMessage({ kind: 0, content: nonce }),
  encodeMessage({ kind: 1, content: session }),
  encodeMessage({ kind: 0, content: new Uint8Array(0) }),
);

const again = (bytes, encode) => must(equalBytes(encode(), bytes), 'a message has one encoding');

export default target({
  name: 'wire',
  samples: () => [
    ...[open, challenge, answer, confirm, refuse, reopen, reanswer, reconfirm].flatMap((message) => [
      message,
      messages.padHandshake(message),
    ]),
    proof,
    slotProof,
    params,
    record,
    talk,
    ...frames,
    concatBytes(...frames.slice(0, 10), new Uint8Array(30)),
  ],
  decoders: {
    decodePadded: (bytes) => {
      const found = messages.decodePadded(bytes);
      if (found !== undefined) again(bytes, () => messages.padHandshake(found));
    },
    decodeHeader: (bytes) => {
      if (messages.decodeHeader(bytes) !== undefined) must(bytes.length >= 8, 'a header has eight bytes');
    },
    decodeOpen: (bytes) => {
      const found = messages.decodeOpen(bytes);
      if (found !== undefined) again(bytes, () => messages.encodeOpen(kemOfSuite(found.suite), found));
    },
    decodeReopen: (bytes) => {
      const found = resumption.decodeReopen(bytes);
      if (found === undefined) return;
      const bound = resumption.encodeReopenBound(kemOfSuite(found.open.suite), found.open, found.ticketId);
      again(bytes, () => concatBytes(bound, found.binder));
    },
    decodeReanswer: (bytes) => {
      const found = resumption.decodeReanswer(bytes);
      if (found === undefined) return;
      const clear = resumption.encodeReanswerClear(kemOfSuite(found.suite), found);
      again(bytes, () => concatBytes(clear, found.sealed));
    },
    decodeReconfirm: (bytes) => {
      const found = resumption.decodeReconfirm(bytes);
      if (found === undefined) return;
      const clear = resumption.encodeReconfirmClear(found.suite, found.responderSession);
      again(bytes, () => concatBytes(clear, found.sealed));
    },
    decodeShortProof: (bytes) => {
      const found = resumption.decodeShortProof(bytes);
      if (found !== undefined) again(bytes, () => resumption.encodeShortProof(found));
    },
    decodeChallenge: (bytes) => {
      const found = messages.decodeChallenge(bytes);
      if (found !== undefined) again(bytes, () => messages.encodeChallenge(found));
    },
    decodeAnswer: (bytes) => {
      const found = messages.decodeAnswer(bytes);
      if (found === undefined) return;
      again(bytes, () =>
        concatBytes(messages.encodeAnswerClear(kemOfSuite(found.suite), found), found.sealed),
      );
    },
    decodeConfirm: (bytes) => {
      const found = messages.decodeConfirm(bytes);
      if (found === undefined) return;
      again(bytes, () =>
        concatBytes(messages.encodeConfirmClear(found.suite, found.responderSession), found.sealed),
      );
    },
    decodeRefuse: (bytes) => {
      const found = messages.decodeRefuse(bytes);
      if (found !== undefined) must(bytes.length === 28, 'REFUSE has 28 bytes');
    },
    decodeProof: (bytes) => {
      for (const length of [SLOT_BYTES, ML_DSA_65_SIGNATURE_BYTES]) {
        const found = messages.decodeProof(bytes, length);
        if (found !== undefined) again(bytes, () => messages.encodeProof(found));
      }
    },
    decodeParams: (bytes) => {
      const found = decodeParams(bytes);
      if (found !== undefined) must(encodeParams(found).length === bytes.length, 'params have 64 bytes');
    },
    decodeRecordHeader: (bytes) => {
      const found = decodeRecordHeader(bytes);
      if (found !== undefined) again(bytes.subarray(0, RECORD_HEADER_BYTES), () => headerOf(found));
    },
    decodeFrames: (bytes) => {
      const found = decodeFrames(bytes, xWing);
      if (found === undefined) return;
      let at = 0;
      for (const frame of found) {
        const encoded = encodeFrame(frame);
        must(equalBytes(encoded, bytes.subarray(at, at + encoded.length)), 'frames have one encoding');
        at += encoded.length;
      }
    },
    MessageReader: (bytes) => {
      const whole = new MessageReader(4_096).push(bytes);
      const reader = new MessageReader(4_096);
      const parts = [];
      for (let at = 0; at < bytes.length; at += 997) {
        const some = reader.push(bytes.subarray(at, at + 997));
        if (some === undefined) return must(whole === undefined, 'cuts change nothing');
        parts.push(...some);
      }
      if (bytes.length > 0) must(whole !== undefined && parts.length === whole.length, 'cuts change nothing');
    },
  },
});
