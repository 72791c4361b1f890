import type { SigningIdentity } from '@yakmesh/crypto';
import type { HandshakeSelf } from '../handshake/actions.js';
import { encodeParams } from '../handshake/params.js';
import { CREDIT_BYTES_MIN } from '../link/link-limits.js';
import type { Random } from '../transport/index.js';

const BOOT_ID_BYTES = 16;

/** Of the limit on messages, the part that neighbours are told of: what has piled up while a line stood still must be able to drain. */
const ANNOUNCED_SHARE = 0.9;

/** What both kinds of handshake say of this process: who it is, which of its starts this is, and what it takes. */
export function handshakeSelf(
  { nodeId, nodeIdBytes, publicKey }: SigningIdentity,
  random: Random,
  messagesPerSecond: number,
): HandshakeSelf {
  const params = encodeParams({
    bootId: random.bytes(BOOT_ID_BYTES),
    creditBytes: CREDIT_BYTES_MIN,
    messagesPerSecond: announced(messagesPerSecond),
  });
  return { nodeId, nodeIdBytes, publicKey, params };
}

function announced(messagesPerSecond: number): number {
  return messagesPerSecond === 0 ? 0 : Math.max(1, Math.floor(ANNOUNCED_SHARE * messagesPerSecond));
}
