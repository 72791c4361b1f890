import { SLOT_BYTES } from './batch-slot.js';
import { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';
import { kemOfSuite, type Kem } from './kem.js';
import { ML_DSA_65_PUBLIC_KEY_BYTES, ML_DSA_65_SIGNATURE_BYTES } from './provider.js';

/** Bytes before every clear part: magic u16, version, type, suite u16, length u16 of the whole message. */
export const SIGMA_HEADER_BYTES = 8;
/** What each side states of itself under its signature. */
export const SIGMA_PARAMS_BYTES = 64;
/** The solution of a puzzle, zeros where none was asked. */
export const SIGMA_PUZZLE_BYTES = 40;
/** An end's name for the session. */
export const SIGMA_SESSION_BYTES = 16;
/** How much of a network's hash the first message shows. */
export const SIGMA_NETWORK_PREFIX_BYTES = 8;
const NONCE_BYTES = 32;
const SEED_BYTES = 32;
const FIN_BYTES = 32;
const TAG_BYTES = 16;
const CHALLENGE_BYTES = 60;
const REFUSAL_BYTES = 28;
const THIRD_CLEAR_BYTES = SIGMA_HEADER_BYTES + SIGMA_SESSION_BYTES;

/** The fourth byte of the header. */
export const SigmaType = { FIRST: 1, CHALLENGE: 2, SECOND: 3, THIRD: 4, REFUSAL: 5 } as const;

/** The header of any message. */
export interface SigmaHeader {
  readonly version: number;
  readonly type: number;
  readonly suite: number;
}

/** The initiator's first message, 1,320 B under suite 0x0001. */
export interface SigmaFirst {
  readonly suite: number;
  readonly networkPrefix: Uint8Array;
  readonly session: Uint8Array;
  readonly nonce: Uint8Array;
  readonly encapsulationKey: Uint8Array;
  readonly puzzle: Uint8Array;
}

/** Demands a puzzle's solution before any KEM work, 60 B. */
export interface SigmaChallenge {
  readonly suite: number;
  readonly session: Uint8Array;
  readonly seed: Uint8Array;
  readonly bits: number;
  readonly count: number;
  readonly expirySeconds: number;
}

/** The responder's answer, 7,001 B under suite 0x0001: clear part, then an AEAD field. */
export interface SigmaSecond {
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
export interface SigmaThird {
  readonly suite: number;
  readonly responderSession: Uint8Array;
  readonly clear: Uint8Array;
  readonly sealed: Uint8Array;
}

/** The only refusal in clear, 28 B. */
export interface SigmaRefusal {
  readonly suite: number;
  readonly session: Uint8Array;
  readonly code: number;
}

/** What the AEAD fields of the second and third message hold, in this order. */
export interface SigmaProof {
  readonly publicKey: Uint8Array;
  readonly params: Uint8Array;
  /** The responder's: a 3,745 B batch slot. The initiator's: a bare signature of 3,309 B. */
  readonly signature: Uint8Array;
  readonly fin: Uint8Array;
}

const sealedProofBytes = (signatureBytes: number): number =>
  ML_DSA_65_PUBLIC_KEY_BYTES + SIGMA_PARAMS_BYTES + signatureBytes + FIN_BYTES + TAG_BYTES;
const secondClearBytes = (kem: Kem): number =>
  SIGMA_HEADER_BYTES + 2 * SIGMA_SESSION_BYTES + NONCE_BYTES + kem.ciphertextBytes;

/** Bytes of the first message. */
export const sigmaFirstBytes = (kem: Kem): number =>
  SIGMA_HEADER_BYTES +
  SIGMA_NETWORK_PREFIX_BYTES +
  SIGMA_SESSION_BYTES +
  NONCE_BYTES +
  kem.publicKeyBytes +
  SIGMA_PUZZLE_BYTES;
/** Bytes of the second message. */
export const sigmaSecondBytes = (kem: Kem): number => secondClearBytes(kem) + sealedProofBytes(SLOT_BYTES);
/** Bytes of the third message. */
export const SIGMA_THIRD_BYTES = THIRD_CLEAR_BYTES + sealedProofBytes(ML_DSA_65_SIGNATURE_BYTES);

/** A message behind its header. */
export interface SigmaBody {
  readonly reader: ByteReader;
  readonly kem: Kem;
  readonly suite: number;
}

/**
 * The coders of one SIGMA handshake's messages: links and channels differ in magic and version alone. What a decoder takes
 * has exactly the length of its type and suite; undefined for all else.
 */
export class SigmaMessages {
  readonly #magic: number;
  readonly #version: number;

  constructor(magic: number, version: number) {
    this.#magic = magic;
    this.#version = version;
  }

  /** Reads a header and checks the magic and that the length field is the message's own. */
  decodeHeader(bytes: Uint8Array): SigmaHeader | undefined {
    const reader = new ByteReader(bytes);
    const magic = reader.u16();
    const version = reader.u8();
    const type = reader.u8();
    const suite = reader.u16();
    const length = reader.u16();
    if (reader.failed || magic !== this.#magic || length !== bytes.length) return undefined;
    return { version, type, suite };
  }

  /** The whole first message: it is all in clear. */
  encodeFirst(kem: Kem, first: SigmaFirst): Uint8Array {
    return this.encodeHeader(SigmaType.FIRST, kem.suite, sigmaFirstBytes(kem))
      .bytes(first.networkPrefix)
      .bytes(first.session)
      .bytes(first.nonce)
      .bytes(first.encapsulationKey)
      .bytes(first.puzzle)
      .finish();
  }

  /** The first message of this version; undefined for any other bytes. */
  decodeFirst(bytes: Uint8Array): SigmaFirst | undefined {
    const found = this.body(bytes, SigmaType.FIRST, sigmaFirstBytes);
    if (found === undefined) return undefined;
    const { reader, kem, suite } = found;
    return {
      suite,
      networkPrefix: reader.bytes(SIGMA_NETWORK_PREFIX_BYTES),
      session: reader.bytes(SIGMA_SESSION_BYTES),
      nonce: reader.bytes(NONCE_BYTES),
      encapsulationKey: reader.bytes(kem.publicKeyBytes),
      puzzle: reader.bytes(SIGMA_PUZZLE_BYTES),
    };
  }

  /** A responder's demand for a puzzle's solution, in clear. */
  encodeChallenge(challenge: SigmaChallenge): Uint8Array {
    return this.encodeHeader(SigmaType.CHALLENGE, challenge.suite, CHALLENGE_BYTES)
      .bytes(challenge.session)
      .bytes(challenge.seed)
      .u8(challenge.bits)
      .u8(challenge.count)
      .u16(challenge.expirySeconds)
      .finish();
  }

  /** A demand of this version; undefined for any other bytes. */
  decodeChallenge(bytes: Uint8Array): SigmaChallenge | undefined {
    const found = this.body(bytes, SigmaType.CHALLENGE, () => CHALLENGE_BYTES);
    if (found === undefined) return undefined;
    const { reader, suite } = found;
    return {
      suite,
      session: reader.bytes(SIGMA_SESSION_BYTES),
      seed: reader.bytes(SEED_BYTES),
      bits: reader.u8(),
      count: reader.u8(),
      expirySeconds: reader.u16(),
    };
  }

  /** The clear part of the second message, through the end of the KEM ciphertext: additional data of its AEAD field. */
  encodeSecondClear(kem: Kem, fields: Omit<SigmaSecond, 'suite' | 'clear' | 'sealed'>): Uint8Array {
    return this.encodeHeader(SigmaType.SECOND, kem.suite, sigmaSecondBytes(kem), secondClearBytes(kem))
      .bytes(fields.initiatorSession)
      .bytes(fields.responderSession)
      .bytes(fields.nonce)
      .bytes(fields.ciphertext)
      .finish();
  }

  /** The second message of this version, its AEAD field still sealed; undefined for any other bytes. */
  decodeSecond(bytes: Uint8Array): SigmaSecond | undefined {
    const found = this.body(bytes, SigmaType.SECOND, sigmaSecondBytes);
    if (found === undefined) return undefined;
    const { reader, kem, suite } = found;
    return {
      suite,
      initiatorSession: reader.bytes(SIGMA_SESSION_BYTES),
      responderSession: reader.bytes(SIGMA_SESSION_BYTES),
      nonce: reader.bytes(NONCE_BYTES),
      ciphertext: reader.bytes(kem.ciphertextBytes),
      clear: bytes.subarray(0, secondClearBytes(kem)),
      sealed: reader.rest(),
    };
  }

  /** The clear part of the third message: additional data of its AEAD field. */
  encodeThirdClear(suite: number, responderSession: Uint8Array): Uint8Array {
    return this.encodeHeader(SigmaType.THIRD, suite, SIGMA_THIRD_BYTES, THIRD_CLEAR_BYTES)
      .bytes(responderSession)
      .finish();
  }

  /** The third message of this version, its AEAD field still sealed; undefined for any other bytes. */
  decodeThird(bytes: Uint8Array): SigmaThird | undefined {
    const found = this.body(bytes, SigmaType.THIRD, () => SIGMA_THIRD_BYTES);
    if (found === undefined) return undefined;
    const { reader, suite } = found;
    const responderSession = reader.bytes(SIGMA_SESSION_BYTES);
    return { suite, responderSession, clear: bytes.subarray(0, THIRD_CLEAR_BYTES), sealed: reader.rest() };
  }

  /** A refusal with its code, in clear. */
  encodeRefusal(refusal: SigmaRefusal): Uint8Array {
    return this.encodeHeader(SigmaType.REFUSAL, refusal.suite, REFUSAL_BYTES)
      .bytes(refusal.session)
      .u16(refusal.code)
      .u16(0)
      .finish();
  }

  /** Readable whatever its version and suite say: it is how a peer of another version answers. The last two bytes are reserved. */
  decodeRefusal(bytes: Uint8Array): (SigmaRefusal & { readonly reserved: number }) | undefined {
    const head = this.decodeHeader(bytes);
    if (head === undefined || head.type !== SigmaType.REFUSAL || bytes.length !== REFUSAL_BYTES)
      return undefined;
    const reader = new ByteReader(bytes);
    reader.skip(SIGMA_HEADER_BYTES);
    const session = reader.bytes(SIGMA_SESSION_BYTES);
    return { suite: head.suite, session, code: reader.u16(), reserved: reader.u16() };
  }

  /** Begins a message, also one of a type that only its protocol has: a header that announces `length` bytes, of which `written` are written here. */
  encodeHeader(type: number, suite: number, length: number, written = length): ByteWriter {
    return new ByteWriter(written).u16(this.#magic).u8(this.#version).u8(type).u16(suite).u16(length);
  }

  /** What follows the header of a message of this version and type, whose length is what its suite asks for; undefined for any other bytes. */
  body(bytes: Uint8Array, type: number, length: (kem: Kem) => number): SigmaBody | undefined {
    const head = this.decodeHeader(bytes);
    const kem = head === undefined ? undefined : kemOfSuite(head.suite);
    if (head === undefined || kem === undefined) return undefined;
    if (head.version !== this.#version || head.type !== type || bytes.length !== length(kem))
      return undefined;
    const reader = new ByteReader(bytes);
    reader.skip(SIGMA_HEADER_BYTES);
    return { reader, kem, suite: head.suite };
  }
}

/** The plaintext of an AEAD field. */
export function encodeSigmaProof(proof: SigmaProof): Uint8Array {
  const length = proof.publicKey.length + proof.params.length + proof.signature.length + proof.fin.length;
  return new ByteWriter(length)
    .bytes(proof.publicKey)
    .bytes(proof.params)
    .bytes(proof.signature)
    .bytes(proof.fin)
    .finish();
}

/** The plaintext of an AEAD field; undefined for any other length. */
export function decodeSigmaProof(plaintext: Uint8Array, signatureBytes: number): SigmaProof | undefined {
  if (plaintext.length !== sealedProofBytes(signatureBytes) - TAG_BYTES) return undefined;
  const reader = new ByteReader(plaintext);
  return {
    publicKey: reader.bytes(ML_DSA_65_PUBLIC_KEY_BYTES),
    params: reader.bytes(SIGMA_PARAMS_BYTES),
    signature: reader.bytes(signatureBytes),
    fin: reader.bytes(FIN_BYTES),
  };
}
