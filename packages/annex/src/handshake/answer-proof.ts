import {
  BATCH_HEAD_BYTES,
  concatBytes,
  decodeBatchHead,
  encodeNodeId,
  equalBytes,
  nodeIdBytesOf,
  sha512,
  SLOT_BYTES,
  wipe,
  type NodeId,
} from '@yakmesh/crypto';
import type { HandshakeErrorCode } from '../errors.js';
import type { Concluded } from './initiator-proof.js';
import { handshakeSecrets } from './key-schedule.js';
import { decodeProof, type Answer, type Proof } from './messages.js';

/** An ANSWER that was opened, and who it says has made it. */
export interface OpenedAnswer extends Concluded {
  readonly proof: Proof;
}

/** What an ANSWER must be the answer to. */
export interface Expected {
  readonly networkHash: Uint8Array;
  /** OPEN as it was answered. */
  readonly open: Uint8Array;
  readonly self: NodeId;
  readonly peer: { readonly nodeId: NodeId; readonly nodeIdBytes: Uint8Array };
}

export type AnswerVerdict =
  | { readonly type: 'opened'; readonly opened: OpenedAnswer }
  /** The tag does not fit: anybody may have made it up. */
  | { readonly type: 'wrong' }
  | { readonly type: 'fail'; readonly code: HandshakeErrorCode };

/** Steps 1 to 3 of PROTOCOL.md's "Order at A"; its signature and MAC are not looked at yet. The shared secret is erased. */
export function openAnswer(expected: Expected, answer: Answer, sharedSecret: Uint8Array): AnswerVerdict {
  const { networkHash, open, self, peer } = expected;
  const secrets = handshakeSecrets(networkHash, peer.nodeIdBytes, open, answer.clear, sharedSecret);
  wipe(sharedSecret);
  const fail = (code: HandshakeErrorCode): AnswerVerdict => {
    secrets.destroy();
    return { type: 'fail', code };
  };
  // 1. The tag: everything before it is unauthenticated. Whoever is not the peer that we called fails here.
  const plaintext = secrets.responder.open(answer.sealed, answer.clear);
  const proof = plaintext === undefined ? undefined : decodeProof(plaintext, SLOT_BYTES);
  if (plaintext === undefined || proof === undefined) {
    secrets.destroy();
    return { type: 'wrong' };
  }
  // 2. The signer named by the batch head is the holder of the key.
  const nodeIdBytes = nodeIdBytesOf(proof.publicKey);
  const head = decodeBatchHead(proof.signature.subarray(0, BATCH_HEAD_BYTES));
  if (head === undefined || !equalBytes(head.signer, nodeIdBytes)) return fail('ANNEX_SIGNATURE');
  // 3. The peer that we called, which is never ourselves.
  const nodeId = encodeNodeId(nodeIdBytes);
  if (nodeId === self) return fail('ANNEX_SELF');
  if (nodeId !== peer.nodeId) return fail('ANNEX_PEER_MISMATCH');
  const transcript2 = sha512(concatBytes(secrets.transcript1, plaintext));
  const proven = { nodeId, nodeIdBytes, publicKey: proof.publicKey.slice() };
  const { params } = proof;
  return {
    type: 'opened',
    opened: { secrets, answer, proof, params, peer: proven, transcript2, resumed: undefined },
  };
}

/** Step 6: whether SIGMA's MAC ties the identity to these keys. */
export function isBound({ secrets, proof }: OpenedAnswer): boolean {
  const { publicKey, params, signature, fin } = proof;
  return equalBytes(secrets.responder.fin(secrets.transcript1, publicKey, params, signature), fin);
}
