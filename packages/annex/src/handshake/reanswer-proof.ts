import { concatBytes, equalBytes, sha512, wipe } from '@yakmesh/crypto';
import type { HandshakeErrorCode } from '../errors.js';
import type { Expected } from './answer-proof.js';
import type { Concluded } from './initiator-proof.js';
import { handshakeSecrets } from './key-schedule.js';
import type { Answer } from './messages.js';
import type { Ticket } from './resumption.js';
import { decodeShortProof } from './resumption-messages.js';

export type ReanswerVerdict =
  | { readonly type: 'concluded'; readonly concluded: Concluded }
  /** The tag does not fit: anybody may have made it up. */
  | { readonly type: 'wrong' }
  | { readonly type: 'fail'; readonly code: HandshakeErrorCode };

/** Only who has the ticket makes such a tag: the peer that proved itself in the session before. Shared secret, and behind a good tag the psk, are erased. */
export function openReanswer(
  { networkHash, open, peer }: Expected,
  answer: Answer,
  sharedSecret: Uint8Array,
  ticket: Ticket,
): ReanswerVerdict {
  const { nodeIdBytes } = peer;
  const secrets = handshakeSecrets(networkHash, nodeIdBytes, open, answer.clear, sharedSecret, ticket.psk);
  wipe(sharedSecret);
  const plaintext = secrets.responder.open(answer.sealed, answer.clear);
  const proof = plaintext === undefined ? undefined : decodeShortProof(plaintext);
  if (plaintext === undefined || proof === undefined) {
    secrets.destroy();
    return { type: 'wrong' };
  }
  wipe(ticket.psk);
  const { params, fin } = proof;
  if (!equalBytes(secrets.responder.fin(secrets.transcript1, params), fin)) {
    secrets.destroy();
    return { type: 'fail', code: 'ANNEX_FIN' };
  }
  const transcript2 = sha512(concatBytes(secrets.transcript1, plaintext));
  const concluded = { secrets, answer, params, peer: ticket.peer, transcript2, resumed: ticket };
  return { type: 'concluded', concluded };
}
