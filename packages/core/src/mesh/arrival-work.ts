import { bytesToHex, type NodeId } from '@yakmesh/crypto';
import type { BatchMessage } from '../envelope/batch.js';
import { EnvelopeClass } from '../envelope/envelope.js';
import { HopFlag } from '../envelope/hop-flags.js';
import { detached } from '../link/parcel-check.js';
import type { Arrival } from '../link/parcel-actions.js';
import type { MessageInfo, Priority } from '../transport/index.js';
import type { PeerSession } from './link-layer.js';
import type { Held } from './origin-lines.js';
import type { Peer } from './peer.js';

/** An arrival that the router deals with, one message after the other. */
export interface Work {
  readonly from: Peer;
  /** Whose credit the arrival holds. */
  readonly session: PeerSession;
  readonly arrival: Arrival;
  readonly receivedMs: number;
  next: number;
  /** Messages of it that wait for their origin's allowance. */
  held: number;
  /** Messages of it that were here before. */
  copies: number;
  fresh: BatchMessage[];
  /** Messages of it for other nodes. */
  transit: BatchMessage[];
  /** Whether the way back to its origin is taken up, as those that go on may say. */
  readonly isAdopted: boolean;
}

/** A message that waits for its origin's allowance. */
export class HeldMessage implements Held {
  readonly work: Work;
  readonly message: BatchMessage;
  readonly #isOwn: boolean;

  constructor(work: Work, message: BatchMessage) {
    this.work = work;
    this.message = message;
    this.#isOwn = work.arrival.batch.origin === work.from.nodeId;
  }

  get origin(): NodeId {
    return this.work.arrival.batch.origin;
  }

  get bytes(): number {
    return this.message.core.length;
  }

  get isCovered(): boolean {
    return this.#isOwn && !this.work.session.isClosed;
  }
}

/** A message that waits although its neighbour gets the arrival's credit back: the rest of it must not stay in memory with it. */
export function heldAlone(work: Work, message: BatchMessage): HeldMessage {
  const own = detached(message);
  const arrival = { ...work.arrival, messages: [own], isWhole: false, chargedBytes: 0 };
  return new HeldMessage({ ...work, arrival, next: 1, held: 1, copies: 0, fresh: [], transit: [] }, own);
}

/** All of it came along the tree and was here before. */
export function isTreeCopy({ arrival, copies }: Work): boolean {
  const { batch, flags = 0, messages } = arrival;
  const isTree = batch.use === 'gossip' && (flags & (HopFlag.FLOOD | HopFlag.REPAIR)) === 0;
  return isTree && copies === messages.length;
}

export function messageInfo(work: Work, message: BatchMessage): MessageInfo {
  const { envelope, id } = message;
  return {
    kind: envelope.class === EnvelopeClass.BROADCAST ? 'broadcast' : 'direct',
    from: work.arrival.batch.origin,
    via: work.from.nodeId,
    id: bytesToHex(id),
    priority: Math.min(4, envelope.priority) as Priority,
    epoch: envelope.epoch,
    sequence: envelope.sequence,
    timeMs: envelope.timeMs,
    lifeMs: envelope.lifeSeconds * 1_000,
    receivedMs: work.receivedMs,
  };
}
