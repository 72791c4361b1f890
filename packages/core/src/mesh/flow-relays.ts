import {
  encodeFlow,
  encodeFlowClose,
  encodeFlowOpen,
  releaseFlow,
  type FlowFrame,
  type FlowOpenFrame,
} from '../link/flow-frames.js';
import {
  FLOW_BODY_BYTES_MAX,
  FLOW_QUEUE_BYTES_MAX,
  PRIORITY,
  TTL_MAX,
  type Clock,
  type Random,
} from '../transport/index.js';
import type { Counters } from './counters.js';
import { flowLane } from './flow-end.js';
import { FlowLabels } from './flow-labels.js';
import { FlowCloseCode, type FlowCloseCodeOf, type FlowPlaces } from './flow-places.js';
import { frameItem } from './frame-item.js';
import type { MeshForwarder } from './mesh-forwarder.js';
import type { Peer } from './peer.js';
import type { RouteFinder } from './route-finder.js';

export interface FlowRelaysOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly counters: Counters;
  readonly finder: RouteFinder;
  readonly forwarder: MeshForwarder;
  readonly places: FlowPlaces;
}

/** One side of a relayed flow: what we send there, under that link's label. It goes at the lowest priority: nobody signs for a higher one. */
interface Leg {
  readonly peer: Peer;
  readonly label: Uint8Array;
  readonly lane: string;
  queuedBytes: number;
}

interface Relay {
  readonly inward: Leg;
  /** Undefined while a way is being looked for. */
  outward: Leg | undefined;
  /** What came before there was a way. */
  early: FlowFrame[];
  earlyBytes: number;
  usedMs: number;
}

/** Flows that pass through this node: (link in, label) ↔ (link out, a fresh label). It knows neither end's name, but the destination's while it opens. */
export class FlowRelays {
  readonly #options: FlowRelaysOptions;
  readonly #relays = new FlowLabels<Relay>();

  constructor(options: FlowRelaysOptions) {
    this.#options = options;
  }

  /** Labels in use: two for each relayed flow. */
  get size(): number {
    return this.#relays.size;
  }

  has(peer: Peer, label: Uint8Array): boolean {
    return this.#relays.find(peer, label) !== undefined;
  }

  /** Someone opens a flow to another node through us. */
  opened(peer: Peer, frame: FlowOpenFrame): FlowCloseCodeOf | undefined {
    const { places, forwarder, clock, finder, counters } = this.#options;
    const ttl = Math.min(frame.ttl, TTL_MAX);
    if (ttl <= 1) return FlowCloseCode.UNREACHABLE;
    if (!places.hasRoom(peer)) return FlowCloseCode.LIMIT;
    const inward = leg(peer, frame.label);
    const relay: Relay = {
      inward,
      outward: undefined,
      early: [],
      earlyBytes: 0,
      usedMs: clock.monotonicMs(),
    };
    this.#relays.set(peer, frame.label, relay);
    places.add(peer);
    counters.add('flows:relayed');
    const open = { ...frame, ttl: ttl - 1, body: frame.body.slice() };
    const [next] = forwarder.relayWays(peer, frame.destination);
    if (next !== undefined) this.#goOn(relay, next, open);
    else {
      void finder.repair(frame.destination, peer.nodeId).then(() => {
        if (this.#relays.find(peer, frame.label) !== relay) return;
        const [found] = forwarder.relayWays(peer, frame.destination);
        if (found === undefined) this.#end(relay, FlowCloseCode.UNREACHABLE);
        else this.#goOn(relay, found, open);
      });
    }
    return undefined;
  }

  received(peer: Peer, frame: FlowFrame): void {
    const relay = this.#relays.find(peer, frame.label);
    if (relay === undefined) return;
    // Meant for the neighbour itself, which we are not: it fits no FLOW.
    if (frame.body.length > FLOW_BODY_BYTES_MAX) return this.#dropped();
    relay.usedMs = this.#options.clock.monotonicMs();
    const isInward = relay.outward?.peer === peer && relay.outward.lane === flowLane(frame.label);
    if (isInward) this.#send(relay.inward, frame);
    else if (relay.outward !== undefined) this.#send(relay.outward, frame);
    else if (relay.earlyBytes + frame.body.length > FLOW_QUEUE_BYTES_MAX) this.#dropped();
    else {
      relay.earlyBytes += frame.body.length;
      relay.early.push({ ...frame, body: frame.body.slice() });
    }
  }

  /** One end, or a relay, has closed it: the other side hears so. */
  closed(peer: Peer, label: Uint8Array, code: number): void {
    const relay = this.#relays.find(peer, label);
    if (relay !== undefined) this.#end(relay, code, peer);
  }

  peerLost(peer: Peer): void {
    for (const relay of new Set(this.#relays.meanings))
      if (relay.inward.peer === peer || relay.outward?.peer === peer)
        this.#end(relay, FlowCloseCode.LINK_LOST, peer);
  }

  /** Ends flows that were not used since. */
  endIdle(oldestMs: number): void {
    for (const relay of new Set(this.#relays.meanings))
      if (relay.usedMs < oldestMs) this.#end(relay, FlowCloseCode.IDLE);
  }

  stop(): void {
    for (const relay of new Set(this.#relays.meanings)) this.#end(relay, FlowCloseCode.LINK_LOST);
  }

  #goOn(relay: Relay, next: Peer, open: FlowOpenFrame): void {
    const { places, random } = this.#options;
    if (!places.hasRoom(next)) return this.#end(relay, FlowCloseCode.LIMIT);
    const outward = leg(next, random.bytes(open.label.length));
    const frame = encodeFlowOpen({ ...open, label: outward.label });
    if (!enqueue(outward, frame)) return this.#end(relay, FlowCloseCode.LIMIT);
    relay.outward = outward;
    this.#relays.set(next, outward.label, relay);
    places.add(next);
    for (const early of relay.early) this.#send(outward, early);
    relay.early = [];
  }

  /** A queue of its own for each direction: it marks from half on and drops when full, and no other flow waits for it. */
  #send(to: Leg, { body, isCongested }: FlowFrame): void {
    const isFilling = 2 * to.queuedBytes > FLOW_QUEUE_BYTES_MAX;
    const frame = encodeFlow({ label: to.label, isCongested: isCongested || isFilling, body });
    const onSent = (): void => {
      releaseFlow(frame);
      to.queuedBytes -= frame.length;
    };
    const isFull = to.queuedBytes + frame.length > FLOW_QUEUE_BYTES_MAX;
    if (isFull || !enqueue(to, frame, onSent)) {
      releaseFlow(frame);
      return this.#dropped();
    }
    to.queuedBytes += frame.length;
  }

  #dropped(): void {
    this.#options.counters.add('flows:dropped');
  }

  /** Both sides forget it; `told` by whom it ended needs no word of it. */
  #end(relay: Relay, code: number, told?: Peer): void {
    const { places, counters } = this.#options;
    counters.add('flows:relay-ended');
    for (const side of [relay.inward, relay.outward]) {
      if (side === undefined) continue;
      this.#relays.delete(side.peer, side.label);
      places.remove(side.peer);
      if (side.peer !== told) enqueue(side, encodeFlowClose({ label: side.label, code }));
    }
  }
}

function leg(peer: Peer, label: Uint8Array): Leg {
  return { peer, label, lane: flowLane(label), queuedBytes: 0 };
}

function enqueue({ peer, lane }: Leg, frame: Uint8Array, onSent?: () => void): boolean {
  return peer.enqueue(frameItem(frame, PRIORITY.routine, lane, onSent));
}
