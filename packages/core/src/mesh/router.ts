import { equalBytes, type NodeId } from '@yakmesh/crypto';
import type { BatchMessage } from '../envelope/batch.js';
import { HopFlag } from '../envelope/hop-flags.js';
import { EnvelopeClass, MESSAGE_ID_BYTES, type Envelope } from '../envelope/envelope.js';
import { decodePayload } from '../envelope/payload.js';
import type { ReplayState } from '../envelope/replay-state.js';
import type { PeerFaultCode } from '../errors.js';
import type { Arrival } from '../link/parcel-actions.js';
import type { Clock, Guard, MessageInfo, Payload } from '../transport/index.js';
import { HeldMessage, heldAlone, isTreeCopy, messageInfo, type Work } from './arrival-work.js';
import type { Counters } from './counters.js';
import type { Deliveries } from './deliveries.js';
import type { Forwarder } from './forwarder.js';
import { HeldMessages } from './held-messages.js';
import type { PeerSession } from './link-layer.js';
import type { Refusal } from './origin-lines.js';
import type { Peer } from './peer.js';
import type { Receipts } from './receipts.js';
import { Repetitions } from './repetitions.js';
import type { Reports } from './reports.js';
import type { Spreader } from './spreader.js';
import type { Subscriber } from './subscriber.js';

/** Messages dealt with before the event loop gets a turn. */
const MESSAGES_PER_TURN = 128;

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
  readonly deliveries: Deliveries;
  readonly receipts: Receipts;
  readonly subscriber: (protocol: string) => Subscriber | undefined;
}

/** Takes verified messages: accepts each once, has it relayed, and gives it to its protocol. */
export class Router {
  readonly #options: RouterOptions;
  readonly #held: HeldMessages<HeldMessage>;
  readonly #repetitions = new Repetitions();
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
    const isAdopted = arrival.batch.use === 'direct' && this.#heard(from, arrival);
    this.#work.push({
      from,
      session,
      arrival,
      receivedMs,
      next: 0,
      held: 0,
      copies: 0,
      fresh: [],
      transit: [],
      isAdopted,
    });
    if (!this.#isScheduled) this.#run();
  }

  /** A neighbour sent copies of what is known: the link ends when they are too many. */
  repeated(from: Peer, count: number): void {
    const { clock, counters } = this.#options;
    if (this.#repetitions.heardAgain(from, count, clock.monotonicMs())) return;
    counters.add('PEER_REPEATS');
    from.session.close('LINK_FLOOD');
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
    const { clock, counters, replay, selfBytes, self } = this.#options;
    const { envelope } = message;
    const { origin } = work.arrival.batch;
    if (origin === self) return this.#copy(work);
    if (envelope.class !== EnvelopeClass.BROADCAST && !equalBytes(envelope.to, selfBytes)) {
      work.transit.push(message);
      return;
    }
    // Read only, so that a copy costs its origin nothing of what it may send.
    const fault = replay.check(origin, envelope, clock.nowMs());
    if (fault !== undefined) return this.#refused(work, message, fault);
    if (envelope.class === EnvelopeClass.ACK) return this.#acknowledged(work, envelope);
    if (this.#isAsked(work, envelope)) {
      if (this.#isBanned(work)) return counters.add('GUARD_BANNED');
    } else {
      const refusal = this.#held.refusal(origin, message.core.length);
      if (refusal !== undefined) return this.#hold(work, message, refusal);
    }
    if (!replay.mark(origin, envelope)) return this.#copy(work);
    this.#repetitions.heardNew();
    this.#accept(work, message);
  }

  #copy(work: Work): void {
    work.copies += 1;
    this.#options.counters.add('PEER_DUPLICATE');
    this.repeated(work.from, 1);
  }

  /** What we asked for is bounded where it is asked for, and takes nothing from what its origin may say now. */
  #isAsked({ from, arrival }: Work, envelope: Envelope): boolean {
    if ((arrival.flags & HopFlag.REPAIR) === 0) return false;
    return this.#options.spreader.isAsked(from, arrival.batch, envelope);
  }

  #isBanned({ from, arrival }: Work): boolean {
    const { guard, clock } = this.#options;
    const link = {
      nodeId: arrival.batch.origin,
      address: from.session.address,
      direction: 'outbound',
    } as const;
    return guard.peer?.(link, clock.monotonicMs()).allowed === false;
  }

  #heard(from: Peer, arrival: Arrival): boolean {
    const { selfBytes, forwarder } = this.#options;
    const isGoingOn = arrival.messages.some(({ envelope }) => !equalBytes(envelope.to, selfBytes));
    return forwarder.heard(from, arrival, isGoingOn);
  }

  /** Of a copy the acknowledgement may have been lost. */
  #refused(work: Work, { envelope, id }: BatchMessage, fault: PeerFaultCode): void {
    const { counters, receipts } = this.#options;
    if (fault !== 'PEER_DUPLICATE') return counters.add(fault);
    this.#copy(work);
    const { arrival } = work;
    const isWanted = envelope.class === EnvelopeClass.DIRECT && (arrival.flags & HopFlag.ACK_WANTED) !== 0;
    if (isWanted) receipts.repeated(arrival.batch.origin, envelope.protocol, id);
  }

  #acknowledged(work: Work, envelope: Envelope): void {
    const { replay, counters, deliveries } = this.#options;
    const { origin } = work.arrival.batch;
    if (!replay.mark(origin, envelope)) return this.#copy(work);
    this.#repetitions.heardNew();
    const ids = decodePayload(envelope.payload)?.value;
    const isWhole = ids instanceof Uint8Array && ids.length > 0 && ids.length % MESSAGE_ID_BYTES === 0;
    if (!isWhole) return counters.add('PEER_BAD_PAYLOAD');
    if (deliveries.acknowledged(origin, ids) === 0) counters.add('acknowledgements:unasked');
  }

  /** Marked at once, so that no copy waits beside it; what cannot wait is not marked, so that its origin's own copy may come in time. */
  #hold(work: Work, message: BatchMessage, refusal: Refusal): void {
    const { replay } = this.#options;
    const held = new HeldMessage(work, message);
    if (!this.#held.canHold(held, refusal)) return;
    if (!replay.mark(held.origin, message.envelope)) return this.#copy(work);
    this.#repetitions.heardNew();
    if (held.isCovered) {
      work.held += 1;
      return this.#held.hold(held, refusal);
    }
    this.#held.hold(heldAlone(work, message), refusal);
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
    const { spreader, forwarder } = this.#options;
    if (fresh.length > 0) spreader.relay(from, arrival, fresh);
    else if (isTreeCopy(work)) spreader.duplicate(from);
    const transit = work.transit;
    work.transit = [];
    if (transit.length > 0) forwarder.forward(from, arrival, transit, work.isAdopted);
    if (held === 0 && next === arrival.messages.length && arrival.chargedBytes > 0)
      session.consumed(arrival.chargedBytes);
  }

  #accept(work: Work, message: BatchMessage): void {
    const { envelope } = message;
    const subscriber = this.#options.subscriber(envelope.protocol);
    const payload = subscriber === undefined ? undefined : this.#payload(envelope, work.arrival.batch.origin);
    const info = messageInfo(work, message);
    if (subscriber?.gate !== undefined && payload !== undefined) {
      void this.#gated(work, message, subscriber, payload.value, info);
      return;
    }
    if (envelope.class === EnvelopeClass.BROADCAST) work.fresh.push(message);
    if (subscriber === undefined || payload === undefined) return;
    this.#deliver(work, message, subscriber, payload.value, info);
  }

  #deliver(
    { arrival }: Work,
    { envelope, id }: BatchMessage,
    subscriber: Subscriber,
    payload: Payload,
    info: MessageInfo,
  ): void {
    this.#options.counters.add('messages:received');
    subscriber.message(payload, info);
    if (envelope.class === EnvelopeClass.DIRECT && (arrival.flags & HopFlag.ACK_WANTED) !== 0)
      this.#options.receipts.delivered(arrival.batch.origin, envelope.protocol, id);
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
    if (info.kind === 'broadcast') spreader.relay(work.from, work.arrival, [message]);
    this.#deliver(work, message, subscriber, payload, info);
  }

  #payload(envelope: Envelope, origin: NodeId): { readonly value: Payload } | undefined {
    const decoded = decodePayload(envelope.payload);
    if (decoded !== undefined) return decoded as { readonly value: Payload };
    this.#options.counters.add('PEER_BAD_PAYLOAD');
    this.#options.reports.node(origin, 'PEER_BAD_PAYLOAD', 10);
    return undefined;
  }
}
