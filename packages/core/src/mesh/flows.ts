import { decodeNodeId, equalBytes, type NodeId } from '@yakmesh/crypto';
import {
  encodeFlowClose,
  encodeFlowOpen,
  type FlowCloseFrame,
  type FlowFrame,
  type FlowOpenFrame,
} from '../link/flow-frames.js';
import {
  CodedError,
  FLOW_BODY_BYTES_MAX,
  PRIORITY,
  TTL_MAX,
  withAbort,
  type Clock,
  type Flow,
  type FlowOptions,
  type ProtocolHandlers,
  type Random,
  type TimerHandle,
} from '../transport/index.js';
import type { Counters } from './counters.js';
import { frameItem } from './frame-item.js';
import { FlowEnd, type FlowEndKeeper } from './flow-end.js';
import { FlowLabels } from './flow-labels.js';
import { FlowCloseCode, FlowPlaces } from './flow-places.js';
import { FlowRelays } from './flow-relays.js';
import type { Isolated } from './isolation.js';
import type { MeshForwarder } from './mesh-forwarder.js';
import type { Peer } from './peer.js';
import { queueFull, unreachable } from './publish-errors.js';
import type { RouteFinder } from './route-finder.js';

/** A flow on which nothing passes for so long is closed. */
export const FLOW_IDLE_MS = 300_000;
const LABEL_BYTES = 8;

export interface FlowsOptions {
  readonly self: Uint8Array;
  readonly clock: Clock;
  readonly random: Random;
  readonly counters: Counters;
  readonly isolated: Isolated;
  readonly finder: RouteFinder;
  readonly forwarder: MeshForwarder;
  readonly handlers: (protocol: string) => ProtocolHandlers | undefined;
}

/** Flows that end on this node, and those that pass through: labels chosen link by link, no source on the wire. */
export class Flows implements FlowEndKeeper {
  readonly #options: FlowsOptions;
  readonly #ends = new FlowLabels<FlowEnd>();
  readonly #places = new FlowPlaces();
  readonly #relays: FlowRelays;
  #timer: TimerHandle | undefined;

  constructor(options: FlowsOptions) {
    this.#options = options;
    this.#relays = new FlowRelays({ ...options, places: this.#places });
  }

  get isolated(): Isolated {
    return this.#options.isolated;
  }

  /** Labels in use on all links. */
  get size(): number {
    return this.#ends.size + this.#relays.size;
  }

  async open(to: NodeId, protocol: string, options: FlowOptions): Promise<Flow> {
    const { clock, random } = this.#options;
    const { body = new Uint8Array(0), priority = 0 } = options;
    if (body.length > FLOW_BODY_BYTES_MAX)
      throw new RangeError(`A flow opens with at most ${FLOW_BODY_BYTES_MAX} bytes.`);
    const destination = decodeNodeId(to);
    const peer = await this.#way(to, options);
    if (peer === undefined || destination === undefined) throw unreachable(to);
    if (!this.#places.hasRoom(peer))
      throw new CodedError('FLOW_LIMIT', 'Too many flows are open; close some first.');
    const label = random.bytes(LABEL_BYTES);
    const [isDirect, nowMs] = [peer.nodeId === to, clock.monotonicMs()];
    const end = new FlowEnd({ keeper: this, peer, label, protocol, priority, isDirect, nowMs });
    const frame = encodeFlowOpen({ label, ttl: TTL_MAX, destination, protocol, body });
    const { lane } = end;
    if (!peer.enqueue(frameItem(frame, priority, lane))) throw queueFull(to);
    this.#add(end);
    return end;
  }

  opened(peer: Peer, frame: FlowOpenFrame, receivedMs: number): void {
    const { self } = this.#options;
    const isTaken = this.#ends.find(peer, frame.label) !== undefined || this.#relays.has(peer, frame.label);
    if (isTaken) return this.#refuse(peer, frame.label, FlowCloseCode.LIMIT);
    if (equalBytes(frame.destination, self)) return this.#openedToUs(peer, frame, receivedMs);
    const refusal = this.#relays.opened(peer, frame);
    if (refusal === undefined) this.#armIdle();
    else this.#refuse(peer, frame.label, refusal);
  }

  received(peer: Peer, frame: FlowFrame, receivedMs: number): void {
    const end = this.#ends.find(peer, frame.label);
    if (end === undefined) {
      if (this.#relays.has(peer, frame.label)) this.#relays.received(peer, frame);
      else this.#refuse(peer, frame.label, FlowCloseCode.REFUSED);
      return;
    }
    end.usedMs = this.#options.clock.monotonicMs();
    end.receive(frame, receivedMs);
  }

  closed(peer: Peer, frame: FlowCloseFrame): void {
    this.#relays.closed(peer, frame.label, frame.code);
    const end = this.#ends.find(peer, frame.label);
    if (end !== undefined) this.#remove(end, frame.code, true);
    this.#disarmIdle();
  }

  peerLost(peer: Peer): void {
    this.#relays.peerLost(peer);
    for (const end of this.#ends.meanings) {
      if (end.peer === peer) this.#remove(end, FlowCloseCode.LINK_LOST, true);
    }
    this.#disarmIdle();
  }

  /** Ends the flows of a protocol that is closed, or all that end here. */
  closeAll(protocol?: string): void {
    for (const end of this.#ends.meanings) {
      if (protocol === undefined || end.protocol === protocol)
        this.closeEnd(end, FlowCloseCode.ORDERLY, true);
    }
  }

  stop(): void {
    this.closeAll();
    this.#relays.stop();
    this.#disarmIdle();
  }

  closeEnd(end: FlowEnd, code: number, isOwn: boolean): void {
    const { peer, label, priority, lane } = end;
    peer.enqueue(frameItem(encodeFlowClose({ label, code }), priority, lane));
    this.#remove(end, code, !isOwn);
    this.#disarmIdle();
  }

  dropped(): void {
    this.#options.counters.add('flows:dropped');
  }

  /** The neighbour to go through; looks for one first where none is known. */
  async #way(to: NodeId, { via, signal }: FlowOptions): Promise<Peer | undefined> {
    const { forwarder } = this.#options;
    const known = forwarder.next(to, { via });
    if (known !== undefined) return known;
    const isFound = await withAbort(signal, forwarder.find(to, via));
    return isFound ? forwarder.next(to, { via }) : undefined;
  }

  #openedToUs(peer: Peer, frame: FlowOpenFrame, receivedMs: number): void {
    const { clock, handlers } = this.#options;
    const { label, protocol, body } = frame;
    const flow = handlers(protocol)?.flow;
    if (flow === undefined) return this.#refuse(peer, label, FlowCloseCode.REFUSED);
    if (!this.#places.hasRoom(peer)) return this.#refuse(peer, label, FlowCloseCode.LIMIT);
    // A relay would have taken one off.
    const [isDirect, nowMs] = [frame.ttl >= TTL_MAX, clock.monotonicMs()];
    const end = new FlowEnd({ keeper: this, peer, label, protocol, priority: 0, isDirect, nowMs });
    this.#add(end);
    this.isolated(() => flow.call(handlers(protocol), end, { via: peer.nodeId, body, receivedMs }));
    if (!end.isHandled) end.close(FlowCloseCode.REFUSED);
  }

  #refuse(peer: Peer, label: Uint8Array, code: number): void {
    peer.enqueue(frameItem(encodeFlowClose({ label, code }), PRIORITY.routine));
  }

  #add(end: FlowEnd): void {
    this.#ends.set(end.peer, end.label, end);
    this.#places.add(end.peer);
    this.#armIdle();
  }

  #remove(end: FlowEnd, code: number, tells: boolean): void {
    if (!this.#ends.delete(end.peer, end.label)) return;
    end.isClosed = true;
    this.#places.remove(end.peer);
    if (tells) end.ended(code);
  }

  #armIdle(): void {
    const { clock } = this.#options;
    this.#timer ??= clock.setTimer(FLOW_IDLE_MS / 4, () => {
      this.#timer = undefined;
      const oldestMs = clock.monotonicMs() - FLOW_IDLE_MS;
      for (const end of this.#ends.meanings) {
        if (end.usedMs < oldestMs) this.closeEnd(end, FlowCloseCode.IDLE, false);
      }
      this.#relays.endIdle(oldestMs);
      if (this.size > 0) this.#armIdle();
    });
  }

  #disarmIdle(): void {
    if (this.size > 0 || this.#timer === undefined) return;
    this.#options.clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }
}
