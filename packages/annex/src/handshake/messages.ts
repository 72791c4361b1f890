import {
  ByteReader,
  decodeSigmaProof,
  encodeSigmaProof,
  SIGMA_HEADER_BYTES,
  SIGMA_NETWORK_PREFIX_BYTES,
  SIGMA_PARAMS_BYTES,
  SIGMA_PUZZLE_BYTES,
  SIGMA_SESSION_BYTES,
  SIGMA_THIRD_BYTES,
  sigmaFirstBytes,
  SigmaMessages,
  sigmaSecondBytes,
  SigmaType,
  type Kem,
  type SigmaChallenge,
  type SigmaFirst,
  type SigmaHeader,
  type SigmaProof,
  type SigmaRefusal,
  type SigmaSecond,
  type SigmaThird,
} from '@yakmesh/crypto';

// The messages of SIGMA under the channel's names: magic "AX", layouts in PROTOCOL.md; and their padding for flows.

export const ANNEX_VERSION = 1;
export const HEADER_BYTES = SIGMA_HEADER_BYTES;
export const NETWORK_PREFIX_BYTES = SIGMA_NETWORK_PREFIX_BYTES;
export const PARAMS_BYTES = SIGMA_PARAMS_BYTES;
export const SESSION_BYTES = SIGMA_SESSION_BYTES;
export const PUZZLE_BYTES = SIGMA_PUZZLE_BYTES;
export const CONFIRM_BYTES = SIGMA_THIRD_BYTES;
export const openBytes = sigmaFirstBytes;
export const answerBytes = sigmaSecondBytes;
const MAGIC = 0x4158;
/** The coders of this protocol's handshake. */
export const messages = new SigmaMessages(MAGIC, ANNEX_VERSION);
/** What a flow carries is padded to one of these, so that CONFIRM looks like a record. */
const PADDED_BYTES = [2_048, 8_192] as const;

/** The fourth byte of the header. */
export const HandshakeType = {
  OPEN: SigmaType.FIRST,
  CHALLENGE: SigmaType.CHALLENGE,
  ANSWER: SigmaType.SECOND,
  CONFIRM: SigmaType.THIRD,
  REFUSE: SigmaType.REFUSAL,
  REOPEN: 6,
  REANSWER: 7,
  RECONFIRM: 8,
} as const;
export type HandshakeType = (typeof HandshakeType)[keyof typeof HandshakeType];

/** All that is said in clear; everything else stays silent until the session is proven. */
export const RefuseCode = { VERSION: 1, BUSY: 3, PUZZLE: 4 } as const;

/** First message, 1,320 B under suite 0x0001. */
export type Open = SigmaFirst;
/** Demands a puzzle's solution before any KEM work, 60 B. */
export type Challenge = SigmaChallenge;
/** Answer to OPEN, 7,001 B under suite 0x0001: clear part, then an AEAD field. */
export type Answer = SigmaSecond;
/** The initiator's proof, 5,397 B. */
export type Confirm = SigmaThird;
export type Refuse = SigmaRefusal;
/** What the AEAD fields of ANSWER (with a batch slot) and CONFIRM (with a bare signature) hold. */
export type Proof = SigmaProof;
/** The header of any handshake message. */
export type HandshakeHeader = SigmaHeader;

/** The padded form that a flow carries. */
export function padHandshake(message: Uint8Array): Uint8Array {
  const padded = new Uint8Array(paddedBytes(message.length));
  padded.set(message);
  return padded;
}

/** The message inside a padded form; undefined for another length, or padding that is not zero. */
export function decodePadded(wire: Uint8Array): Uint8Array | undefined {
  const reader = new ByteReader(wire);
  reader.skip(HEADER_BYTES - 2);
  const length = reader.u16();
  if (reader.failed || length < HEADER_BYTES || length > wire.length) return undefined;
  if (paddedBytes(length) !== wire.length) return undefined;
  return wire.subarray(length).every((byte) => byte === 0) ? wire.subarray(0, length) : undefined;
}

/** Whether the bytes of a flow are a handshake message: records begin with another byte. */
export const isHandshake = (wire: Uint8Array): boolean => wire[0] === MAGIC >> 8;

function paddedBytes(length: number): number {
  return PADDED_BYTES.find((bytes) => length <= bytes) ?? length;
}

/** Reads a header and checks the magic and that the length field is the message's own. */
export function decodeHeader(bytes: Uint8Array): HandshakeHeader | undefined {
  return messages.decodeHeader(bytes);
}

export function encodeOpen(kem: Kem, open: Open): Uint8Array {
  return messages.encodeFirst(kem, open);
}

export function decodeOpen(bytes: Uint8Array): Open | undefined {
  return messages.decodeFirst(bytes);
}

export function encodeChallenge(challenge: Challenge): Uint8Array {
  return messages.encodeChallenge(challenge);
}

export function decodeChallenge(bytes: Uint8Array): Challenge | undefined {
  return messages.decodeChallenge(bytes);
}

/** The clear part of ANSWER, through the end of the KEM ciphertext: additional data of its AEAD field. */
export function encodeAnswerClear(kem: Kem, fields: Omit<Answer, 'suite' | 'clear' | 'sealed'>): Uint8Array {
  return messages.encodeSecondClear(kem, fields);
}

export function decodeAnswer(bytes: Uint8Array): Answer | undefined {
  return messages.decodeSecond(bytes);
}

export function encodeConfirmClear(suite: number, responderSession: Uint8Array): Uint8Array {
  return messages.encodeThirdClear(suite, responderSession);
}

export function decodeConfirm(bytes: Uint8Array): Confirm | undefined {
  return messages.decodeThird(bytes);
}

export function encodeRefuse(refuse: Refuse): Uint8Array {
  return messages.encodeRefusal(refuse);
}

/** REFUSE is readable whatever its version and suite say: it is how a peer of another version answers. */
export function decodeRefuse(bytes: Uint8Array): Refuse | undefined {
  const refusal = messages.decodeRefusal(bytes);
  if (refusal?.reserved !== 0) return undefined;
  return { suite: refusal.suite, session: refusal.session, code: refusal.code };
}

export function encodeProof(proof: Proof): Uint8Array {
  return encodeSigmaProof(proof);
}

/** The plaintext of an AEAD field; undefined for any other length. */
export function decodeProof(plaintext: Uint8Array, signatureBytes: number): Proof | undefined {
  return decodeSigmaProof(plaintext, signatureBytes);
}
