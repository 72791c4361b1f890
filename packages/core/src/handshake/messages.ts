import {
  decodeSigmaProof,
  encodeSigmaProof,
  SIGMA_HEADER_BYTES,
  SIGMA_PARAMS_BYTES,
  SIGMA_PUZZLE_BYTES,
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

// The messages of SIGMA under the link's names: magic "YL", layouts in PROTOCOL.md.

export const LINK_VERSION = 1;
export const HEADER_BYTES = SIGMA_HEADER_BYTES;
export const PARAMS_BYTES = SIGMA_PARAMS_BYTES;
export const PUZZLE_BYTES = SIGMA_PUZZLE_BYTES;
export const CONFIRM_BYTES = SIGMA_THIRD_BYTES;
export const helloBytes = sigmaFirstBytes;
export const welcomeBytes = sigmaSecondBytes;
const messages = new SigmaMessages(0x594c, LINK_VERSION);

/** The fourth byte of the header. */
export const HandshakeType = {
  HELLO: SigmaType.FIRST,
  CHALLENGE: SigmaType.CHALLENGE,
  WELCOME: SigmaType.SECOND,
  CONFIRM: SigmaType.THIRD,
  REFUSE: SigmaType.REFUSAL,
} as const;
export type HandshakeType = (typeof HandshakeType)[keyof typeof HandshakeType];

/** Why a handshake was refused in clear; everything else stays silent until the link is encrypted. */
export const RefuseCode = { VERSION: 1, NETWORK: 2, BUSY: 3, PUZZLE: 4, RATE: 5 } as const;
export type RefuseCode = (typeof RefuseCode)[keyof typeof RefuseCode];

/** First message, 1,320 B under suite 0x0001. */
export type Hello = SigmaFirst;
/** Demands a puzzle's solution before any KEM work, 60 B. */
export type Challenge = SigmaChallenge;
/** Answer to HELLO, 7,001 B under suite 0x0001: clear part, then an AEAD field. */
export type Welcome = SigmaSecond;
/** The initiator's proof, 5,397 B. */
export type Confirm = SigmaThird;
export type Refuse = SigmaRefusal;
/** What the AEAD fields of WELCOME (with a batch slot) and CONFIRM (with a bare signature) hold. */
export type Proof = SigmaProof;
/** The header of any handshake message; undefined where the bytes are no YAKMESH link handshake at all. */
export type HandshakeHeader = SigmaHeader;

/** Reads a header and checks the magic and that the length field is the message's own. */
export function decodeHeader(bytes: Uint8Array): HandshakeHeader | undefined {
  return messages.decodeHeader(bytes);
}

export function encodeHello(kem: Kem, hello: Hello): Uint8Array {
  return messages.encodeFirst(kem, hello);
}

export function decodeHello(bytes: Uint8Array): Hello | undefined {
  return messages.decodeFirst(bytes);
}

export function encodeChallenge(challenge: Challenge): Uint8Array {
  return messages.encodeChallenge(challenge);
}

export function decodeChallenge(bytes: Uint8Array): Challenge | undefined {
  return messages.decodeChallenge(bytes);
}

/** The clear part of WELCOME, through the end of the KEM ciphertext: additional data of its AEAD field. */
export function encodeWelcomeClear(
  kem: Kem,
  fields: Omit<Welcome, 'suite' | 'clear' | 'sealed'>,
): Uint8Array {
  return messages.encodeSecondClear(kem, fields);
}

export function decodeWelcome(bytes: Uint8Array): Welcome | undefined {
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

/** REFUSE is readable whatever its suite says: it is how a peer of another version answers. */
export function decodeRefuse(bytes: Uint8Array): Refuse | undefined {
  const refusal = messages.decodeRefusal(bytes);
  return refusal && { suite: refusal.suite, session: refusal.session, code: refusal.code };
}

export function encodeProof(proof: Proof): Uint8Array {
  return encodeSigmaProof(proof);
}

/** The plaintext of an AEAD field; undefined for any other length. */
export function decodeProof(plaintext: Uint8Array, signatureBytes: number): Proof | undefined {
  return decodeSigmaProof(plaintext, signatureBytes);
}
