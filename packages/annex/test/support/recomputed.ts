import { concatBytes, sha512, type SigmaSecrets } from '@yakmesh/crypto';
import { handshakeSecrets } from '../../src/handshake/key-schedule.js';
import { decodeAnswer, decodeConfirm } from '../../src/handshake/messages.js';
import { decodeReanswer, decodeReconfirm } from '../../src/handshake/resumption-messages.js';
import { NETWORK, type Party } from './parties.js';

/** What is on the wire of one handshake: OPEN or REOPEN, its answer, and CONFIRM or RECONFIRM where it was heard. */
export interface Heard {
  readonly open: Uint8Array;
  readonly answer: Uint8Array;
  readonly confirm?: Uint8Array | undefined;
}

export interface Recomputed {
  readonly secrets: SigmaSecrets;
  readonly transcript1: Uint8Array;
  readonly transcript2: Uint8Array;
  /** The clear part of each proof's message, and what its AEAD field holds. */
  readonly answerClear: Uint8Array;
  readonly answerProof: Uint8Array;
  readonly confirmClear: Uint8Array | undefined;
  readonly confirmProof: Uint8Array | undefined;
}

/** A handshake as whoever knows the KEM's secret, and the psk of the ticket, makes it of what was on the wire. */
export function recomputed(
  responder: Party,
  heard: Heard,
  sharedSecret: Uint8Array,
  psk?: Uint8Array,
): Recomputed | undefined {
  const answer = decodeAnswer(heard.answer) ?? decodeReanswer(heard.answer);
  if (answer === undefined) return undefined;
  const id = responder.self.nodeIdBytes;
  const secrets = handshakeSecrets(NETWORK, id, heard.open, answer.clear, sharedSecret, psk);
  const answerProof = secrets.responder.open(answer.sealed, answer.clear);
  if (answerProof === undefined) return undefined;
  const { transcript1 } = secrets;
  const confirm = heard.confirm && (decodeConfirm(heard.confirm) ?? decodeReconfirm(heard.confirm));
  return {
    secrets,
    transcript1,
    transcript2: sha512(concatBytes(transcript1, answerProof)),
    answerClear: answer.clear,
    answerProof,
    confirmClear: confirm?.clear,
    confirmProof: confirm && secrets.initiator.open(confirm.sealed, confirm.clear),
  };
}
