import {
  ByteReader,
  ByteWriter,
  kemOfSuite,
  ML_DSA_65_PUBLIC_KEY_BYTES,
  SLOT_BYTES,
  type Kem,
} from '@yakmesh/crypto';

/** Bytes before every clear part: magic "AX", version, type, suite u16, length u16 of the message without padding. */
export const HEADER_BYTES = 8;
export const ANNEX_VERSION = 1;
export const SESSION_BYTES = 16;
export const PARAMS_BYTES = 64;
export const PUZZLE_BYTES = 40;
export const NETWORK_PREFIX_BYTES = 8;
const MAGIC = 0x4158;
const NONCE_BYTES = 32;
const FIN_BYTES = 32;
const TAG_BYTES = 16;
const SEED_BYTES = 32;
const CHALLENGE_BYTES = 60;
const REFUSE_BYTES = 28;
/** What a flow carries is padded to one of these, so that CONFIRM looks like a record. */
const PADDED_BYTES = [2_048, 8_192] as const;

/** The fourth byte of the header. */
export const HandshakeType = { OPEN: 1, CHALLENGE: 2, ANSWER: 3, CONFIRM: 4, REFUSE: 5 } as const;
export type HandshakeType = (typeof HandshakeType)[keyof typeof HandshakeType];

/** All that is said in clear; everything else stays silent until the session is proven. */
export const RefuseCode = { VERSION: 1, BUSY: 3, PUZZLE: 4 } as const;

/** First message, 1,320 B under suite 0x0001. */
export interface Open {
  readonly suite: number;
  readonly networkPrefix: Uint8Array;
  readonly session: Uint8Array;
  readonly nonce: Uint8Array;
  readonly encapsulationKey: Uint8Array;
  readonly puzzle: Uint8Array;
}

/** Demands a puzzle's solution before any KEM work, 60 B. */
export interface Challenge {
  readonly suite: number;
  readonly session: Uint8Array;
  readonly seed: Uint8Array;
  readonly bits: number;
  readonly count: number;
  readonly expirySeconds: number;
}

/** Answer to OPEN, 7,001 B under suite 0x0001: clear part, then an AEAD field. */
export interface Answer {
  readonly suite: number;
  readonly initiatorSession: Uint8Array;
  readonly responderSession: Uint8Array;
  readonly nonce: Uint8Array;
  readonly ciphertext: Uint8Array;
  /** All bytes before the AEAD field: its additional data. */
  readonly clear: Uint8Array;
  readonly sealed: Uint8Array;
}

/** The initiator's proof, 5,397 B. */
export interface Confirm {
  readonly suite: number;
  readonly responderSession: Uint8Array;
  readonly clear: Uint8Array;
  readonly sealed: Uint8Array;
}

export interface Refuse {
  readonly suite: number;
  readonly session: Uint8Array;
  readonly code: number;
}

/** What the AEAD fields of ANSWER and CONFIRM hold, in this order. */
export interface Proof {
  readonly publicKey: Uint8Array;
  readonly params: Uint8Array;
  /** ANSWER: the 3,745 B batch slot. CONFIRM: a bare signature of 3,309 B. */
  readonly signature: Uint8Array;
  readonly fin: Uint8Array;
}

export const openBytes = (kem: Kem): number =>
  HEADER_BYTES + NETWORK_PREFIX_BYTES + SESSION_BYTES + NONCE_BYTES + kem.publicKeyBytes + PUZZLE_BYTES;
const answerClearBytes = (kem: Kem): number =>
  HEADER_BYTES + 2 * SESSION_BYTES + NONCE_BYTES + kem.ciphertextBytes;
const sealedProofBytes = (signatureBytes: number): number =>
  ML_DSA_65_PUBLIC_KEY_BYTES + PARAMS_BYTES + signatureBytes + FIN_BYTES + TAG_BYTES;
export const answerBytes = (kem: Kem): number => answerClearBytes(kem) + sealedProofBytes(SLOT_BYTES);
const CONFIRM_CLEAR_BYTES = HEADER_BYTES + SESSION_BYTES;
export const CONFIRM_BYTES = 5_397;

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

function header(type: HandshakeType, suite: number, length: number): ByteWriter {
  return new ByteWriter(length).u16(MAGIC).u8(ANNEX_VERSION).u8(type).u16(suite).u16(length);
}

/** The header of any handshake message. */
export interface HandshakeHeader {
  readonly version: number;
  readonly type: number;
  readonly suite: number;
}

/** Reads a header and checks the magic and that the length field is the message's own. */
export function decodeHeader(bytes: Uint8Array): HandshakeHeader | undefined {
  const reader = new ByteReader(bytes);
  const magic = reader.u16();
  const version = reader.u8();
  const type = reader.u8();
  const suite = reader.u16();
  const length = reader.u16();
  if (reader.failed || magic !== MAGIC || length !== bytes.length) return undefined;
  return { version, type, suite };
}

function body(bytes: Uint8Array, type: HandshakeType, length: (kem: Kem) => number) {
  const head = decodeHeader(bytes);
  const kem = head === undefined ? undefined : kemOfSuite(head.suite);
  if (head === undefined || kem === undefined) return undefined;
  if (head.version !== ANNEX_VERSION || head.type !== type || bytes.length !== length(kem)) return undefined;
  const reader = new ByteReader(bytes);
  reader.skip(HEADER_BYTES);
  return { reader, kem, suite: head.suite };
}

export function encodeOpen(kem: Kem, open: Open): Uint8Array {
  return header(HandshakeType.OPEN, kem.suite, openBytes(kem))
    .bytes(open.networkPrefix)
    .bytes(open.session)
    .bytes(open.nonce)
    .bytes(open.encapsulationKey)
    .bytes(open.puzzle)
    .finish();
}

export function decodeOpen(bytes: Uint8Array): Open | undefined {
  const found = body(bytes, HandshakeType.OPEN, openBytes);
  if (found === undefined) return undefined;
  const { reader, kem, suite } = found;
  return {
    suite,
    networkPrefix: reader.bytes(NETWORK_PREFIX_BYTES),
    session: reader.bytes(SESSION_BYTES),
    nonce: reader.bytes(NONCE_BYTES),
    encapsulationKey: reader.bytes(kem.publicKeyBytes),
    puzzle: reader.bytes(PUZZLE_BYTES),
  };
}

export function encodeChallenge(challenge: Challenge): Uint8Array {
  return header(HandshakeType.CHALLENGE, challenge.suite, CHALLENGE_BYTES)
    .bytes(challenge.session)
    .bytes(challenge.seed)
    .u8(challenge.bits)
    .u8(challenge.count)
    .u16(challenge.expirySeconds)
    .finish();
}

export function decodeChallenge(bytes: Uint8Array): Challenge | undefined {
  const found = body(bytes, HandshakeType.CHALLENGE, () => CHALLENGE_BYTES);
  if (found === undefined) return undefined;
  const { reader, suite } = found;
  return {
    suite,
    session: reader.bytes(SESSION_BYTES),
    seed: reader.bytes(SEED_BYTES),
    bits: reader.u8(),
    count: reader.u8(),
    expirySeconds: reader.u16(),
  };
}

/** The clear part of ANSWER, through the end of the KEM ciphertext: additional data of its AEAD field. */
export function encodeAnswerClear(
  kem: Kem,
  fields: Pick<Answer, 'initiatorSession' | 'responderSession' | 'nonce' | 'ciphertext'>,
): Uint8Array {
  const writer = new ByteWriter(answerClearBytes(kem));
  writer.u16(MAGIC).u8(ANNEX_VERSION).u8(HandshakeType.ANSWER).u16(kem.suite).u16(answerBytes(kem));
  return writer
    .bytes(fields.initiatorSession)
    .bytes(fields.responderSession)
    .bytes(fields.nonce)
    .bytes(fields.ciphertext)
    .finish();
}

export function decodeAnswer(bytes: Uint8Array): Answer | undefined {
  const found = body(bytes, HandshakeType.ANSWER, answerBytes);
  if (found === undefined) return undefined;
  const { reader, kem, suite } = found;
  return {
    suite,
    initiatorSession: reader.bytes(SESSION_BYTES),
    responderSession: reader.bytes(SESSION_BYTES),
    nonce: reader.bytes(NONCE_BYTES),
    ciphertext: reader.bytes(kem.ciphertextBytes),
    clear: bytes.subarray(0, answerClearBytes(kem)),
    sealed: reader.rest(),
  };
}

export function encodeConfirmClear(suite: number, responderSession: Uint8Array): Uint8Array {
  const writer = new ByteWriter(CONFIRM_CLEAR_BYTES);
  writer.u16(MAGIC).u8(ANNEX_VERSION).u8(HandshakeType.CONFIRM).u16(suite).u16(CONFIRM_BYTES);
  return writer.bytes(responderSession).finish();
}

export function decodeConfirm(bytes: Uint8Array): Confirm | undefined {
  const found = body(bytes, HandshakeType.CONFIRM, () => CONFIRM_BYTES);
  if (found === undefined) return undefined;
  const { reader, suite } = found;
  const responderSession = reader.bytes(SESSION_BYTES);
  return { suite, responderSession, clear: bytes.subarray(0, CONFIRM_CLEAR_BYTES), sealed: reader.rest() };
}

export function encodeRefuse(refuse: Refuse): Uint8Array {
  return header(HandshakeType.REFUSE, refuse.suite, REFUSE_BYTES)
    .bytes(refuse.session)
    .u16(refuse.code)
    .u16(0)
    .finish();
}

/** REFUSE is readable whatever its version and suite say: it is how a peer of another version answers. */
export function decodeRefuse(bytes: Uint8Array): Refuse | undefined {
  const head = decodeHeader(bytes);
  if (head === undefined || head.type !== HandshakeType.REFUSE || bytes.length !== REFUSE_BYTES)
    return undefined;
  const reader = new ByteReader(bytes);
  reader.skip(HEADER_BYTES);
  const session = reader.bytes(SESSION_BYTES);
  const code = reader.u16();
  return reader.u16() === 0 ? { suite: head.suite, session, code } : undefined;
}

export function encodeProof(proof: Proof): Uint8Array {
  const length = proof.publicKey.length + proof.params.length + proof.signature.length + proof.fin.length;
  return new ByteWriter(length)
    .bytes(proof.publicKey)
    .bytes(proof.params)
    .bytes(proof.signature)
    .bytes(proof.fin)
    .finish();
}

/** The plaintext of an AEAD field; undefined for any other length. */
export function decodeProof(plaintext: Uint8Array, signatureBytes: number): Proof | undefined {
  if (plaintext.length !== ML_DSA_65_PUBLIC_KEY_BYTES + PARAMS_BYTES + signatureBytes + FIN_BYTES)
    return undefined;
  const reader = new ByteReader(plaintext);
  return {
    publicKey: reader.bytes(ML_DSA_65_PUBLIC_KEY_BYTES),
    params: reader.bytes(PARAMS_BYTES),
    signature: reader.bytes(signatureBytes),
    fin: reader.bytes(FIN_BYTES),
  };
}
