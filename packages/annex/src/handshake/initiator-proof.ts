import { concatBytes, type SigmaSecrets } from '@yakmesh/crypto';
import type { HandshakeSelf, ProvenPeer } from './actions.js';
import { encodeConfirmClear, encodeProof, type Answer } from './messages.js';
import type { Ticket } from './resumption.js';
import { encodeReconfirmClear, encodeShortProof } from './resumption-messages.js';

/** What the other end's proof has shown, before ours goes out. */
export interface Concluded {
  readonly secrets: SigmaSecrets;
  readonly answer: Answer;
  /** The other end's, still encoded. */
  readonly params: Uint8Array;
  readonly peer: ProvenPeer;
  readonly transcript2: Uint8Array;
  readonly resumed: Ticket | undefined;
}

/** Our last message, and what its AEAD field holds. */
export interface OwnProof {
  readonly bytes: Uint8Array;
  readonly plaintext: Uint8Array;
}

/** CONFIRM: key, params and signature, bound to the keys by SIGMA's MAC. */
export function confirmOf(
  { secrets, answer, transcript2 }: Concluded,
  publicKey: Uint8Array,
  params: Uint8Array,
  signature: Uint8Array,
): OwnProof {
  const fin = secrets.initiator.fin(transcript2, publicKey, params, signature);
  const plaintext = encodeProof({ publicKey, params, signature, fin });
  return sealed(secrets, encodeConfirmClear(answer.suite, answer.responderSession), plaintext);
}

/** RECONFIRM: the same without key and signature, for which the ticket stands. */
export function reconfirmOf(
  { secrets, answer, transcript2 }: Concluded,
  { params }: HandshakeSelf,
): OwnProof {
  const plaintext = encodeShortProof({ params, fin: secrets.initiator.fin(transcript2, params) });
  return sealed(secrets, encodeReconfirmClear(answer.suite, answer.responderSession), plaintext);
}

function sealed(secrets: SigmaSecrets, clear: Uint8Array, plaintext: Uint8Array): OwnProof {
  return { bytes: concatBytes(clear, secrets.initiator.seal(plaintext, clear)), plaintext };
}
