import { bytesKey, encodeNodeId, type NodeId } from '@yakmesh/crypto';
import type { Batch, BatchMessage, Parcel } from '../envelope/batch.js';
import type { Envelope } from '../envelope/envelope.js';
import { HopFlag } from '../envelope/hop-flags.js';
import type { ReplayState } from '../envelope/replay-state.js';
import type { Arrival } from '../link/parcel-actions.js';
import { entriesOf, type Retention } from '../retention/retention.js';
import {
  BoundedMap,
  PRIORITY,
  runMachine,
  type Clock,
  type FrameInfo,
  type MachineRunner,
  type Priority,
  type ProtocolPort,
  type Random,
} from '../transport/index.js';
import { decodeTreeMessage, encodeTreeMessage, TREE_PROTOCOL, type Entry } from '../tree/messages.js';
import { lowest, type Spans } from '../tree/spans.js';
import type { TreeAction } from '../tree/tree-actions.js';
import { TreeMachine } from '../tree/tree-machine.js';
import { GRAFTED_MESSAGES_MAX } from '../tree/tree-limits.js';
import type { Counters } from './counters.js';
import { Flood, relayed } from './flood.js';
import { OwnAnnouncements } from './own-announcements.js';
import type { Pacer } from './pacer.js';
import type { Peer } from './peer.js';
import type { ProtocolRegistry } from './protocol-registry.js';
import { RelayLimits } from './relay-limits.js';
import type { Sending, Spreader } from './spreader.js';
import { Supplier } from './supplier.js';

/** Node ids in text for as many origins as a busy mesh announces at once. */
const NAMES_MAX = 4_096;

export interface TreeSpreaderOptions {
  readonly self: NodeId;
  readonly selfBytes: Uint8Array;
  readonly clock: Clock;
  readonly random: Random;
  readonly counters: Counters;
  readonly pacer: Pacer;
  readonly replay: ReplayState;
  readonly retention: Retention;
  readonly retentionMs: number;
  /** Messages of one origin that this node takes in a second; 0 for no limit. */
  readonly messagesPerSecond: number;
  readonly peers: () => readonly Peer[];
  readonly peer: (nodeId: NodeId) => Peer | undefined;
}

/** Spreads broadcasts along a tree, keeps them for whoever has missed some, and fetches what this node has missed. */
export class TreeSpreader implements Spreader {
  readonly #options: TreeSpreaderOptions;
  readonly #machine: TreeMachine;
  readonly #runner: MachineRunner<TreeMachine, TreeAction>;
  readonly #flood: Flood;
  readonly #supplier: Supplier;
  readonly #own: OwnAnnouncements;
  readonly #names = new BoundedMap<string, NodeId>(NAMES_MAX, { touchOnGet: true });
  #port: ProtocolPort | undefined;

  constructor(options: TreeSpreaderOptions) {
    this.#options = options;
    const { clock, random, counters, pacer, peer, replay, retention } = options;
    this.#machine = new TreeMachine({
      self: options.selfBytes,
      random,
      lacking: (origin, epoch, spans) => this.#lacking(origin, epoch, spans),
      holdings: () => {
        retention.expire(clock.monotonicMs());
        return retention.holdings;
      },
      digest: (untilMs) => retention.digest(untilMs),
      refusedUntilMs: () => Math.max(0, Math.floor(replay.unknownFloorMs)),
      wallMs: () => clock.nowMs(),
      messagesPerSecond: options.messagesPerSecond,
      retentionMs: options.retentionMs,
    });
    this.#runner = runMachine(this.#machine, {
      clock,
      perform: (action) => this.#perform(action),
      failed: () => counters.add('tree:failed'),
    });
    this.#flood = new Flood({
      clock,
      counters,
      pacer,
      limits: new RelayLimits(),
      refused: ({ nodeId }, batch, messages) => {
        const entries = entriesOf(batch, messages);
        this.#runner.feed((machine, nowMs) => machine.refused(nodeId, entries, nowMs));
      },
    });
    this.#supplier = new Supplier({
      clock,
      counters,
      peer,
      done: (to) => this.#perform({ type: 'send', to, message: { type: 'done' } }),
    });
    this.#own = new OwnAnnouncements(clock, (entries) =>
      this.#runner.feed((machine, nowMs) => machine.announce('have', entries, [], nowMs)),
    );
  }

  /** Speaks with the neighbours from now on. */
  open(protocols: ProtocolRegistry): void {
    this.#port = protocols.open(TREE_PROTOCOL, { frame: (body, info) => this.#frame(body, info) });
  }

  publish(parcel: Parcel): Sending {
    const { batch, messages, ttl } = parcel;
    this.#keep(batch, messages, ttl);
    const peers = this.#options.peers().filter((peer) => peer.accepts(batch.networkHash));
    if (((parcel.flags ?? 0) & HopFlag.FLOOD) !== 0) return this.#flood.publish(parcel, peers);
    let targets = peers.filter(({ nodeId }) => this.#machine.isEager(nodeId) !== false);
    if (targets.length === 0 && peers.length > 0) targets = this.#revived(peers);
    const sending = this.#flood.publish(parcel, targets);
    if (targets.length === peers.length) return sending;
    this.#own.announce(entriesOf(batch, messages), () => targets.some(({ pace }) => pace.messages > 0));
    return sending;
  }

  relay(from: Peer, arrival: Arrival, messages: readonly BatchMessage[]): void {
    const { batch, ttl } = arrival;
    // A ttl of 0 has arrived at its last hop; it never wraps.
    if (ttl === 0 || batch.use !== 'gossip') return;
    const parcel = relayed(arrival, messages);
    this.#keep(batch, messages, parcel.ttl);
    const flags = arrival.flags ?? 0;
    const isRepair =
      (flags & HopFlag.REPAIR) !== 0 && messages.every(({ envelope }) => this.isAsked(from, batch, envelope));
    const isFlood = (flags & HopFlag.FLOOD) !== 0;
    if (!isRepair && !isFlood) this.#arrived(from, batch, messages);
    const others = this.#options
      .peers()
      .filter((peer) => peer !== from && peer.nodeId !== batch.origin && peer.accepts(batch.networkHash));
    const targets = isFlood
      ? others
      : others.filter(({ nodeId }) => this.#isTarget(nodeId, from.nodeId, isRepair));
    this.#flood.relay(parcel, targets);
    if (targets.length === others.length) return;
    const entries = entriesOf(batch, messages);
    const except = [from.nodeId, batch.origin];
    this.#runner.feed((machine, nowMs) =>
      machine.announce(isRepair ? 'offer' : 'have', entries, except, nowMs),
    );
  }

  isAsked(from: Peer, batch: Batch, { epoch, sequence }: Envelope): boolean {
    const nowMs = this.#options.clock.monotonicMs();
    return this.#machine.isAsked(from.nodeId, batch.originBytes, epoch, sequence, nowMs);
  }

  /** Whether a neighbour may be sending what we asked it for. */
  isRepairing(nodeId: NodeId): boolean {
    return this.#machine.isRepairing(nodeId, this.#options.clock.monotonicMs());
  }

  duplicate({ nodeId }: Peer): void {
    this.#runner.feed((machine, nowMs) => machine.duplicate(nodeId, nowMs));
  }

  informed({ nodeId, info }: Peer): void {
    if (!info.protocols.includes(TREE_PROTOCOL)) return this.#left(nodeId);
    this.#runner.feed((machine, nowMs) => machine.connected(nodeId, nowMs));
  }

  disconnected({ nodeId }: Peer): void {
    this.#left(nodeId);
  }

  stop(): void {
    this.#runner.stop();
    this.#supplier.stop();
    this.#own.stop();
  }

  #left(nodeId: NodeId): void {
    this.#supplier.forget(nodeId);
    this.#runner.feed((machine, nowMs) => machine.disconnected(nodeId, nowMs));
  }

  /** What was missed is offered; only who cannot ask for it gets it at once. */
  #isTarget(nodeId: NodeId, from: NodeId, isRepair: boolean): boolean {
    const isNext = this.#machine.isNext(nodeId, from);
    return isNext === undefined || (isNext && !isRepair);
  }

  #revived(peers: readonly Peer[]): Peer[] {
    const [nearest] = [...peers].sort((a, b) => (a.rttMs ?? Infinity) - (b.rttMs ?? Infinity));
    if (nearest === undefined) return [];
    this.#runner.feed((machine) => machine.revive(nearest.nodeId));
    return [nearest];
  }

  #arrived({ nodeId }: Peer, batch: Batch, messages: readonly BatchMessage[]): void {
    if (this.#machine.isExpected(nodeId)) return;
    const entries = entriesOf(batch, messages);
    this.#runner.feed((machine, nowMs) => machine.arrived(nodeId, entries, nowMs));
  }

  #keep(batch: Batch, messages: readonly BatchMessage[], ttl: number): void {
    const { retention, clock, counters } = this.#options;
    const evicted = retention.add(batch, messages, ttl, clock.monotonicMs());
    if (evicted > 0) counters.add('retention:evicted', evicted);
  }

  #lacking(origin: Uint8Array, epoch: number, spans: Spans): Spans {
    const { self, replay, clock } = this.#options;
    const name = this.#nameOf(origin);
    return name === self ? [] : replay.lacking(name, epoch, spans, clock.nowMs());
  }

  #nameOf(origin: Uint8Array): NodeId {
    const key = bytesKey(origin);
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const name = encodeNodeId(origin);
    this.#names.set(key, name);
    return name;
  }

  #frame(body: Uint8Array, { via }: FrameInfo): void {
    const message = decodeTreeMessage(body);
    if (message === undefined) return this.#port?.report(via, 'TREE_BAD_FRAME', 10);
    const rttMs = this.#options.peer(via)?.rttMs;
    this.#runner.feed((machine, nowMs) => machine.receive(via, message, rttMs, nowMs));
  }

  #perform(action: TreeAction): void {
    const { counters } = this.#options;
    switch (action.type) {
      case 'send': {
        const { to, message } = action;
        const isTaken = this.#port?.frame(to, encodeTreeMessage(message), {
          priority: priorityOf(message.type),
        });
        if (isTaken !== true) counters.add('tree:unsent');
        return;
      }
      case 'supply':
        return this.#supply(action);
      case 'count':
        return counters.add(action.name, action.count);
      default:
        return action satisfies never;
    }
  }

  #supply({ to, kind, sinceMs, entries }: Extract<TreeAction, { type: 'supply' }>): void {
    const { retention, clock, peer } = this.#options;
    const neighbour = peer(to);
    if (neighbour === undefined) return;
    const wallMs = clock.nowMs();
    const parcels = bounded(entries)
      .flatMap((entry) => retention.parcels({ entry, sinceMs, wallMs }))
      .filter(({ batch }) => neighbour.accepts(batch.networkHash));
    if (kind === 'want') return this.#supplier.supply(to, parcels);
    for (const parcel of parcels) {
      // What is grafted is live: it keeps to the neighbour's limits like any other.
      if (parcel.batch.origin === this.#options.self) this.#options.pacer.send(neighbour, parcel);
      else this.#flood.relay(parcel, [neighbour]);
    }
  }
}

/** What orders the tree goes before what it carries; an answer's end goes behind the answer. */
function priorityOf(type: string): Priority {
  return type === 'graft' || type === 'prune' || type === 'root' ? PRIORITY.critical : PRIORITY.routine;
}

/** No more than one request may name, whatever it names. */
function bounded(entries: readonly Entry[]): Entry[] {
  let room = GRAFTED_MESSAGES_MAX;
  const kept: Entry[] = [];
  for (const entry of entries) {
    const spans = lowest(entry.spans, room);
    for (const { first, last } of spans) room -= last - first + 1;
    if (spans.length > 0) kept.push({ ...entry, spans });
  }
  return kept;
}
