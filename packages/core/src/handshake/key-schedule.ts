import {
  concatBytes,
  expandLabel as expandLabelOf,
  SigmaSecrets,
  utf8ToBytes,
  wipe,
  type SigmaRoleKeys,
} from '@yakmesh/crypto';

const PROTOCOL = 'link/1';
const SECRET_BYTES = 64;
const NO_PEER = new Uint8Array(32);

/** HKDF-Expand with the label of this protocol: u16 length ‖ u8 ‖ "link/1 " + label ‖ u8 ‖ context. */
export function expandLabel(
  secret: Uint8Array,
  label: string,
  context: Uint8Array,
  length: number,
): Uint8Array {
  return expandLabelOf(PROTOCOL, secret, label, context, length);
}

/** What both ends hash first and never send: protocol, network, and 32 zeros where ANNEX names the peer. */
export const linkPrologue = (networkHash: Uint8Array): Uint8Array =>
  concatBytes(utf8ToBytes('LINK/1'), networkHash, NO_PEER);

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
  readonly #secrets: SigmaSecrets;

  constructor(prologue: Uint8Array, hello: Uint8Array, welcomeClear: Uint8Array, sharedSecret: Uint8Array) {
    const inputs = { protocol: PROTOCOL, prologue, first: hello, secondClear: welcomeClear, sharedSecret };
    this.#secrets = new SigmaSecrets(inputs);
  }

  get initiator(): SigmaRoleKeys {
    return this.#secrets.initiator;
  }

  get responder(): SigmaRoleKeys {
    return this.#secrets.responder;
  }

  get transcript1(): Uint8Array {
    return this.#secrets.transcript1;
  }

  /** th2 = H(th1 ‖ plaintext of WELCOME), th3 = H(th2 ‖ plaintext of CONFIRM). */
  finish(transcript2: Uint8Array, confirmPlaintext: Uint8Array): LinkSecrets {
    const { transcript, master } = this.#secrets.finish(transcript2, confirmPlaintext);
    const root = expandLabel(master, 'root', transcript, SECRET_BYTES);
    const exporter = expandLabel(master, 'exp', transcript, SECRET_BYTES);
    wipe(master);
    return { root, transcript, exporter };
  }

  destroy(): void {
    this.#secrets.destroy();
  }
}
