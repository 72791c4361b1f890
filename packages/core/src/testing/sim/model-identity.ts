import {
  encodeNodeId,
  equalBytes,
  ML_DSA_65_PUBLIC_KEY_BYTES,
  ML_DSA_65_SIGNATURE_BYTES,
  nodeIdBytesOf,
  sha256,
  type NodeId,
  type SigningIdentity,
  type SignOptions,
} from '@yakmesh/crypto';
import type { Random } from '../../transport/random.js';

const HASH_BYTES = 32;

/**
 * An identity for simulations: its key, its id and its signatures have the sizes of ML-DSA-65, and its id is the real hash of
 * its key, but a signature is a hash that anybody could make who knows the key. It checks what honest nodes do, and proves nothing.
 */
export interface ModelIdentity extends SigningIdentity {
  readonly isModel: true;
}

/** The identity that the random numbers determine. */
export function modelIdentity(random: Random): ModelIdentity {
  const publicKey = random.bytes(ML_DSA_65_PUBLIC_KEY_BYTES);
  const nodeIdBytes = nodeIdBytesOf(publicKey);
  const nodeId: NodeId = encodeNodeId(nodeIdBytes);
  const sign = (message: Uint8Array, { context }: SignOptions): Promise<Uint8Array> =>
    Promise.resolve(modelSignature(publicKey, message, context));
  return { isModel: true, nodeId, nodeIdBytes, publicKey, sign };
}

/** SHA-256(first 32 B of the key ‖ length of the context ‖ context ‖ message), again and again up to 3,309 B. */
export function modelSignature(publicKey: Uint8Array, message: Uint8Array, context: Uint8Array): Uint8Array {
  const signature = new Uint8Array(ML_DSA_65_SIGNATURE_BYTES);
  signature.set(tagOf(publicKey, message, context));
  for (let filled = HASH_BYTES; filled < signature.length; filled *= 2)
    signature.copyWithin(filled, 0, filled);
  return signature;
}

/** Whether that is the signature which `modelSignature` makes. */
export function isModelSignature(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
  context: Uint8Array,
): boolean {
  return equalBytes(modelSignature(publicKey, message, context), signature);
}

function tagOf(publicKey: Uint8Array, message: Uint8Array, context: Uint8Array): Uint8Array {
  const input = new Uint8Array(HASH_BYTES + 1 + context.length + message.length);
  input.set(publicKey.subarray(0, HASH_BYTES));
  input[HASH_BYTES] = context.length;
  input.set(context, HASH_BYTES + 1);
  input.set(message, HASH_BYTES + 1 + context.length);
  return sha256(input);
}
