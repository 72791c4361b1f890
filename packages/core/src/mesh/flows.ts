import { decodeNodeId, type NodeId } from '@yakmesh/crypto';
import { bytesKey } from '../envelope/batch.js';
import {
  encodeFlow,
  encodeFlowClose,
  encodeFlowOpen,
  type FlowCloseFrame,
  type FlowFrame,
  type FlowOpenFrame,
} from '../link/flow-frames.js';
import {
  CodedError,
  FLOW_BODY_BYTES_MAX,
  FLOW_QUEUE_BYTES_MAX,
  TTL_MAX,
  type Clock,
  type Flow,
  type FlowHandlers,
  type FlowOptions,
  type ProtocolHandlers,
  type Random,
  type TimerHandle,
} from '../transport/index.js';
import type { Counters } from './counters.js';
import type { Isolated } from './isolation.js';
import type { Peer } from './peer.js';
import { queueFull, unreachable } from './publish-errors.js';

/** Flows through one neighbour, in both directions; a further one is refused. */
export const FLOWS_PER_PEER_MAX = 256;
/** Flows in all. */
export const FLOWS_MAX = 4_096;
/** A flow on which nothing passes for so long is closed. */
export const FLOW_IDLE_MS = 300_000;
/** Frame header, label and flags. */
const FLOW_OVERHEAD_BYTES = 13;

/** Codes of FLOW_CLOSE that the network itself uses. */
export const FlowCloseCode = {
  ORDERLY: 0,
  REFUSED: 1,
  LIMIT: 2,
  UNREACHABLE: 3,
  IDLE: 4,
  LINK_LOST: 5,
} as const;

export interface FlowsOptions {
  readonly self: Uint8Array;
  readonly clock: Clock;
  readonly random: Random;
  readonly counters: Counters;
  readonly isolated: Isolated;
  readonly peer: (nodeId: NodeId) => Peer | undefined;
  readonly handlers: (protocol: string) => ProtocolHandlers | undefined;
}

/** One end of a flow between neighbours. */
class FlowEnd implements Flow {
  readonly peer: Peer;
  readonly label: Uint8Array;
  readonly protocol: string;
  readonly #flows: Flows;
  readonly #priority: number;
  #handlers: FlowHandlers | undefined;
  #early: { body: Uint8Array; receivedMs: number; isCongested: boolean }[] = [];
  #earlyBytes = 0;
  #queuedBytes = 0;
  #isRefusing = false;
  #endCode: number | undefined;
  isClosed = false;
  usedMs: number;

  constructor(
    flows: Flows,
    peer: Peer,
    label: Uint8Array,
    protocol: string,
    priority: number,
    nowMs: number,
  ) {
    this.#flows = flows;
    this.peer = peer;
    this.label = label;
    this.protocol = protocol;
    this.#priority = priority;
    this.usedMs = nowMs;
  }

  get via(): NodeId {
    return this.peer.nodeId;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  get isHandled(): boolean {
    return this.#handlers !== undefined;
  }

  handle(handlers: FlowHandlers): void {
    if (this.#handlers !== undefined) throw new TypeError('This flow has its handlers already.');
    this.#handlers = handlers;
    const early = this.#early;
    this.#early = [];
    for (const { body, ...info } of early) this.#flows.isolated(() => handlers.message(body, info));
    if (this.#endCode !== undefined) this.ended(this.#endCode);
  }

  send(body: Uint8Array): boolean {
    if (body.length > FLOW_BODY_BYTES_MAX)
      throw new RangeError(`A flow's message has at most ${FLOW_BODY_BYTES_MAX} bytes.`);
    const bytes = body.length + FLOW_OVERHEAD_BYTES;
    const isFull = this.#queuedBytes + bytes > FLOW_QUEUE_BYTES_MAX;
    const isTaken = !this.isClosed && !isFull && this.#enqueue(body, bytes);
    if (!isTaken) this.#isRefusing = true;
    return isTaken;
  }

  close(code = 0): void {
    if (this.isClosed) return;
    this.#flows.closeEnd(this, code, true);
  }

  receive(frame: FlowFrame, receivedMs: number): void {
    const { body, isCongested } = frame;
    const handlers = this.#handlers;
    if (handlers !== undefined)
      return this.#flows.isolated(() => handlers.message(body, { receivedMs, isCongested }));
    if (this.#earlyBytes + body.length > FLOW_QUEUE_BYTES_MAX) return this.#flows.dropped();
    this.#earlyBytes += body.length;
    this.#early.push({ body: body.slice(), receivedMs, isCongested });
  }

  /** Not closed by us: whoever handles the flow hears of it, also when that comes later. */
  ended(code: number): void {
    const handlers = this.#handlers;
    if (handlers === undefined) this.#endCode = code;
    else this.#flows.isolated(() => handlers.close?.(code));
  }

  #enqueue(body: Uint8Array, bytes: number): boolean {
    const frame = encodeFlow({
      label: this.label,
      isCongested: 2 * this.#queuedBytes > FLOW_QUEUE_BYTES_MAX,
      body,
    });
    const onSent = (): void => {
      this.#queuedBytes -= bytes;
      if (!this.#isRefusing || this.isClosed) return;
      this.#isRefusing = false;
      this.#flows.isolated(() => this.#handlers?.drain?.());
    };
    const isTaken = this.peer.enqueue({
      type: 'frame',
      frame,
      bytes: frame.length,
      priority: this.#priority,
      onSent,
    });
    if (isTaken) this.#queuedBytes += bytes;
    return isTaken;
  }
}

/** Flows with neighbours: labels chosen by the opener, no source on the wire. */
export class Flows {
  readonly #options: FlowsOptions;
  readonly #ends = new Map<string, FlowEnd>();
  readonly #perPeer = new Map<NodeId, number>();
  #timer: TimerHandle | undefined;

  constructor(options: FlowsOptions) {
    this.#options = options;
  }

  get isolated(): Isolated {
    return this.#options.isolated;
  }

  get size(): number {
    return this.#ends.size;
  }

  open(to: NodeId, protocol: string, options: FlowOptions): Flow {
    const { clock, random } = this.#options;
    const peer = this.#options.peer(options.via ?? to);
    const destination = decodeNodeId(to);
    if (peer === undefined || destination === undefined || peer.nodeId !== to) {
      throw unreachable(to);
    }
    const body = options.body ?? new Uint8Array(0);
    if (body.length > FLOW_BODY_BYTES_MAX)
      throw new RangeError(`A flow opens with at most ${FLOW_BODY_BYTES_MAX} bytes.`);
    if (!this.#hasRoom(peer))
      throw new CodedError('FLOW_LIMIT', 'Too many flows are open; close some first.');
    const end = new FlowEnd(
      this,
      peer,
      random.bytes(8),
      protocol,
      options.priority ?? 0,
      clock.monotonicMs(),
    );
    const frame = encodeFlowOpen({ label: end.label, ttl: TTL_MAX, destination, protocol, body });
    if (!peer.enqueue({ type: 'frame', frame, bytes: frame.length, priority: options.priority ?? 0 })) {
      throw queueFull(to);
    }
    this.#add(end);
    return end;
  }

  opened(peer: Peer, frame: FlowOpenFrame, receivedMs: number): void {
    const { self, clock, handlers } = this.#options;
    const isOurs = frame.destination.every((byte, index) => byte === self[index]);
    const flow = isOurs ? handlers(frame.protocol)?.flow : undefined;
    if (flow === undefined)
      return this.#refuse(peer, frame.label, isOurs ? FlowCloseCode.REFUSED : FlowCloseCode.UNREACHABLE);
    if (!this.#hasRoom(peer) || this.#ends.has(endKey(peer, frame.label))) {
      return this.#refuse(peer, frame.label, FlowCloseCode.LIMIT);
    }
    const end = new FlowEnd(this, peer, frame.label, frame.protocol, 0, clock.monotonicMs());
    this.#add(end);
    this.isolated(() =>
      flow.call(handlers(frame.protocol), end, { via: peer.nodeId, body: frame.body, receivedMs }),
    );
    if (!end.isHandled) end.close(FlowCloseCode.REFUSED);
  }

  received(peer: Peer, frame: FlowFrame, receivedMs: number): void {
    const end = this.#ends.get(endKey(peer, frame.label));
    if (end === undefined) return this.#refuse(peer, frame.label, FlowCloseCode.REFUSED);
    end.usedMs = this.#options.clock.monotonicMs();
    end.receive(frame, receivedMs);
  }

  closed(peer: Peer, frame: FlowCloseFrame): void {
    const end = this.#ends.get(endKey(peer, frame.label));
    if (end !== undefined) this.#remove(end, frame.code, true);
  }

  peerLost(peer: Peer): void {
    for (const end of [...this.#ends.values()]) {
      if (end.peer === peer) this.#remove(end, FlowCloseCode.LINK_LOST, true);
    }
  }

  /** Ends the flows of a protocol that is closed, or all. */
  closeAll(protocol?: string): void {
    for (const end of [...this.#ends.values()]) {
      if (protocol === undefined || end.protocol === protocol)
        this.closeEnd(end, FlowCloseCode.ORDERLY, true);
    }
  }

  closeEnd(end: FlowEnd, code: number, isOwn: boolean): void {
    this.#refuse(end.peer, end.label, code);
    this.#remove(end, code, !isOwn);
  }

  dropped(): void {
    this.#options.counters.add('flows:dropped');
  }

  #refuse(peer: Peer, label: Uint8Array, code: number): void {
    const frame = encodeFlowClose({ label, code });
    peer.enqueue({ type: 'frame', frame, bytes: frame.length, priority: 0 });
  }

  #hasRoom(peer: Peer): boolean {
    return this.#ends.size < FLOWS_MAX && (this.#perPeer.get(peer.nodeId) ?? 0) < FLOWS_PER_PEER_MAX;
  }

  #add(end: FlowEnd): void {
    this.#ends.set(endKey(end.peer, end.label), end);
    this.#perPeer.set(end.via, (this.#perPeer.get(end.via) ?? 0) + 1);
    this.#armIdle();
  }

  #remove(end: FlowEnd, code: number, tells: boolean): void {
    if (!this.#ends.delete(endKey(end.peer, end.label))) return;
    end.isClosed = true;
    const left = (this.#perPeer.get(end.via) ?? 1) - 1;
    if (left === 0) this.#perPeer.delete(end.via);
    else this.#perPeer.set(end.via, left);
    if (this.#ends.size === 0 && this.#timer !== undefined) {
      this.#options.clock.clearTimer(this.#timer);
      this.#timer = undefined;
    }
    if (tells) end.ended(code);
  }

  #armIdle(): void {
    const { clock } = this.#options;
    this.#timer ??= clock.setTimer(FLOW_IDLE_MS / 4, () => {
      this.#timer = undefined;
      const oldestMs = clock.monotonicMs() - FLOW_IDLE_MS;
      for (const end of [...this.#ends.values()]) {
        if (end.usedMs < oldestMs) this.closeEnd(end, FlowCloseCode.IDLE, false);
      }
      if (this.#ends.size > 0) this.#armIdle();
    });
  }
}

function endKey(peer: Peer, label: Uint8Array): string {
  return `${peer.nodeId}${bytesKey(label)}`;
}
