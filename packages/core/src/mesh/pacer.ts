import type { NodeId } from '@yakmesh/crypto';
import type { Parcel } from '../envelope/batch.js';
import { parcelItem } from '../link/send-queue.js';
import type { Clock, TimerHandle } from '../transport/index.js';
import type { Counters } from './counters.js';
import type { Peer } from './peer.js';

/** Least time between two looks at what waits: at a high limit a few messages leave together, and share a record. */
const LOOK_MS_MIN = 10;
/** After a full queue, or where a neighbour is suspect, it is tried again this much later. */
const RETRY_MS = 50;

export interface PacerOptions {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly peer: (nodeId: NodeId) => Peer | undefined;
}

/** Sends our own messages to the neighbours, to none of them faster than it has announced that it takes them. */
export class Pacer {
  readonly #options: PacerOptions;
  readonly #waiting = new Set<Peer>();
  #timer: TimerHandle | undefined;
  #atMs = Infinity;

  constructor(options: PacerOptions) {
    this.#options = options;
  }

  /** Queues a parcel now or when the neighbour's limit admits it; false when too much waits for it: nothing was taken. */
  send(peer: Peer, parcel: Parcel): boolean {
    const { pace, session } = peer;
    pace.limitTo(peer.messagesPerSecond);
    if (!pace.isLimited && pace.messages === 0) return peer.enqueue(parcelItem(parcel));
    if (!session.canQueue || !pace.push(parcel, session.queuedBytes)) return false;
    this.#release(peer);
    const late = Math.min(parcel.messages.length, pace.messages);
    if (late > 0) this.#options.counters.add('messages:paced', late);
    return true;
  }

  /** Ends all waiting. */
  stop(): void {
    for (const peer of this.#waiting) this.#forget(peer);
    this.#disarm();
  }

  #release(peer: Peer): void {
    const { clock } = this.#options;
    const { pace } = peer;
    const nowMs = clock.monotonicMs();
    pace.limitTo(peer.messagesPerSecond);
    // What a neighbour that does not answer gets now would reach it in one heap later.
    let isTaken = !peer.isSuspect;
    for (let parcel = pace.peek(nowMs); isTaken && parcel !== undefined; parcel = pace.peek(nowMs)) {
      isTaken = peer.enqueue(parcelItem(parcel));
      if (isTaken) pace.sent(parcel, nowMs);
    }
    if (pace.messages === 0) {
      this.#waiting.delete(peer);
      return;
    }
    this.#waiting.add(peer);
    this.#arm(isTaken ? Math.max(LOOK_MS_MIN, pace.retryAfterMs(nowMs)) : RETRY_MS);
  }

  #look(): void {
    this.#timer = undefined;
    this.#atMs = Infinity;
    for (const peer of [...this.#waiting]) {
      if (this.#options.peer(peer.nodeId) === peer) this.#release(peer);
      else this.#forget(peer);
    }
  }

  /** The neighbour is gone, and what waited for it with it, as what its queue held is. */
  #forget(peer: Peer): void {
    this.#waiting.delete(peer);
    this.#options.counters.add('messages:unsent', peer.pace.clear());
  }

  #arm(delayMs: number): void {
    const { clock } = this.#options;
    const atMs = clock.monotonicMs() + delayMs;
    if (atMs >= this.#atMs) return;
    this.#disarm();
    this.#atMs = atMs;
    this.#timer = clock.setTimer(Math.ceil(delayMs), () => this.#look());
  }

  #disarm(): void {
    if (this.#timer !== undefined) this.#options.clock.clearTimer(this.#timer);
    this.#timer = undefined;
    this.#atMs = Infinity;
  }
}
