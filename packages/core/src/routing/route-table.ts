import type { NodeId } from '@yakmesh/crypto';
import { BoundedMap } from '../transport/index.js';
import {
  ROUTE_DESTINATIONS_MAX,
  MEMORY_MS,
  NEXT_HOPS_MAX,
  ROUTE_FRESH_MS,
  ROUTE_MS,
  ROUTE_MS_MAX,
} from './routing-limits.js';

/** What a neighbour said of a destination. */
export interface Offer {
  readonly via: NodeId;
  /** The destination's own time in what it signed: the larger, the newer. */
  readonly sequence: number;
  /** Links from that neighbour to the destination, as it says. */
  readonly hops: number;
}

/** An offer that is kept. */
export interface NextHop extends Offer {
  /** When it was learnt. */
  readonly sinceMs: number;
  untilMs: number;
  /** Over the whole way; undefined until an answer came back. */
  rttMs: number | undefined;
}

/** Who asks: a relay may use fewer ways than the node at which a message begins. */
export type RouteUse = 'relay' | 'source';

interface Destination {
  /** The best that we have said of it to others: sequence, then hops. Ways that are no better could lead back to us. */
  saidSequence: number;
  saidHops: number;
  nextHops: NextHop[];
  touchedMs: number;
}

/**
 * Ways to destinations, free of loops at every instant. What a node says of a destination to others never gets worse in (sequence, hops);
 * it relays only through neighbours that said strictly better than that. So along any way what was said gets strictly better, and none
 * comes back to where it was (the feasibility condition of Babel, RFC 8966, 2.4, with sequence numbers of the destination). Memory of
 * what was said is lost only by raising the floor under all unknown destinations.
 */
export class RouteTable {
  readonly #destinations: BoundedMap<string, Destination>;
  #floor = 0;

  constructor(destinationsMax = ROUTE_DESTINATIONS_MAX) {
    this.#destinations = new BoundedMap(destinationsMax, {
      onEvict: (_key, { saidSequence }) => this.#raise(saidSequence),
    });
  }

  get size(): number {
    return this.#destinations.size;
  }

  /** Destinations that are remembered, by their keys. */
  get keys(): readonly string[] {
    return this.#destinations.keys();
  }

  /** Takes what a neighbour said; true when it is the best of that neighbour so far. */
  offer(key: string, offer: Offer, nowMs: number, rttMs?: number): boolean {
    const destination = this.#destinations.get(key) ?? this.#unknown(nowMs);
    const known = destination.nextHops.find(({ via }) => via === offer.via);
    if (known !== undefined && known.untilMs > nowMs && !isBetter(offer, known)) {
      if (known.sequence !== offer.sequence || known.hops !== offer.hops) return false;
      known.untilMs = Math.min(nowMs + ROUTE_MS, known.sinceMs + ROUTE_MS_MAX);
      known.rttMs ??= rttMs;
      return false;
    }
    const nextHop = { ...offer, sinceMs: nowMs, untilMs: nowMs + ROUTE_MS, rttMs: rttMs ?? known?.rttMs };
    const others = destination.nextHops.filter(({ via, untilMs }) => via !== offer.via && untilMs > nowMs);
    destination.nextHops = [...others, nextHop];
    if (destination.nextHops.length > NEXT_HOPS_MAX) destination.nextHops = this.#best(destination);
    destination.touchedMs = nowMs;
    this.#destinations.set(key, destination);
    this.#forgetOld(nowMs);
    return destination.nextHops.includes(nextHop);
  }

  /** The ways that may be used now, the shortest first. */
  nextHops(key: string, use: RouteUse, nowMs: number): NextHop[] {
    const destination = this.#destinations.get(key);
    if (destination === undefined) return [];
    return destination.nextHops
      .filter((nextHop) => nextHop.untilMs > nowMs && isUsable(destination, nextHop, use))
      .sort((a, b) => a.hops - b.hops || b.sequence - a.sequence);
  }

  /** Links to the destination by the best way of this sequence that a relay may use; undefined where there is none. */
  distance(key: string, sequence: number, nowMs: number): number | undefined {
    const nextHop = this.nextHops(key, 'relay', nowMs).find((one) => one.sequence === sequence);
    return nextHop && nextHop.hops + 1;
  }

  /** We are about to tell others that we are so many links from the destination: from now on a way must be better than that. */
  saying(key: string, sequence: number, hops: number): void {
    const destination = this.#destinations.get(key);
    if (destination === undefined) return;
    const { saidSequence, saidHops } = destination;
    if (sequence < saidSequence || (sequence === saidSequence && hops >= saidHops)) return;
    destination.saidSequence = sequence;
    destination.saidHops = hops;
  }

  /** Whether taking an offer and saying so to others costs no other way that is still young. */
  isAdoptable(key: string, offer: Offer, nowMs: number): boolean {
    const destination = this.#destinations.get(key);
    if (destination === undefined) return offer.sequence > this.#floor;
    if (!isUsable(destination, offer, 'relay')) return false;
    // The neighbour is the destination itself: as long as it is one, no other way is needed.
    if (offer.hops === 0) return true;
    return this.nextHops(key, 'relay', nowMs).every(
      ({ via, sinceMs }) => via === offer.via || nowMs - sinceMs > ROUTE_FRESH_MS,
    );
  }

  /** The newest that was said to others, or else the newest that we heard: what a new statement must exceed to be of use. */
  newest(key: string): number {
    const destination = this.#destinations.get(key);
    if (destination === undefined) return this.#floor;
    return Math.max(destination.saidSequence, ...destination.nextHops.map(({ sequence }) => sequence));
  }

  /** The sequence of what we said to others; 0 where we said nothing. */
  said(key: string): number {
    return this.#destinations.get(key)?.saidSequence ?? this.#floor;
  }

  /** Something went this way: it stays, within the age that ways may have. */
  used(key: string, via: NodeId, nowMs: number, rttMs?: number): void {
    const nextHop = this.#destinations.get(key)?.nextHops.find((one) => one.via === via);
    if (nextHop === undefined || nextHop.untilMs <= nowMs) return;
    nextHop.untilMs = Math.min(nowMs + ROUTE_MS, nextHop.sinceMs + ROUTE_MS_MAX);
    if (rttMs !== undefined)
      nextHop.rttMs = nextHop.rttMs === undefined ? rttMs : (7 * nextHop.rttMs + rttMs) / 8;
  }

  /** The neighbour knows no way any more, unless it has said something newer meanwhile. */
  withdraw(key: string, via: NodeId, sequence: number): void {
    const destination = this.#destinations.get(key);
    if (destination === undefined) return;
    destination.nextHops = destination.nextHops.filter(
      (nextHop) => nextHop.via !== via || nextHop.sequence > sequence,
    );
  }

  /** The neighbour is gone. */
  lost(neighbour: NodeId): void {
    for (const [, destination] of this.#destinations)
      if (destination.nextHops.some(({ via }) => via === neighbour))
        destination.nextHops = destination.nextHops.filter(({ via }) => via !== neighbour);
  }

  #unknown(nowMs: number): Destination {
    return { saidSequence: this.#floor, saidHops: 0, nextHops: [], touchedMs: nowMs };
  }

  /** What can be used comes first, then what is newest: an answer that goes on must not lose its way here. */
  #best(destination: Destination): NextHop[] {
    const rank = (nextHop: NextHop): number => (isUsable(destination, nextHop, 'source') ? 0 : 1);
    return [...destination.nextHops]
      .sort((a, b) => rank(a) - rank(b) || b.sequence - a.sequence || a.hops - b.hops)
      .slice(0, NEXT_HOPS_MAX);
  }

  #forgetOld(nowMs: number): void {
    for (
      let oldest = this.#destinations.oldest();
      oldest !== undefined;
      oldest = this.#destinations.oldest()
    ) {
      const [key, { touchedMs, saidSequence, nextHops }] = oldest;
      if (nowMs - touchedMs <= MEMORY_MS || nextHops.some(({ untilMs }) => untilMs > nowMs)) return;
      this.#destinations.delete(key);
      this.#raise(saidSequence);
    }
  }

  #raise(sequence: number): void {
    this.#floor = Math.max(this.#floor, sequence);
  }
}

function isBetter(offer: Offer, known: Offer): boolean {
  return offer.sequence > known.sequence || (offer.sequence === known.sequence && offer.hops < known.hops);
}

/** Where a message begins also a neighbour that is as far as we said will do: its way cannot come back to us. */
function isUsable(destination: Destination, { sequence, hops }: Offer, use: RouteUse): boolean {
  const { saidSequence, saidHops } = destination;
  if (sequence !== saidSequence) return sequence > saidSequence;
  return use === 'source' ? hops <= saidHops : hops < saidHops;
}
