import { bytesToHex, equalBytes, type NodeId } from '@yakmesh/crypto';
import { parcelBytes, type BatchMessage, type Parcel } from '../envelope/batch.js';
import { EnvelopeClass, type Envelope } from '../envelope/envelope.js';
import { decodePayload } from '../envelope/payload.js';
import type { ReplayState } from '../envelope/replay-state.js';
import type { Arrival } from '../link/parcel-reader.js';
import type { Clock, GateVerdict, Guard, MessageInfo, Payload, Priority } from '../transport/index.js';
import type { Counters } from './counters.js';
import type { Peer } from './peer.js';
import { parcelItem } from './publisher.js';

/** Messages dealt with before the event loop gets a turn. */
const MESSAGES_PER_TURN = 128;

/** Where messages of a protocol go. */
export interface Subscriber {
  /** Undefined where the protocol has no gate: then its messages are relayed without being looked at. */
  readonly gate: ((payload: Payload, info: MessageInfo) => Promise<GateVerdict>) | undefined;
  message(payload: Payload, info: MessageInfo): void;
}

export interface RouterOptions {
  readonly self: NodeId;
  readonly selfBytes: Uint8Array;
  readonly clock: Clock;
  readonly guard: Guard;
  readonly counters: Counters;
  readonly replay: ReplayState;
  readonly peers: () => readonly Peer[];
  readonly subscriber: (protocol: string) => Subscriber | undefined;
}

interface Work {
  readonly from: Peer;
  readonly arrival: Arrival;
  readonly receivedMs: number;
  next: number;
  readonly fresh: BatchMessage[];
}

/** Takes verified messages: accepts each once, relays it to the other neighbours and gives it to its protocol. Floods, for now. */
export class Router {
  readonly #options: RouterOptions;
  readonly #work: Work[] = [];
  #isScheduled = false;

  constructor(options: RouterOptions) {
    this.#options = options;
  }

  receive(from: Peer, arrival: Arrival, receivedMs: number): void {
    this.#work.push({ from, arrival, receivedMs, next: 0, fresh: [] });
    if (!this.#isScheduled) this.#run();
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
      this.#finish(work);
    }
  }

  #take(work: Work, message: BatchMessage): void {
    const { guard, clock, counters, replay, selfBytes, self } = this.#options;
    const { envelope } = message;
    const { origin } = work.arrival.batch;
    if (origin === self) return counters.add('PEER_DUPLICATE');
    if (envelope.class === EnvelopeClass.ACK) return counters.add('PEER_UNKNOWN_FRAME');
    if (envelope.class === EnvelopeClass.DIRECT && !equalBytes(envelope.to, selfBytes)) {
      return counters.add('PEER_WRONG_DESTINATION');
    }
    const verdict = guard.message(origin, message.core.length, clock.monotonicMs());
    if (!verdict.allowed) return counters.add(verdict.code);
    if (!replay.mark(origin, envelope)) return counters.add('PEER_DUPLICATE');
    const subscriber = this.#options.subscriber(envelope.protocol);
    const payload = subscriber === undefined ? undefined : this.#payload(envelope, origin);
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

  #finish(work: Work): void {
    const { from, arrival, fresh } = work;
    if (fresh.length > 0) this.#relay(from, arrival, fresh);
    from.session.consumed(arrival.chargedBytes);
  }

  async #gated(
    work: Work,
    message: BatchMessage,
    subscriber: Subscriber,
    payload: Payload,
    info: MessageInfo,
  ): Promise<void> {
    const { counters, guard, clock } = this.#options;
    const verdict = (await subscriber.gate?.(payload, info)) ?? 'ignore';
    counters.add(`gate:${verdict}`);
    if (verdict === 'reject') {
      const { nodeId, session } = work.from;
      guard.report({ nodeId, address: session.address }, 'GATE_REJECTED', 5, clock.monotonicMs());
    }
    if (verdict !== 'forward') return;
    this.#relay(work.from, work.arrival, [message]);
    counters.add('messages:received');
    subscriber.message(payload, info);
  }

  #payload(envelope: Envelope, origin: NodeId): { readonly value: Payload } | undefined {
    const decoded = decodePayload(envelope.payload);
    if (decoded !== undefined) return decoded as { readonly value: Payload };
    this.#options.counters.add('PEER_BAD_PAYLOAD');
    const { guard, clock } = this.#options;
    guard.report({ nodeId: origin }, 'PEER_BAD_PAYLOAD', 10, clock.monotonicMs());
    return undefined;
  }

  /** A ttl of 0 has arrived at its last hop; it never wraps. */
  #relay(from: Peer, arrival: Arrival, messages: readonly BatchMessage[]): void {
    const { batch, ttl } = arrival;
    if (ttl === 0 || batch.use !== 'gossip') return;
    const isWhole = arrival.isWhole && messages.length === arrival.messages.length;
    // The lowest of them: a batch must not lift what its origin signed as routine.
    const priority = Math.min(...messages.map(({ envelope }) => envelope.priority));
    const parcel: Parcel = {
      batch,
      messages,
      isWhole,
      ttl: Math.min(ttl, 32) - 1,
      priority,
      bytes: parcelBytes(messages),
    };
    const { counters } = this.#options;
    for (const peer of this.#options.peers()) {
      if (peer === from || peer.nodeId === batch.origin || !peer.accepts(batch.networkHash)) continue;
      if (peer.enqueue(parcelItem(parcel))) counters.add('messages:relayed', messages.length);
      else counters.add('messages:relay-skipped', messages.length);
    }
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
