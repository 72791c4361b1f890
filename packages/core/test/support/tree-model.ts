import { bytesKey, encodeNodeId, type NodeId } from '@yakmesh/crypto';
import { SequenceRanges } from '../../src/envelope/sequence-ranges.js';
import { SeededRandom } from '../../src/testing/seeded-random.js';
import type { Entry, TreeMessage } from '../../src/tree/messages.js';
import { includes, SpanSet, without } from '../../src/tree/spans.js';
import type { TreeAction } from '../../src/tree/tree-actions.js';
import { TreeMachine } from '../../src/tree/tree-machine.js';

interface Event {
  readonly atMs: number;
  run(): void;
}

type Copy = { readonly origin: Uint8Array; readonly sequence: number; readonly isRepair: boolean };

/** Machines joined by links with delays: copies travel as their drivers would send them, control frames may be lost. */
export class TreeModel {
  readonly random: SeededRandom;
  readonly nodes: ModelNode[] = [];
  nowMs = 0;
  copies = 0;
  controlLoss = 0;
  readonly #links = new Map<string, number>();
  readonly #events: Event[] = [];
  #order = 0;

  constructor(seed: number | string) {
    this.random = new SeededRandom(seed);
  }

  addNode(): ModelNode {
    const node = new ModelNode(this, this.nodes.length);
    this.nodes.push(node);
    return node;
  }

  node(index: number): ModelNode {
    const node = this.nodes[index];
    if (node === undefined) throw new RangeError(`there is no node ${index}`);
    return node;
  }

  isLinked(a: number, b: number): boolean {
    return this.#links.has(nameOf(a, b));
  }

  link(a: number, b: number): void {
    if (a === b || this.isLinked(a, b)) return;
    this.#order += 1;
    this.#links.set(nameOf(a, b), this.#order);
    this.node(a).connected(this.node(b));
    this.node(b).connected(this.node(a));
  }

  unlink(a: number, b: number): void {
    if (!this.#links.delete(nameOf(a, b))) return;
    this.node(a).disconnected(this.node(b));
    this.node(b).disconnected(this.node(a));
  }

  /** Delivers after a delay, in order, unless the link is gone by then. */
  send(from: ModelNode, to: ModelNode, run: () => void): void {
    const link = this.#links.get(nameOf(from.index, to.index));
    const free = Math.max(from.lastMs.get(to.index) ?? 0, this.nowMs + 5 + this.random.unit() * 50);
    from.lastMs.set(to.index, free);
    this.at(free, () => {
      if (link !== undefined && this.#links.get(nameOf(from.index, to.index)) === link) run();
    });
  }

  at(atMs: number, run: () => void): void {
    let at = this.#events.length;
    while (at > 0 && (this.#events[at - 1]?.atMs ?? 0) > atMs) at -= 1;
    this.#events.splice(at, 0, { atMs, run });
  }

  /** Lets time pass: events and deadlines in their order. */
  pass(durationMs: number): void {
    const endMs = this.nowMs + durationMs;
    for (;;) {
      const eventMs = this.#events[0]?.atMs ?? Infinity;
      const deadlineMs = Math.min(...this.nodes.map(({ machine }) => machine.deadlineMs ?? Infinity));
      const nextMs = Math.min(eventMs, deadlineMs);
      if (nextMs > endMs) break;
      this.nowMs = Math.max(this.nowMs, nextMs);
      if (eventMs <= deadlineMs) this.#events.shift()?.run();
      else for (const node of this.nodes) node.tick();
    }
    this.nowMs = endMs;
  }
}

/** One machine and what its driver does. */
export class ModelNode {
  readonly index: number;
  readonly origin: Uint8Array;
  readonly id: NodeId;
  readonly machine: TreeMachine;
  readonly delivered: string[] = [];
  readonly lastMs = new Map<number, number>();
  readonly #model: TreeModel;
  readonly #seen = new Map<string, SequenceRanges>();
  readonly #kept = new Map<string, { origin: Uint8Array; set: SpanSet }>();
  readonly #neighbours = new Map<NodeId, ModelNode>();
  #said = 0;

  constructor(model: TreeModel, index: number) {
    this.#model = model;
    this.index = index;
    this.origin = new Uint8Array(32).fill(index + 1);
    this.id = encodeNodeId(this.origin);
    this.machine = new TreeMachine({
      self: this.origin,
      random: model.random.fork(`node ${index}`),
      lacking: (origin, _epoch, spans) =>
        origin[0] === index + 1
          ? []
          : (this.#seen.get(bytesKey(origin))?.lacking(spans) ?? without(spans, [])),
      holdings: () =>
        [...this.#kept.values()].map(({ origin, set }) => ({ origin, epoch: 1, spans: set.spans })),
      digest: () => this.#digest(),
      refusedUntilMs: () => 0,
      wallMs: () => 1_000_000 + model.nowMs,
      messagesPerSecond: 0,
      retentionMs: 120_000,
    });
  }

  connected(peer: ModelNode): void {
    this.#neighbours.set(peer.id, peer);
    this.#perform(this.machine.connected(peer.id, this.#model.nowMs));
  }

  disconnected(peer: ModelNode): void {
    this.#neighbours.delete(peer.id);
    this.#perform(this.machine.disconnected(peer.id, this.#model.nowMs));
  }

  tick(): void {
    if ((this.machine.deadlineMs ?? Infinity) > this.#model.nowMs) return;
    this.#perform(this.machine.tick(this.#model.nowMs));
  }

  broadcast(): string {
    const sequence = this.#said;
    this.#said += 1;
    this.#keep(this.origin, sequence);
    for (const peer of this.#neighbours.values())
      if (this.machine.isEager(peer.id) === true)
        this.#copy(peer, { origin: this.origin, sequence, isRepair: false });
    this.#announce('have', this.origin, sequence, []);
    return `${this.index} ${sequence}`;
  }

  #copy(to: ModelNode, copy: Copy): void {
    this.#model.send(this, to, () => to.#receive(this, copy));
  }

  #receive(from: ModelNode, { origin, sequence, isRepair }: Copy): void {
    const model = this.#model;
    model.copies += 1;
    const key = bytesKey(origin);
    const seen = this.#seen.get(key) ?? new SequenceRanges();
    this.#seen.set(key, seen);
    if (origin[0] === this.index + 1 || !seen.mark(sequence)) {
      if (!isRepair) this.#perform(this.machine.duplicate(from.id, model.nowMs));
      return;
    }
    this.delivered.push(`${(origin[0] ?? 0) - 1} ${sequence}`);
    this.#keep(origin, sequence);
    const entry = entryOf(origin, sequence);
    const isAsked = isRepair && this.machine.isAsked(from.id, origin, 1, sequence, model.nowMs);
    if (!isAsked) this.#perform(this.machine.arrived(from.id, [entry], model.nowMs));
    for (const peer of this.#neighbours.values()) {
      if (isAsked || peer === from || peer.origin[0] === origin[0]) continue;
      if (this.machine.isNext(peer.id, from.id) === true)
        this.#copy(peer, { origin, sequence, isRepair: false });
    }
    this.#announce(isAsked ? 'offer' : 'have', origin, sequence, [from.id, encodeNodeId(origin)]);
  }

  #announce(kind: 'have' | 'offer', origin: Uint8Array, sequence: number, except: NodeId[]): void {
    this.#perform(this.machine.announce(kind, [entryOf(origin, sequence)], except, this.#model.nowMs));
  }

  #keep(origin: Uint8Array, sequence: number): void {
    const kept = this.#kept.get(bytesKey(origin)) ?? { origin, set: new SpanSet() };
    kept.set.add(sequence);
    this.#kept.set(bytesKey(origin), kept);
  }

  #digest(): Uint8Array {
    const digest = new Uint8Array(8);
    for (const { origin, set } of this.#kept.values())
      for (const { first, last } of set.spans)
        for (let at = first; at <= last; at += 1) {
          const mix = Math.imul((origin[0] ?? 0) * 65_537 + at, 0x9e37_79b1) >>> 0;
          digest[mix % 8] = (digest[mix % 8] ?? 0) + (mix >>> 8);
        }
    return digest;
  }

  #perform(actions: readonly TreeAction[]): void {
    for (const action of actions) {
      if (action.type === 'count') continue;
      const to = this.#neighbours.get(action.to);
      if (to === undefined) continue;
      if (action.type === 'send') this.#control(to, action.message);
      else this.#supply(to, action.kind, action.entries);
    }
  }

  #control(to: ModelNode, message: TreeMessage): void {
    const model = this.#model;
    if (model.random.unit() < model.controlLoss) return;
    // What the entries hold must be what they held when they were sent.
    const copy = structuredClone(message);
    model.send(this, to, () => to.#perform(to.machine.receive(this.id, copy, 50, model.nowMs)));
  }

  #supply(to: ModelNode, kind: 'graft' | 'want', entries: readonly Entry[]): void {
    for (const { origin, spans } of entries) {
      const kept = this.#kept.get(bytesKey(origin))?.set.spans ?? [];
      for (const { first, last } of spans)
        for (let sequence = first; sequence <= last; sequence += 1)
          if (includes(kept, sequence)) this.#copy(to, { origin, sequence, isRepair: kind === 'want' });
    }
    if (kind === 'want') this.#control(to, { type: 'done' });
  }
}

function entryOf(origin: Uint8Array, sequence: number): Entry {
  return { origin, epoch: 1, spans: [{ first: sequence, last: sequence }] };
}

function nameOf(a: number, b: number): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}
