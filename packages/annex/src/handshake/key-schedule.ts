import {
  concatBytes,
  expandLabel as expandLabelOf,
  sha512,
  SigmaSecrets,
  utf8ToBytes,
  wipe,
} from '@yakmesh/crypto';

export const ANNEX_LABEL = 'annex/1';
export const SECRET_BYTES = 64;
const ID_BYTES = 16;

/** What the initiator signs with, FIPS 204's context. */
export const INITIATOR_CONTEXT = utf8ToBytes('annex/1 i');

/** XL of PROTOCOL.md: HKDF-Expand with a label of this protocol. */
export function expandLabel(
  secret: Uint8Array,
  label: string,
  context: Uint8Array,
  length: number,
): Uint8Array {
  return expandLabelOf(ANNEX_LABEL, secret, label, context, length);
}

/** What both ends hash first and never send: A binds whom it calls, B binds who it is. */
export const annexPrologue = (networkHash: Uint8Array, responderId: Uint8Array): Uint8Array =>
  concatBytes(utf8ToBytes('ANNEX/1'), networkHash, responderId);

/** What the responder's batch signs: "annex/1 r" ‖ 0x00 ‖ H(th1 ‖ pkB ‖ params). */
export function responderLeaf(
  transcript1: Uint8Array,
  publicKey: Uint8Array,
  params: Uint8Array,
): Uint8Array {
  return concatBytes(utf8ToBytes('annex/1 r\0'), sha512(concatBytes(transcript1, publicKey, params)));
}

/** What a finished handshake leaves to the session. */
export interface ChannelSecrets {
  /** root_0, 64 B: the KEM ratchet's first root. */
  readonly root: Uint8Array;
  /** th3, 64 B: the whole handshake's hash. */
  readonly transcript: Uint8Array;
  /** 64 B that upper layers may bind to or sign. */
  readonly exporter: Uint8Array;
  /** The session's name for people, 16 B: the same on both ends, and in no record. */
  readonly id: Uint8Array;
  /** Name, 16 B, and secret, 64 B, of the ticket that opens the next session. */
  readonly ticketId: Uint8Array;
  readonly psk: Uint8Array;
}

/** The schedule ES → HS → MS for one handshake; with the psk of a ticket for one that resumes. */
export function handshakeSecrets(
  networkHash: Uint8Array,
  responderId: Uint8Array,
  open: Uint8Array,
  answerClear: Uint8Array,
  sharedSecret: Uint8Array,
  psk?: Uint8Array,
): SigmaSecrets {
  const prologue = annexPrologue(networkHash, responderId);
  const inputs = { protocol: ANNEX_LABEL, prologue, first: open, secondClear: answerClear };
  return new SigmaSecrets({ ...inputs, sharedSecret, psk });
}

/** All that MS is for; MS itself is wiped. */
export function channelSecrets(
  secrets: SigmaSecrets,
  transcript2: Uint8Array,
  confirmPlaintext: Uint8Array,
): ChannelSecrets {
  const { transcript, master } = secrets.finish(transcript2, confirmPlaintext);
  const derive = (label: string, length: number): Uint8Array =>
    expandLabel(master, label, transcript, length);
  const derived = {
    root: derive('root', SECRET_BYTES),
    transcript,
    exporter: derive('exp', SECRET_BYTES),
    id: derive('id', ID_BYTES),
    ticketId: derive('rid', ID_BYTES),
    psk: derive('res', SECRET_BYTES),
  };
  wipe(master);
  return derived;
}
