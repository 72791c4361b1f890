import { bytesKey, earlySecret, hmacSha512, wipe, type NodeId } from '@yakmesh/crypto';
import type { ProvenPeer } from './actions.js';
import { annexPrologue, expandLabel, SECRET_BYTES } from './key-schedule.js';
import { BINDER_BYTES } from './resumption-messages.js';

/** Tickets kept at once, one for each peer; for one more, the oldest is forgotten: that peer signs again. */
export const TICKETS_MAX = 4_096;

/** What both ends keep of a session in memory, to open the next one without signatures. */
export interface Ticket {
  /** 16 B: names the ticket, to the other end alone. */
  readonly id: Uint8Array;
  /** 64 B that only these two ends have. */
  readonly psk: Uint8Array;
  readonly peer: ProvenPeer;
  /** When the last signatures of both ends become too old; resuming does not make them younger. Monotonic, in ms. */
  readonly endMs: number;
}

/** Whether the sender of a REOPEN has the ticket: HMAC under XL(ES, "binder") over all that stands before it, 32 B. */
export function binderOf(
  networkHash: Uint8Array,
  responderId: Uint8Array,
  psk: Uint8Array,
  bound: Uint8Array,
): Uint8Array {
  const early = earlySecret(annexPrologue(networkHash, responderId), psk);
  const key = expandLabel(early, 'binder', new Uint8Array(0), SECRET_BYTES);
  const binder = hmacSha512(key, bound).slice(0, BINDER_BYTES);
  wipe(early, key);
  return binder;
}

/** The tickets of one mesh, in memory alone; each serves once. */
export class Tickets {
  /** Oldest first. */
  readonly #byPeer = new Map<NodeId, Ticket>();
  readonly #byId = new Map<string, Ticket>();

  /** Tickets kept now. */
  get size(): number {
    return this.#byPeer.size;
  }

  /** Keeps the ticket of the last session with a peer; an earlier one is forgotten, and so are those that are too old. */
  keep(ticket: Ticket, nowMs: number): void {
    this.forget(ticket.peer.nodeId);
    for (const { peer, endMs } of [...this.#byPeer.values()]) if (endMs <= nowMs) this.forget(peer.nodeId);
    const [oldest] = this.#byPeer.keys();
    if (this.#byPeer.size >= TICKETS_MAX && oldest !== undefined) this.forget(oldest);
    this.#byPeer.set(ticket.peer.nodeId, ticket);
    this.#byId.set(bytesKey(ticket.id), ticket);
  }

  /** The ticket for a call to that peer, which is spent. */
  take(peer: NodeId, nowMs: number): Ticket | undefined {
    const ticket = this.#byPeer.get(peer);
    if (ticket === undefined || nowMs >= ticket.endMs) return undefined;
    this.spend(ticket);
    return ticket;
  }

  /** The ticket that somebody names, who has proven nothing by that. */
  named(id: Uint8Array, nowMs: number): Ticket | undefined {
    const ticket = this.#byId.get(bytesKey(id));
    return ticket !== undefined && nowMs < ticket.endMs ? ticket : undefined;
  }

  /** Takes a ticket out, so that it serves once; whoever has it wipes it. */
  spend({ id, peer }: Ticket): void {
    this.#byPeer.delete(peer.nodeId);
    this.#byId.delete(bytesKey(id));
  }

  /** Wipes the ticket of a peer, if there is one. */
  forget(peer: NodeId): void {
    const ticket = this.#byPeer.get(peer);
    if (ticket === undefined) return;
    this.spend(ticket);
    wipe(ticket.psk);
  }

  /** Wipes all. */
  clear(): void {
    for (const peer of [...this.#byPeer.keys()]) this.forget(peer);
  }
}
