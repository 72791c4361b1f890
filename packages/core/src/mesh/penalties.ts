import type { MeshErrorCode, PeerFaultCode } from '../errors.js';

/**
 * What the guard hears of each fault: 1 is a suspicion, 100 proof of malice. What clocks, versions, networks, restarts or a bad line can do to
 * an honest peer weighs nothing.
 */
const PENALTIES: Readonly<Partial<Record<MeshErrorCode | PeerFaultCode, number>>> = {
  // Only somebody who writes a YAKMESH handshake wrong on purpose gets these.
  LINK_SIGNATURE: 50,
  LINK_FIN: 50,
  LINK_BAD_MESSAGE: 20,
  LINK_UNEXPECTED: 20,
  LINK_DECRYPT: 20,
  MESH_PUZZLE: 20,
  // A port scanner or a stray browser gets this.
  PEER_NOT_HANDSHAKE: 10,
  PEER_NOT_HTTP: 10,
  PEER_HTTP_FLOOD: 10,
  PEER_CONNECT_FLOOD: 10,
  // A handshake that stands still: an attacker's way to hold our memory, and a tunnel's way to lose a line.
  MESH_TIMEOUT: 5,
  // An authenticated neighbour that breaks the link's rules.
  LINK_BAD_SIGNATURE: 100,
  LINK_BAD_FRAME: 50,
  LINK_CREDIT: 50,
  LINK_FLOOD: 20,
  PEER_BAD_PAYLOAD: 10,
  PEER_BAD_ENVELOPE: 2,
  PEER_BAD_HINT: 1,
  PEER_UNKNOWN_NETWORK: 1,
};

/** The weight of a fault; 0 for one that blames nobody. */
export function penaltyOf(code: MeshErrorCode | PeerFaultCode): number {
  return PENALTIES[code] ?? 0;
}
