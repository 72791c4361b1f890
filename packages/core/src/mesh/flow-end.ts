import { bytesKey, type NodeId } from '@yakmesh/crypto';
import {
  ATTACHED_BYTES_MIN,
  ATTACHED_HEAD_BYTES_MAX,
  encodeFlow,
  encodeFlowAround,
  FLOW_OVERHEAD_BYTES,
  releaseFlow,
  type FlowFrame,
} from '../link/flow-frames.js';
import {
  FLOW_BODY_BYTES_MAX,
  FLOW_HEADROOM_BYTES,
  FLOW_NEIGHBOUR_QUEUE_BYTES_MAX,
  FLOW_QUEUE_BYTES_MAX,
  FLOW_SEALED_BODY_BYTES_MAX,
  type Flow,
  type FlowHandlers,
} from '../transport/index.js';
import type { Isolated } from './isolation.js';
import type { Peer } from './peer.js';

/** What an end needs of those that keep it. */
export interface FlowEndKeeper {
  readonly isolated: Isolated;
  closeEnd(end: FlowEnd, code: number, isOwn: boolean): void;
  dropped(): void;
}

export interface FlowEndOptions {
  readonly keeper: FlowEndKeeper;
  readonly peer: Peer;
  readonly label: Uint8Array;
  readonly protocol: string;
  readonly priority: number;
  /** The neighbour is the other end. */
  readonly isDirect: boolean;
  readonly nowMs: number;
}

/** One end of a flow, on this node. */
export class FlowEnd implements Flow {
  readonly peer: Peer;
  readonly label: Uint8Array;
  readonly protocol: string;
  readonly priority: number;
  readonly lane: string;
  readonly #keeper: FlowEndKeeper;
  readonly #isDirect: boolean;
  #handlers: FlowHandlers | undefined;
  #early: { body: Uint8Array; receivedMs: number; isCongested: boolean }[] = [];
  #earlyBytes = 0;
  #queuedBytes = 0;
  #isRefusing = false;
  #endCode: number | undefined;
  isClosed = false;
  usedMs: number;

  constructor({ keeper, peer, label, protocol, priority, isDirect, nowMs }: FlowEndOptions) {
    this.#keeper = keeper;
    this.peer = peer;
    this.label = label;
    this.protocol = protocol;
    this.priority = priority;
    this.#isDirect = isDirect;
    this.lane = flowLane(label);
    this.usedMs = nowMs;
  }

  get via(): NodeId {
    return this.peer.nodeId;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  get sealedBytesMax(): number {
    return this.#isDirect ? FLOW_SEALED_BODY_BYTES_MAX : FLOW_BODY_BYTES_MAX;
  }

  get isHandled(): boolean {
    return this.#handlers !== undefined;
  }

  handle(handlers: FlowHandlers): void {
    if (this.#handlers !== undefined) throw new TypeError('This flow has its handlers already.');
    this.#handlers = handlers;
    const early = this.#early;
    this.#early = [];
    for (const { body, ...info } of early) this.#keeper.isolated(() => handlers.message(body, info));
    if (this.#endCode !== undefined) this.ended(this.#endCode);
  }

  send(body: Uint8Array, sealedFrom?: number, released?: (body: Uint8Array) => void): boolean {
    const seal = sealedFrom !== undefined && sealedFrom <= ATTACHED_HEAD_BYTES_MAX ? sealedFrom : undefined;
    const most = seal === undefined ? FLOW_BODY_BYTES_MAX : this.sealedBytesMax;
    if (body.length > most) throw new RangeError(`This message of a flow may have at most ${most} bytes.`);
    const bytes = body.length + FLOW_OVERHEAD_BYTES;
    const isFull = this.#queuedBytes + bytes > this.#queueBytesMax;
    const isTaken = !this.isClosed && !isFull && this.#enqueue(body, bytes, seal, released);
    if (!isTaken) this.#isRefusing = true;
    return isTaken;
  }

  close(code = 0): void {
    if (this.isClosed) return;
    this.#keeper.closeEnd(this, code, true);
  }

  receive(frame: FlowFrame, receivedMs: number): void {
    const { body, isCongested } = frame;
    const handlers = this.#handlers;
    if (handlers !== undefined)
      return this.#keeper.isolated(() => handlers.message(body, { receivedMs, isCongested }));
    if (this.#earlyBytes + body.length > FLOW_QUEUE_BYTES_MAX) return this.#keeper.dropped();
    this.#earlyBytes += body.length;
    this.#early.push({ body: body.slice(), receivedMs, isCongested });
  }

  /** Not closed by us: whoever handles the flow hears of it, also when that comes later. */
  ended(code: number): void {
    const handlers = this.#handlers;
    if (handlers === undefined) this.#endCode = code;
    else this.#keeper.isolated(() => handlers.close?.(code));
  }

  get #queueBytesMax(): number {
    return this.#isDirect ? FLOW_NEIGHBOUR_QUEUE_BYTES_MAX : FLOW_QUEUE_BYTES_MAX;
  }

  #enqueue(
    body: Uint8Array,
    bytes: number,
    seal: number | undefined,
    released: ((body: Uint8Array) => void) | undefined,
  ): boolean {
    const isCopied = released === undefined || body.byteOffset < FLOW_HEADROOM_BYTES;
    const isCongested = 2 * this.#queuedBytes > this.#queueBytesMax;
    const message = { label: this.label, isCongested, body };
    const frame = isCopied ? encodeFlow(message) : encodeFlowAround(message);
    const onSent = (): void => {
      if (isCopied) releaseFlow(frame);
      else released(body);
      this.#queuedBytes -= bytes;
      const isNews = this.#isRefusing || this.#queuedBytes === 0;
      if (!isNews || this.isClosed) return;
      this.#isRefusing = false;
      this.#keeper.isolated(() => this.#handlers?.drain?.());
    };
    const { priority, lane } = this;
    // Behind a relay the same ciphertext on two links would tell whoever sees both that they carry one flow.
    const sealedFrom = this.#isDirect && body.length >= ATTACHED_BYTES_MIN ? seal : undefined;
    const item = { type: 'frame', frame, bytes: frame.length, priority, lane, sealedFrom, onSent } as const;
    const isTaken = this.peer.enqueue(item);
    if (isTaken) this.#queuedBytes += bytes;
    if (isCopied && isTaken) released?.(body);
    if (isCopied && !isTaken) releaseFlow(frame);
    return isTaken;
  }
}

/** Flows take turns on a link, and what belongs to one stays in order. */
export function flowLane(label: Uint8Array): string {
  return `flow ${bytesKey(label)}`;
}
