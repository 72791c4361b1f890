import {
  aes256GcmOpen,
  aes256GcmSeal,
  concatBytes,
  hkdfExpandSha512,
  hkdfExtractSha512,
  hmacSha512,
  sha512,
  utf8ToBytes,
  wipe,
} from '@yakmesh/crypto';

const SECRET_BYTES = 64;
const KEY_BYTES = 32;
const IV_BYTES = 12;
const FIN_BYTES = 32;
const EMPTY = new Uint8Array(0);
const NO_PEER = new Uint8Array(32);

/** HKDF-Expand with the label of this protocol: u16 length ‖ u8 ‖ "link/1 " + label ‖ u8 ‖ context. */
export function expandLabel(
  secret: Uint8Array,
  label: string,
  context: Uint8Array,
  length: number,
): Uint8Array {
  const name = utf8ToBytes(`link/1 ${label}`);
  const info = concatBytes(
    Uint8Array.of(length >> 8, length & 0xff, name.length),
    name,
    Uint8Array.of(context.length),
    context,
  );
  return hkdfExpandSha512(secret, info, length);
}

/** What both ends hash first and never send: protocol, network, and 32 zeros where ANNEX names the peer. */
export const linkPrologue = (networkHash: Uint8Array): Uint8Array =>
  concatBytes(utf8ToBytes('LINK/1'), networkHash, NO_PEER);

/** One role's keys for the single AEAD field that it seals in the handshake. */
export class RoleKeys {
  readonly #key: Uint8Array;
  readonly #iv: Uint8Array;
  readonly #finKey: Uint8Array;

  constructor(roleSecret: Uint8Array) {
    this.#key = expandLabel(roleSecret, 'key', EMPTY, KEY_BYTES);
    this.#iv = expandLabel(roleSecret, 'iv', EMPTY, IV_BYTES);
    this.#finKey = expandLabel(roleSecret, 'fin', EMPTY, SECRET_BYTES);
  }

  seal(plaintext: Uint8Array, clear: Uint8Array): Uint8Array {
    return aes256GcmSeal(this.#key, this.#iv, plaintext, clear);
  }

  open(sealed: Uint8Array, clear: Uint8Array): Uint8Array | undefined {
    return aes256GcmOpen(this.#key, this.#iv, sealed, clear);
  }

  /** SIGMA's MAC: HMAC(fk, H(transcript ‖ pk ‖ params ‖ signature)), 32 B. */
  fin(transcript: Uint8Array, publicKey: Uint8Array, params: Uint8Array, signature: Uint8Array): Uint8Array {
    const digest = sha512(concatBytes(transcript, publicKey, params, signature));
    return hmacSha512(this.#finKey, digest).slice(0, FIN_BYTES);
  }

  destroy(): void {
    wipe(this.#key, this.#iv, this.#finKey);
  }
}

/** Secrets that a finished handshake leaves to the link. */
export interface LinkSecrets {
  /** root_0, 64 B: the KEM ratchet's first root. */
  readonly root: Uint8Array;
  /** th3, 64 B: the whole handshake's hash. */
  readonly transcript: Uint8Array;
  /** 64 B that upper layers may bind to or sign. */
  readonly exporter: Uint8Array;
}

/** The schedule of design "ES → HS → MS", from the shared secret to the link's root. */
export class HandshakeSecrets {
  readonly #handshakeSecret: Uint8Array;
  readonly initiator: RoleKeys;
  readonly responder: RoleKeys;
  readonly transcript1: Uint8Array;

  constructor(prologue: Uint8Array, hello: Uint8Array, welcomeClear: Uint8Array, sharedSecret: Uint8Array) {
    this.transcript1 = sha512(concatBytes(prologue, hello, welcomeClear));
    const early = hkdfExtractSha512(sha512(prologue), new Uint8Array(SECRET_BYTES));
    const derived = expandLabel(early, 'derived', EMPTY, SECRET_BYTES);
    this.#handshakeSecret = hkdfExtractSha512(derived, sharedSecret);
    this.initiator = this.#role('i hs');
    this.responder = this.#role('r hs');
    wipe(early, derived);
  }

  #role(label: string): RoleKeys {
    const secret = expandLabel(this.#handshakeSecret, label, this.transcript1, SECRET_BYTES);
    const keys = new RoleKeys(secret);
    wipe(secret);
    return keys;
  }

  /** th2 = H(th1 ‖ plaintext of WELCOME), th3 = H(th2 ‖ plaintext of CONFIRM). */
  finish(transcript2: Uint8Array, confirmPlaintext: Uint8Array): LinkSecrets {
    const transcript = sha512(concatBytes(transcript2, confirmPlaintext));
    const derived = expandLabel(this.#handshakeSecret, 'derived', EMPTY, SECRET_BYTES);
    const master = hkdfExtractSha512(derived, new Uint8Array(SECRET_BYTES));
    const secrets = {
      root: expandLabel(master, 'root', transcript, SECRET_BYTES),
      transcript,
      exporter: expandLabel(master, 'exp', transcript, SECRET_BYTES),
    };
    wipe(derived, master);
    this.destroy();
    return secrets;
  }

  destroy(): void {
    wipe(this.#handshakeSecret);
    this.initiator.destroy();
    this.responder.destroy();
  }
}
