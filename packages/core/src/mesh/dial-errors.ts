import { MeshError, type MeshErrorCode, type PeerFaultCode } from '../errors.js';
import type { Endpoint } from './endpoint.js';

/** The code for a dial that was aborted: by its time limit or by its caller. */
export function abortCode(reason: unknown): MeshErrorCode {
  // Not `instanceof`: the reason may come from another realm.
  const isTimeout =
    typeof reason === 'object' && reason !== null && 'name' in reason && reason.name === 'TimeoutError';
  return isTimeout ? 'MESH_TIMEOUT' : 'MESH_ABORTED';
}

/** What the caller of connect hears of an end that only the link knows by name. */
export function callerCode(code: MeshErrorCode | PeerFaultCode): MeshErrorCode {
  if (code === 'LINK_FULL') return 'MESH_FULL';
  return code.startsWith('PEER_') ? 'MESH_CONNECT_FAILED' : (code as MeshErrorCode);
}

/** What the HTTP status says with which a listener refuses a WebSocket. */
const HTTP_REFUSALS: Readonly<Record<number, MeshErrorCode>> = {
  403: 'LINK_DENIED',
  429: 'MESH_RATE_LIMITED',
  503: 'MESH_BUSY',
};

/** The code for a socket that closed before it was open, by what it closed with. */
export function upgradeCode(closeCode: number): MeshErrorCode {
  return HTTP_REFUSALS[closeCode] ?? 'MESH_CONNECT_FAILED';
}

const REFUSALS: readonly string[] = [
  'MESH_VERSION_MISMATCH',
  'MESH_NETWORK_MISMATCH',
  'MESH_BUSY',
  'MESH_RATE_LIMITED',
  'MESH_PUZZLE',
];

/** Whether it is the accepting side that ends a handshake with this code. */
export function isRefusal(code: string): boolean {
  return REFUSALS.includes(code);
}

const REASONS: Readonly<Record<string, string>> = {
  LINK_DENIED: 'a rule of this node or of the other one denies it',
  LINK_CLOSED: 'the other end closed during the handshake; is it a YAKMESH node?',
  LINK_PEER_MISMATCH: 'another peer than the expected one answered',
  LINK_SELF: 'it is this node itself',
  MESH_ABORTED: 'it was aborted',
  MESH_BUSY: 'the peer has no room for another handshake now; try again later',
  MESH_CONNECT_FAILED: 'nothing there answers as a YAKMESH node',
  MESH_FULL: 'no room for another peer (maxPeers)',
  MESH_NETWORK_MISMATCH: 'it belongs to another network (networkId or networkFingerprint differ)',
  MESH_RATE_LIMITED: 'the peer takes no more connections from this address for now; try again in a minute',
  MESH_STOPPED: 'this mesh was stopped',
  MESH_PUZZLE: 'the peer demands a puzzle that was not solved',
  MESH_TIMEOUT: 'it took too long',
  MESH_VERSION_MISMATCH: 'it speaks another version or suite',
};

export function dialError(code: MeshErrorCode, endpoint: Endpoint): MeshError {
  return new MeshError(
    code,
    `Cannot connect to ${endpoint.url}: ${REASONS[code] ?? 'the link ended'} (${code}).`,
  );
}
