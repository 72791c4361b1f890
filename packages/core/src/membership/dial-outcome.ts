/**
 * What the code of a failed dial says of the node. `full`: it is there, has proven itself, and has no room. `denied`: it may be there and does
 * not want us now. `foreign`: whoever is there is not whom we look for. `failed`: nobody answered.
 */
export type DialOutcome = 'full' | 'denied' | 'foreign' | 'failed';

const OUTCOMES: Readonly<Record<string, DialOutcome>> = {
  MESH_FULL: 'full',
  MESH_BUSY: 'denied',
  MESH_RATE_LIMITED: 'denied',
  LINK_DENIED: 'denied',
  LINK_PEER_MISMATCH: 'foreign',
  LINK_SELF: 'foreign',
  MESH_NETWORK_MISMATCH: 'foreign',
  MESH_VERSION_MISMATCH: 'foreign',
};

export function outcomeOf(code: string): DialOutcome {
  return OUTCOMES[code] ?? 'failed';
}
