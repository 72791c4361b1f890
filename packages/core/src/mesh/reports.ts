import type { NodeId } from '@yakmesh/crypto';
import type { Clock, Guard } from '../transport/index.js';
import type { Peer } from './peer.js';

export interface ReportsOptions {
  readonly guard: Guard;
  readonly clock: Clock;
  readonly peer: (nodeId: NodeId) => Peer | undefined;
}

/** Tells the guard of faults, and ends the link of a neighbour that it no longer wants. */
export class Reports {
  readonly #guard: Guard;
  readonly #clock: Clock;
  readonly #peer: (nodeId: NodeId) => Peer | undefined;

  constructor({ guard, clock, peer }: ReportsOptions) {
    this.#guard = guard;
    this.#clock = clock;
    this.#peer = peer;
  }

  /** A node that has proven itself broke a rule; a weight of 0 blames nobody. */
  node(nodeId: NodeId, code: string, weight: number): void {
    if (!(weight > 0)) return;
    const session = this.#peer(nodeId)?.session;
    // An address that we dialled is its host's, and may be anybody's word.
    const address = session?.role === 'responder' ? session.address : undefined;
    const nowMs = this.#clock.monotonicMs();
    this.#guard.report({ nodeId, address }, code, weight, nowMs);
    if (session === undefined) return;
    const direction = session.role === 'responder' ? 'inbound' : 'outbound';
    const verdict = this.#guard.peer?.({ nodeId, address: session.address, direction }, nowMs);
    if (verdict?.allowed === false) session.close('LINK_DENIED');
  }
}
