import {
  BATCH_HEAD_BYTES,
  decodeBatchHead,
  encodeNodeId,
  equalBytes,
  nodeIdBytesOf,
  type NodeId,
  type SigmaSecrets,
} from '@yakmesh/crypto';
import type { HandshakeErrorCode } from '../errors.js';
import type { ProvenPeer } from './actions.js';
import type { Proof } from './messages.js';

/** Who signed an ANSWER, by name: not us, and nobody but whom we called. The signature itself is still to be verified. */
export function signerOf(proof: Proof, self: NodeId, called: NodeId): ProvenPeer | HandshakeErrorCode {
  const nodeIdBytes = nodeIdBytesOf(proof.publicKey);
  const head = decodeBatchHead(proof.signature.subarray(0, BATCH_HEAD_BYTES));
  if (head === undefined || !equalBytes(head.signer, nodeIdBytes)) return 'ANNEX_SIGNATURE';
  const nodeId = encodeNodeId(nodeIdBytes);
  if (nodeId === self) return 'ANNEX_SELF';
  if (nodeId !== called) return 'ANNEX_PEER_MISMATCH';
  return { nodeId, nodeIdBytes, publicKey: proof.publicKey.slice() };
}

/** Whether SIGMA's MAC ties the identity of an ANSWER to these keys. */
export function isBound({ responder, transcript1 }: SigmaSecrets, proof: Proof): boolean {
  const { publicKey, params, signature, fin } = proof;
  return equalBytes(responder.fin(transcript1, publicKey, params, signature), fin);
}
