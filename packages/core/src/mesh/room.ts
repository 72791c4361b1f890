import type { HandshakeRole } from '../handshake/actions.js';
import type { LinkPurpose } from '../handshake/params.js';

/** Links that others hold to us beyond maxPeers; a further one takes a neighbour's place or is refused. */
export const HELD_INBOUND_MAX = 32;

/** What a dial of ours wants: `swap` is a `fill` that may take the place of a neighbour which has enough others. */
export type DialPurpose = LinkPurpose | 'swap';

/** Who would give a place up. */
export interface Yielding {
  /** Neighbours that could be given up now. */
  readonly spares: number;
  /** Gives one up at once; false when there is none. */
  giveUp(): boolean;
}

/** What counts toward the room of a node. */
export interface Occupant {
  readonly isHeld: boolean;
  readonly session: { readonly role: HandshakeRole };
}

/** Whether there is room for one more neighbour: the rule of maxPeers, of held links, and of giving up one for another. */
export class Room {
  readonly #maxPeers: number;
  readonly #peers: () => Iterable<Occupant>;
  readonly #yielding: Yielding;

  constructor(maxPeers: number, peers: () => Iterable<Occupant>, yielding: Yielding) {
    this.#maxPeers = maxPeers;
    this.#peers = peers;
    this.#yielding = yielding;
  }

  /** Neighbours that count: those beyond maxPeers do not. */
  get taken(): number {
    let count = 0;
    for (const { isHeld } of this.#peers()) count += isHeld ? 0 : 1;
    return count;
  }

  /** Whether a peer that has dialled us for this may hold the link. */
  holds(purpose: LinkPurpose | undefined): boolean {
    if (purpose !== 'hold') return false;
    let count = 0;
    for (const { isHeld, session } of this.#peers()) count += isHeld && session.role === 'responder' ? 1 : 0;
    return count < HELD_INBOUND_MAX;
  }

  /** Whether one more may come in, while `pending` others are about to; asking changes nothing. */
  admits(purpose: DialPurpose | undefined, role: HandshakeRole, pending = 0): boolean {
    if (purpose === 'hold' && (role === 'initiator' || this.holds(purpose))) return true;
    const spares = mayTake(purpose, role) ? this.#yielding.spares : 0;
    return this.#maxPeers > 0 && this.taken + pending < this.#maxPeers + spares;
  }

  /** One more is there: false when there is no place and nobody gives up theirs. */
  enters(purpose: DialPurpose | undefined, role: HandshakeRole): boolean {
    if (this.taken < this.#maxPeers) return true;
    if (this.#maxPeers === 0 || !mayTake(purpose, role)) return false;
    return this.#yielding.giveUp() && this.taken < this.#maxPeers;
  }
}

/** Our own dials know what they want; of others only those in need may push somebody out. */
function mayTake(purpose: DialPurpose | undefined, role: HandshakeRole): boolean {
  return purpose === 'need' || purpose === 'join' || (purpose === 'swap' && role === 'initiator');
}
