import { concatBytes, type Kem } from '@yakmesh/crypto';
import {
  decodeOpen,
  encodeAnswerClear,
  encodeOpen,
  HandshakeType,
  HEADER_BYTES,
  messages,
  openBytes,
  PARAMS_BYTES,
  SESSION_BYTES,
  type Answer,
  type Confirm,
  type Open,
} from './messages.js';

// The three messages that open a session from a ticket of an earlier one: those of the handshake without keys and signatures.

export const TICKET_ID_BYTES = 16;
export const BINDER_BYTES = 32;
const FIN_BYTES = 32;
const TAG_BYTES = 16;
const NONCE_BYTES = 32;
const SEALED_BYTES = PARAMS_BYTES + FIN_BYTES + TAG_BYTES;
/** The only length of RECONFIRM: 136. */
export const RECONFIRM_BYTES = HEADER_BYTES + SESSION_BYTES + SEALED_BYTES;
const RECONFIRM_CLEAR_BYTES = RECONFIRM_BYTES - SEALED_BYTES;

/** REOPEN, 1,368 B under suite 0x0001: an OPEN, which ticket it spends, and the proof that its sender has it. */
export interface Reopen {
  readonly open: Open;
  readonly ticketId: Uint8Array;
  readonly binder: Uint8Array;
  /** All bytes before the binder, which it covers. */
  readonly bound: Uint8Array;
}

/** What the AEAD fields of REANSWER and RECONFIRM hold. */
export interface ShortProof {
  readonly params: Uint8Array;
  readonly fin: Uint8Array;
}

/** Bytes of REOPEN. */
export const reopenBytes = (kem: Kem): number => openBytes(kem) + TICKET_ID_BYTES + BINDER_BYTES;
const reanswerClearBytes = (kem: Kem): number =>
  HEADER_BYTES + 2 * SESSION_BYTES + NONCE_BYTES + kem.ciphertextBytes;
/** Bytes of REANSWER, 1,304 under suite 0x0001. */
export const reanswerBytes = (kem: Kem): number => reanswerClearBytes(kem) + SEALED_BYTES;

/** REOPEN up to its binder, which is made of these bytes and follows them. */
export function encodeReopenBound(kem: Kem, open: Open, ticketId: Uint8Array): Uint8Array {
  const body = encodeOpen(kem, open).subarray(HEADER_BYTES);
  return concatBytes(encodeHeader(HandshakeType.REOPEN, kem.suite, reopenBytes(kem)), body, ticketId);
}

/** Undefined for what is no REOPEN of this version. */
export function decodeReopen(bytes: Uint8Array): Reopen | undefined {
  const kem = messages.body(bytes, HandshakeType.REOPEN, reopenBytes)?.kem;
  if (kem === undefined) return undefined;
  const length = openBytes(kem);
  const first = concatBytes(
    encodeHeader(HandshakeType.OPEN, kem.suite, length),
    bytes.subarray(HEADER_BYTES, length),
  );
  const open = decodeOpen(first);
  const bound = bytes.subarray(0, length + TICKET_ID_BYTES);
  return open && { open, ticketId: bound.subarray(length), binder: bytes.subarray(bound.length), bound };
}

/** The clear part of REANSWER, through the end of the KEM ciphertext: additional data of its AEAD field. */
export function encodeReanswerClear(
  kem: Kem,
  fields: Omit<Answer, 'suite' | 'clear' | 'sealed'>,
): Uint8Array {
  const body = encodeAnswerClear(kem, fields).subarray(HEADER_BYTES);
  return concatBytes(encodeHeader(HandshakeType.REANSWER, kem.suite, reanswerBytes(kem)), body);
}

/** Undefined for what is no REANSWER of this version; its AEAD field is still sealed. */
export function decodeReanswer(bytes: Uint8Array): Answer | undefined {
  const found = messages.body(bytes, HandshakeType.REANSWER, reanswerBytes);
  if (found === undefined) return undefined;
  const { reader, kem } = found;
  return {
    suite: kem.suite,
    initiatorSession: reader.bytes(SESSION_BYTES),
    responderSession: reader.bytes(SESSION_BYTES),
    nonce: reader.bytes(NONCE_BYTES),
    ciphertext: reader.bytes(kem.ciphertextBytes),
    clear: bytes.subarray(0, reanswerClearBytes(kem)),
    sealed: reader.rest(),
  };
}

/** The clear part of RECONFIRM: additional data of its AEAD field. */
export function encodeReconfirmClear(suite: number, responderSession: Uint8Array): Uint8Array {
  return concatBytes(encodeHeader(HandshakeType.RECONFIRM, suite, RECONFIRM_BYTES), responderSession);
}

/** Undefined for what is no RECONFIRM of this version; its AEAD field is still sealed. */
export function decodeReconfirm(bytes: Uint8Array): Confirm | undefined {
  const found = messages.body(bytes, HandshakeType.RECONFIRM, () => RECONFIRM_BYTES);
  if (found === undefined) return undefined;
  const { reader, suite } = found;
  const responderSession = reader.bytes(SESSION_BYTES);
  const clear = bytes.subarray(0, RECONFIRM_CLEAR_BYTES);
  return { suite, responderSession, clear, sealed: reader.rest() };
}

/** The plaintext of an AEAD field: params 64 ‖ fin 32. */
export function encodeShortProof({ params, fin }: ShortProof): Uint8Array {
  return concatBytes(params, fin);
}

/** The plaintext of an AEAD field; undefined for any other length. */
export function decodeShortProof(plaintext: Uint8Array): ShortProof | undefined {
  if (plaintext.length !== PARAMS_BYTES + FIN_BYTES) return undefined;
  return { params: plaintext.subarray(0, PARAMS_BYTES), fin: plaintext.subarray(PARAMS_BYTES) };
}

function encodeHeader(type: HandshakeType, suite: number, length: number): Uint8Array {
  return messages.encodeHeader(type, suite, length, HEADER_BYTES).finish();
}
