import { concatBytes, utf8ToBytes, wipe } from './bytes.js';
import {
  aes256GcmOpen,
  aes256GcmSeal,
  hkdfExpandSha512,
  hkdfExtractSha512,
  hmacSha512,
  sha512,
} from './symmetric.js';

const SECRET_BYTES = 64;
const KEY_BYTES = 32;
const IV_BYTES = 12;
const FIN_BYTES = 32;
const EMPTY = new Uint8Array(0);

/**
 * HKDF-Expand under SHA-512 with a label: the info is u16 length ‖ u8 ‖ protocol ‖ " " ‖ label ‖ u8 ‖ context. The secret
 * has at least 64 bytes; protocol and label together, and the context, at most 255.
 */
export function expandLabel(
  protocol: string,
  secret: Uint8Array,
  label: string,
  context: Uint8Array,
  length: number,
): Uint8Array {
  const name = utf8ToBytes(`${protocol} ${label}`);
  const info = concatBytes(
    Uint8Array.of(length >> 8, length & 0xff, name.length),
    name,
    Uint8Array.of(context.length),
    context,
  );
  return hkdfExpandSha512(secret, info, length);
}

/** One role's keys for the single AEAD field that it seals in a handshake. */
export class SigmaRoleKeys {
  readonly #key: Uint8Array;
  readonly #iv: Uint8Array;
  readonly #finKey: Uint8Array;

  constructor(protocol: string, roleSecret: Uint8Array) {
    this.#key = expandLabel(protocol, roleSecret, 'key', EMPTY, KEY_BYTES);
    this.#iv = expandLabel(protocol, roleSecret, 'iv', EMPTY, IV_BYTES);
    this.#finKey = expandLabel(protocol, roleSecret, 'fin', EMPTY, SECRET_BYTES);
  }

  /** Seals the role's one field; `clear` is all that stands before it. */
  seal(plaintext: Uint8Array, clear: Uint8Array): Uint8Array {
    return aes256GcmSeal(this.#key, this.#iv, plaintext, clear);
  }

  /** Undefined for a bad tag. */
  open(sealed: Uint8Array, clear: Uint8Array): Uint8Array | undefined {
    return aes256GcmOpen(this.#key, this.#iv, sealed, clear);
  }

  /** SIGMA's MAC, 32 bytes: HMAC(fk, H(transcript ‖ the parts)), where the parts are key, params and signature. */
  fin(transcript: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
    return hmacSha512(this.#finKey, sha512(concatBytes(transcript, ...parts))).slice(0, FIN_BYTES);
  }

  /** Wipes the keys. Twice is fine. */
  destroy(): void {
    wipe(this.#key, this.#iv, this.#finKey);
  }
}

/** What the schedule starts from. */
export interface SigmaInputs {
  /** The prefix of every label, as 'link/1'. */
  readonly protocol: string;
  /** What both ends hash first and never send. */
  readonly prologue: Uint8Array;
  /** The whole first message. */
  readonly first: Uint8Array;
  /** The second message through the end of its ciphertext. */
  readonly secondClear: Uint8Array;
  /** What the KEM yielded. */
  readonly sharedSecret: Uint8Array;
  /** 64 bytes that both ends share already. @defaultValue zeros */
  readonly psk?: Uint8Array | undefined;
}

/**
 * The key schedule ES → HS → MS that links and channels share: keys of both roles from the first messages, then a master
 * secret over the whole transcript.
 */
export class SigmaSecrets {
  readonly initiator: SigmaRoleKeys;
  readonly responder: SigmaRoleKeys;
  /** th1 = H(prologue ‖ first ‖ secondClear). */
  readonly transcript1: Uint8Array;
  readonly #protocol: string;
  readonly #handshakeSecret: Uint8Array;

  constructor({ protocol, prologue, first, secondClear, sharedSecret, psk }: SigmaInputs) {
    this.#protocol = protocol;
    this.transcript1 = sha512(concatBytes(prologue, first, secondClear));
    const early = earlySecret(prologue, psk);
    const derived = expandLabel(protocol, early, 'derived', EMPTY, SECRET_BYTES);
    this.#handshakeSecret = hkdfExtractSha512(derived, sharedSecret);
    this.initiator = this.#role('i hs');
    this.responder = this.#role('r hs');
    wipe(early, derived);
  }

  /** th3 = H(th2 ‖ plaintext of the third message), and MS, which the caller wipes; all earlier secrets are wiped here. */
  finish(
    transcript2: Uint8Array,
    thirdPlaintext: Uint8Array,
  ): { readonly transcript: Uint8Array; readonly master: Uint8Array } {
    const transcript = sha512(concatBytes(transcript2, thirdPlaintext));
    const derived = expandLabel(this.#protocol, this.#handshakeSecret, 'derived', EMPTY, SECRET_BYTES);
    const master = hkdfExtractSha512(derived, new Uint8Array(SECRET_BYTES));
    wipe(derived);
    this.destroy();
    return { transcript, master };
  }

  /** Wipes every secret. Twice is fine. */
  destroy(): void {
    wipe(this.#handshakeSecret);
    this.initiator.destroy();
    this.responder.destroy();
  }

  #role(label: string): SigmaRoleKeys {
    const secret = expandLabel(this.#protocol, this.#handshakeSecret, label, this.transcript1, SECRET_BYTES);
    const keys = new SigmaRoleKeys(this.#protocol, secret);
    wipe(secret);
    return keys;
  }
}

/** ES = Extract(salt = H(prologue), psk or 64 zeros): all that holds before the KEM; the caller wipes it. */
export function earlySecret(
  prologue: Uint8Array,
  psk: Uint8Array = new Uint8Array(SECRET_BYTES),
): Uint8Array {
  return hkdfExtractSha512(sha512(prologue), psk);
}
