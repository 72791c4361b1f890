import { bytesToHex, equalBytes, type NodeId } from '@yakmesh/crypto';
import type { Batch, BatchMessage } from '../envelope/batch.js';
import { EnvelopeClass, type Envelope } from '../envelope/envelope.js';
import { decodePayload } from '../envelope/payload.js';
import type { ReplayState } from '../envelope/replay-state.js';
import { detached } from '../link/parcel-check.js';
import type { Arrival } from '../link/parcel-reader.js';
import type { Clock, GateVerdict, Guard, MessageInfo, Payload, Priority } from '../transport/index.js';
import type { Counters } from './counters.js';
import type { Forwarder } from './forwarder.js';
import { HeldMessages } from './held-messages.js';
import type { PeerSession } from './link-layer.js';
import type { Held, Refusal } from './origin-lines.js';
import type { Peer } from './peer.js';
import type { Reports } from './reports.js';
import type { Spreader } from './spreader.js';

/** Messages dealt with before the event loop gets a turn. */
const MESSAGES_PER_TURN = 128;

/** A message with what proves it: for protocols of core itself that keep the proof. */
export interface SignedMessage {
  readonly batch: Batch;
  readonly message: BatchMessage;
}

/** Where messages of a protocol go. */
export interface Subscriber {
  /** Undefined where the protocol has no gate: then its messages are relayed without being looked at. */
  readonly gate:
    ((payload: Payload, info: MessageInfo, signed: SignedMessage) => Promise<GateVerdict>) | undefined;
  message(payload: Payload, info: MessageInfo): void;
}

export interface RouterOptions {
  readonly self: NodeId;
  readonly selfBytes: Uint8Array;
  readonly clock: Clock;
  readonly guard: Guard;
  readonly counters: Counters;
  readonly reports: Reports;
  readonly replay: ReplayState;
  readonly spreader: Spreader;
  readonly forwarder: Forwarder;
  readonly subscriber: (protocol: string) => Subscriber | undefined;
}

interface Work {
  readonly from: Peer;
  /** Whose credit the arrival holds. */
  readonly session: PeerSession;
  readonly arrival: Arrival;
  readonly receivedMs: number;
  next: number;
  /** Messages of it that wait for their origin's allowance. */
  held: number;
  fresh: BatchMessage[];
}

/** A message that waits for its origin's allowance. */
class HeldMessage implements Held {
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

/** Takes verified messages: accepts each once, has it relayed, and gives it to its protocol. */
export class Router {
  readonly #options: RouterOptions;
  readonly #held: HeldMessages<HeldMessage>;
  readonly #work: Work[] = [];
  #isScheduled = false;

  constructor(options: RouterOptions) {
    this.#options = options;
    const { clock, guard, counters } = options;
    this.#held = new HeldMessages({
      clock,
      guard,
      counters,
      release: (items) => this.#release(items),
      dropped: (item) => this.#dealt(item),
    });
  }

  receive(from: Peer, arrival: Arrival, receivedMs: number, session: PeerSession): void {
    this.#work.push({ from, session, arrival, receivedMs, next: 0, held: 0, fresh: [] });
    if (!this.#isScheduled) this.#run();
  }

  /** Lets go of what waits for its origin's allowance. */
  stop(): void {
    this.#held.stop();
  }

  /** A slice at a time, in the order of arrival. What waits is bounded by the links' credit. */
  #run(): void {
    this.#isScheduled = false;
    let budget = MESSAGES_PER_TURN;
    for (let work = this.#work[0]; work !== undefined; work = this.#work[0]) {
      const { messages } = work.arrival;
      while (work.next < messages.length && budget > 0) {
        const message = messages[work.next];
        work.next += 1;
        budget -= 1;
        if (message !== undefined) this.#take(work, message);
      }
      if (work.next < messages.length) {
        this.#isScheduled = true;
        this.#options.clock.defer(() => this.#run());
        return;
      }
      this.#work.shift();
      this.#settle(work);
    }
  }

  #take(work: Work, message: BatchMessage): void {
    const { clock, counters, replay, selfBytes, self, forwarder } = this.#options;
    const { envelope } = message;
    const { origin } = work.arrival.batch;
    if (origin === self) return counters.add('PEER_DUPLICATE');
    if (envelope.class === EnvelopeClass.ACK) return counters.add('PEER_UNKNOWN_FRAME');
    if (envelope.class === EnvelopeClass.DIRECT && !equalBytes(envelope.to, selfBytes)) {
      return forwarder.forward(work.from, work.arrival, message);
    }
    // Read only, so that a copy costs its origin nothing of what it may send.
    const fault = replay.check(origin, envelope, clock.nowMs());
    if (fault !== undefined) return counters.add(fault);
    const refusal = this.#held.refusal(origin, message.core.length);
    if (refusal !== undefined) return this.#hold(work, message, refusal);
    if (!replay.mark(origin, envelope)) return counters.add('PEER_DUPLICATE');
    this.#accept(work, message);
  }

  /** Marked at once, so that no copy waits beside it; what cannot wait is not marked, so that its origin's own copy may come in time. */
  #hold(work: Work, message: BatchMessage, refusal: Refusal): void {
    const { replay, counters } = this.#options;
    const held = new HeldMessage(work, message);
    if (!this.#held.canHold(held, refusal)) return;
    if (!replay.mark(held.origin, message.envelope)) return counters.add('PEER_DUPLICATE');
    if (held.isCovered) {
      work.held += 1;
      return this.#held.hold(held, refusal);
    }
    // Its neighbour gets its credit back, so the rest of the arrival must not stay in memory with it.
    const own = detached(message);
    const arrival = { ...work.arrival, messages: [own], isWhole: false, chargedBytes: 0 };
    this.#held.hold(new HeldMessage({ ...work, arrival, next: 1, held: 1, fresh: [] }, own), refusal);
  }

  /** Messages of one origin may go on; they are relayed together as they came together. */
  #release(items: readonly HeldMessage[]): void {
    const { clock, counters } = this.#options;
    const nowMs = clock.nowMs();
    for (const [index, item] of items.entries()) {
      const { work, message } = item;
      const { timeMs, lifeSeconds } = message.envelope;
      if (nowMs > timeMs + lifeSeconds * 1_000) counters.add('PEER_EXPIRED');
      else this.#accept(work, message);
      if (items[index + 1]?.work === work) work.held -= 1;
      else this.#dealt(item);
    }
  }

  /** A message that waited is dealt with. */
  #dealt({ work }: HeldMessage): void {
    work.held -= 1;
    this.#settle(work);
  }

  /** Relays what is fresh, and returns the credit of an arrival of which nothing is left to deal with. */
  #settle(work: Work): void {
    const { from, session, arrival, next, held } = work;
    const fresh = work.fresh;
    work.fresh = [];
    if (fresh.length > 0) this.#options.spreader.relay(from, arrival, fresh);
    if (held === 0 && next === arrival.messages.length && arrival.chargedBytes > 0)
      session.consumed(arrival.chargedBytes);
  }

  #accept(work: Work, message: BatchMessage): void {
    const { counters } = this.#options;
    const { envelope } = message;
    const subscriber = this.#options.subscriber(envelope.protocol);
    const payload = subscriber === undefined ? undefined : this.#payload(envelope, work.arrival.batch.origin);
    const info = messageInfo(work, message);
    if (subscriber?.gate !== undefined && payload !== undefined) {
      void this.#gated(work, message, subscriber, payload.value, info);
      return;
    }
    work.fresh.push(message);
    if (subscriber === undefined || payload === undefined) return;
    counters.add('messages:received');
    subscriber.message(payload.value, info);
  }

  async #gated(
    work: Work,
    message: BatchMessage,
    subscriber: Subscriber,
    payload: Payload,
    info: MessageInfo,
  ): Promise<void> {
    const { counters, reports, spreader } = this.#options;
    const verdict =
      (await subscriber.gate?.(payload, info, { batch: work.arrival.batch, message })) ?? 'ignore';
    counters.add(`gate:${verdict}`);
    if (verdict === 'reject') reports.node(work.from.nodeId, 'GATE_REJECTED', 5);
    if (verdict !== 'forward') return;
    spreader.relay(work.from, work.arrival, [message]);
    counters.add('messages:received');
    subscriber.message(payload, info);
  }

  #payload(envelope: Envelope, origin: NodeId): { readonly value: Payload } | undefined {
    const decoded = decodePayload(envelope.payload);
    if (decoded !== undefined) return decoded as { readonly value: Payload };
    this.#options.counters.add('PEER_BAD_PAYLOAD');
    this.#options.reports.node(origin, 'PEER_BAD_PAYLOAD', 10);
    return undefined;
  }
}

function messageInfo(work: Work, message: BatchMessage): MessageInfo {
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
