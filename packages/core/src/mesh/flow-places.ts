import type { NodeId } from '@yakmesh/crypto';
import type { Peer } from './peer.js';

/** Flows through one neighbour, in both directions; a further one is refused. */
export const FLOWS_PER_PEER_MAX = 256;
/** Flows in all, those that pass through among them: each counts once for each of its links. */
export const FLOWS_MAX = 4_096;

/** Codes of FLOW_CLOSE that the network itself uses. */
export const FlowCloseCode = {
  ORDERLY: 0,
  REFUSED: 1,
  LIMIT: 2,
  UNREACHABLE: 3,
  IDLE: 4,
  LINK_LOST: 5,
} as const;
export type FlowCloseCodeOf = (typeof FlowCloseCode)[keyof typeof FlowCloseCode];

/** How many flows go over each link. */
export class FlowPlaces {
  readonly #perPeer = new Map<NodeId, number>();
  #count = 0;

  hasRoom({ nodeId }: Peer): boolean {
    return this.#count < FLOWS_MAX && (this.#perPeer.get(nodeId) ?? 0) < FLOWS_PER_PEER_MAX;
  }

  add({ nodeId }: Peer): void {
    this.#count += 1;
    this.#perPeer.set(nodeId, (this.#perPeer.get(nodeId) ?? 0) + 1);
  }

  remove({ nodeId }: Peer): void {
    this.#count -= 1;
    const left = (this.#perPeer.get(nodeId) ?? 1) - 1;
    if (left === 0) this.#perPeer.delete(nodeId);
    else this.#perPeer.set(nodeId, left);
  }
}
