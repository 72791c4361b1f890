import { bytesKey, decodeNodeId, type NodeId } from '@yakmesh/crypto';
import { parcelBytes, type BatchMessage, type Parcel } from '../envelope/batch.js';
import { HopFlag } from '../envelope/hop-flags.js';
import { detached } from '../link/parcel-check.js';
import type { Arrival } from '../link/parcel-actions.js';
import { parcelItem } from '../link/send-queue.js';
import { NEXT_HOPS_MAX } from '../routing/routing-limits.js';
import { TTL_MAX, type Clock, type Route } from '../transport/index.js';
import type { Counters } from './counters.js';
import type { DirectSending, Forwarder, WayOptions } from './forwarder.js';
import type { Pacer } from './pacer.js';
import type { Peer } from './peer.js';
import { RelayLimits } from './relay-limits.js';
import type { RouteFinder } from './route-finder.js';
import { TransitHolds, type Transit } from './transit-holds.js';

export interface MeshForwarderOptions {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly pacer: Pacer;
  readonly finder: RouteFinder;
  readonly peer: (nodeId: NodeId) => Peer | undefined;
}

/** Sends direct messages over the ways that are known, and relays those of others. */
export class MeshForwarder implements Forwarder {
  readonly #options: MeshForwarderOptions;
  readonly #limits = new RelayLimits();
  readonly #holds: TransitHolds;

  constructor(options: MeshForwarderOptions) {
    this.#options = options;
    this.#holds = new TransitHolds(options.clock, (key) => this.#release(key));
  }

  next(to: NodeId, options: WayOptions): Peer | undefined {
    return this.#ways(to, options)[0];
  }

  find(to: NodeId, via: NodeId | undefined): Promise<boolean> {
    const destination = decodeNodeId(to);
    const { finder, peer } = this.#options;
    if (destination === undefined || (via !== undefined && peer(via) === undefined))
      return Promise.resolve(false);
    return finder.find(destination, { via });
  }

  send(to: NodeId, parcel: Parcel, options: WayOptions): DirectSending {
    const { pacer } = this.#options;
    const ways = this.#ways(to, options).filter((peer) => peer.accepts(parcel.batch.networkHash));
    for (const peer of ways) {
      if (!pacer.send(peer, parcel)) continue;
      this.#used(parcel, peer);
      return { via: peer.nodeId };
    }
    return { code: ways.length === 0 ? 'MESH_UNREACHABLE' : 'MESH_QUEUE_FULL' };
  }

  heard(from: Peer, arrival: Arrival, isGoingOn: boolean): boolean {
    const { batch, flags, ttl, messages } = arrival;
    if ((flags & HopFlag.ADOPTED) === 0 || ttl >= TTL_MAX) return false;
    let sequence = 0;
    for (const { envelope } of messages) sequence = Math.max(sequence, envelope.timeMs);
    return this.#options.finder.heard(batch.originBytes, sequence, ttl, from.nodeId, isGoingOn);
  }

  forward(from: Peer, arrival: Arrival, messages: readonly BatchMessage[], isAdopted: boolean): void {
    if (arrival.ttl === 0) return this.#options.counters.add('messages:ttl-ended', messages.length);
    for (const group of byDestination(messages)) {
      const parcel = onward(arrival, group, isAdopted);
      const outcome = this.#pass({ from, parcel });
      if (outcome !== 'no-way') continue;
      this.#hold(from, parcel);
    }
  }

  stop(): void {
    this.#holds.stop();
  }

  /** Up to three ways through different neighbours, the best first. */
  routes(to: NodeId): Route[] {
    const { peer, finder } = this.#options;
    const direct = peer(to);
    const destination = decodeNodeId(to);
    const routes: Route[] = direct === undefined ? [] : [{ via: to, hops: 1, rttMs: direct.rttMs }];
    if (destination === undefined) return routes;
    for (const { via, hops, rttMs } of finder.nextHops(bytesKey(destination), 'source'))
      if (via !== to && routes.length < NEXT_HOPS_MAX) routes.push({ via, hops: hops + 1, rttMs });
    return routes;
  }

  /** Neighbours that our own message may go through, the best first. */
  #ways(to: NodeId, { via, avoid }: WayOptions): Peer[] {
    const { peer, finder } = this.#options;
    const direct = peer(to);
    if (direct !== undefined && (via ?? to) === to && avoid !== to) return [direct];
    const destination = decodeNodeId(to);
    if (destination === undefined) return [];
    const ways = finder
      .nextHops(bytesKey(destination), 'source')
      .map((nextHop) => nextHop.via)
      .filter((id) => via === undefined || id === via);
    if (direct !== undefined && via === undefined) ways.push(to);
    const ordered = [...ways.filter((id) => id !== avoid), ...ways.filter((id) => id === avoid)];
    return ordered.flatMap((id) => peer(id) ?? []);
  }

  #used({ messages }: Parcel, peer: Peer): void {
    const to = messages[0]?.envelope.to;
    if (to !== undefined) this.#options.finder.used(bytesKey(to), peer.nodeId);
  }

  /** Sends a parcel of another origin on by the table; what its next hop does not take now is dropped and counted, as broadcasts are. */
  #pass({ from, parcel }: Transit): 'passed' | 'dropped' | 'no-way' {
    const { counters, clock } = this.#options;
    const { batch, messages } = parcel;
    const ways = this.#onwardWays(from, parcel);
    if (ways.length === 0) return 'no-way';
    for (const peer of ways) {
      const count = this.#limits.admitted(peer, batch.origin, messages.length, clock.monotonicMs());
      if (count < messages.length) counters.add('messages:relay-limited', messages.length - count);
      if (count === 0) return 'dropped';
      const admitted = count === messages.length ? parcel : part(parcel, messages.slice(0, count));
      if (!peer.enqueue(parcelItem(admitted, batch.origin))) continue;
      counters.add('messages:forwarded', count);
      this.#used(parcel, peer);
      return 'passed';
    }
    counters.add('messages:relay-skipped', messages.length);
    return 'dropped';
  }

  #onwardWays(from: Peer, { messages, batch }: Parcel): Peer[] {
    const to = messages[0]?.envelope.to;
    const ways = to === undefined ? [] : this.relayWays(from, to);
    return ways.filter((way) => way.accepts(batch.networkHash));
  }

  /** Neighbours over which another node's traffic goes on, the best first; never back to where it came from. */
  relayWays(from: Peer, to: Uint8Array): Peer[] {
    const { finder, peer } = this.#options;
    const key = bytesKey(to);
    const neighbour = finder.neighbour(key);
    const direct = neighbour === undefined ? undefined : peer(neighbour);
    const ways =
      direct === undefined ? finder.nextHops(key, 'relay').flatMap(({ via }) => peer(via) ?? []) : [direct];
    return ways.filter((way) => way !== from);
  }

  /** Looks for a way nearby while the parcel waits. */
  #hold(from: Peer, parcel: Parcel): void {
    const { counters, finder } = this.#options;
    const to = parcel.messages[0]?.envelope.to;
    if (to === undefined) return;
    const key = bytesKey(to);
    // The rest of its arrival must not stay in memory with it.
    const outcome = this.#holds.hold(key, { from, parcel: part(parcel, parcel.messages.map(detached)) });
    if (outcome === 'full') return counters.add('messages:undeliverable', parcel.messages.length);
    counters.add('messages:waiting-for-way', parcel.messages.length);
    if (outcome === 'held') return;
    void finder.repair(to.slice(), from.nodeId).then(() => this.#release(key));
  }

  /** Found or not: what waited goes on, or its neighbours hear that it does not arrive. */
  #release(key: string): void {
    const { counters, finder } = this.#options;
    const told = new Set<Peer>();
    for (const transit of this.#holds.take(key)) {
      const { from, parcel } = transit;
      const [message] = parcel.messages;
      if (message === undefined || this.#pass(transit) !== 'no-way') continue;
      counters.add('messages:undeliverable', parcel.messages.length);
      if (told.has(from)) continue;
      told.add(from);
      finder.refuse(from.nodeId, message.envelope.to);
    }
  }
}

function part(parcel: Parcel, messages: readonly BatchMessage[]): Parcel {
  return { ...parcel, messages, isWhole: false, bytes: parcelBytes(messages) };
}

/** Messages of an arrival as they go on, one hop older. */
function onward(arrival: Arrival, messages: readonly BatchMessage[], isAdopted: boolean): Parcel {
  const { batch, ttl, flags, isWhole } = arrival;
  return {
    batch,
    messages,
    isWhole: isWhole && messages.length === arrival.messages.length,
    ttl: Math.min(ttl, TTL_MAX) - 1,
    flags: (flags & HopFlag.ACK_WANTED) | (isAdopted ? HopFlag.ADOPTED : 0),
    priority: Math.min(...messages.map(({ envelope }) => envelope.priority)),
    bytes: parcelBytes(messages),
  };
}

/** Most arrivals are for one node. */
function byDestination(messages: readonly BatchMessage[]): readonly (readonly BatchMessage[])[] {
  const groups = new Map<string, BatchMessage[]>();
  for (const message of messages) {
    const key = bytesKey(message.envelope.to);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [message]);
    else group.push(message);
  }
  return [...groups.values()];
}
