import {
  BATCH_HEAD_BYTES,
  encodeNodeId,
  ML_DSA_65_SIGNATURE_BYTES,
  nodeIdBytesOf,
  bytesKey,
  type NodeId,
} from '@yakmesh/crypto';
import type { RouteStatement } from '../../routing/messages.js';
import type { RouteAction } from '../../routing/route-actions.js';
import { RouteMachine } from '../../routing/route-machine.js';
import { TTL_MAX } from '../../transport/index.js';
import { SeededRandom } from '../seeded-random.js';
import { EventHeap } from '../sim/event-heap.js';

const KEY_BYTES = 1_952;
const SIGN_MS = 3;

/** One node of a {@link RouteModel}. */
export interface RouteModelNode {
  readonly index: number;
  readonly nodeId: NodeId;
  readonly key: string;
  readonly bytes: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly skewMs: number;
  readonly machine: RouteMachine;
  readonly links: Set<number>;
}

export interface RouteModelOptions {
  readonly nodes: number;
  readonly seed: string | number;
  /** One way. */
  readonly latencyMs: (a: number, b: number, random: SeededRandom) => number;
  /** How far wall clocks differ at most. @default 0 */
  readonly skewMs?: number | undefined;
  /** Destinations that each remembers. @default what core does */
  readonly destinationsMax?: number | undefined;
  /** Told of each change of a node's ways to a destination. */
  readonly changed?: (node: RouteModelNode, key: string) => void;
}

/** A message that goes from node to node by their tables, with its hop header. */
interface Traveller {
  readonly origin: number;
  readonly to: number;
  readonly timeMs: number;
  readonly ttl: number;
  readonly isAdopted: boolean;
}

/** Routing machines on a graph with model signatures and without meshes around them: thousands of changes of the graph a second. */
export class RouteModel {
  readonly nodes: readonly RouteModelNode[];
  readonly outcomes = { found: 0, failed: 0, faults: 0, arrived: 0, stranded: 0 };
  /** Frames sent, by the first byte of their body. */
  readonly sent = { requests: 0, replies: 0, errors: 0, bytes: 0 };
  nowMs = 1_000_000;
  readonly #options: RouteModelOptions;
  readonly #random: SeededRandom;
  readonly #byId = new Map<NodeId, RouteModelNode>();
  readonly #byKey = new Map<string, RouteModelNode>();
  readonly #epochs = new Map<string, number>();
  readonly #lastArrival = new Map<string, number>();
  readonly #events = new EventHeap();

  constructor(options: RouteModelOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
    this.nodes = Array.from({ length: options.nodes }, (_, index) => this.#node(index));
    for (const node of this.nodes) {
      this.#byId.set(node.nodeId, node);
      this.#byKey.set(node.key, node);
    }
  }

  node(index: number): RouteModelNode {
    const node = this.nodes[index];
    if (node === undefined) throw new RangeError(`there is no node ${index}`);
    return node;
  }

  link(a: number, b: number): void {
    const [one, other] = [this.node(a), this.node(b)];
    if (a === b || one.links.has(b)) return;
    one.links.add(b);
    other.links.add(a);
    this.#perform(one, one.machine.connected(other.nodeId, other.bytes, this.nowMs));
    this.#perform(other, other.machine.connected(one.nodeId, one.bytes, this.nowMs));
  }

  /** What is on its way is lost. */
  unlink(a: number, b: number): void {
    const [one, other] = [this.node(a), this.node(b)];
    if (!one.links.delete(b)) return;
    other.links.delete(a);
    this.#epochs.set(pair(a, b), this.#epoch(a, b) + 1);
    this.#perform(one, one.machine.lost(other.nodeId));
    this.#perform(other, other.machine.lost(one.nodeId));
  }

  discover(from: number, to: number, via?: number): void {
    const { machine } = this.node(from);
    const options = { via: via === undefined ? undefined : this.node(via).nodeId };
    this.#perform(this.node(from), machine.discover(this.node(to).bytes, options, this.nowMs));
    this.#wake(this.node(from));
  }

  /** Sends a message by the tables, as a mesh does. */
  send(from: number, to: number): void {
    const timeMs = this.#wallMs(this.node(from));
    this.#forward(this.node(from), { origin: from, to, timeMs, ttl: TTL_MAX, isAdopted: true }, undefined);
  }

  /** Lets everything happen up to that time. */
  run(untilMs: number): void {
    const events = this.#events;
    for (let atMs = events.nextTime(); atMs <= untilMs && atMs < Infinity; atMs = events.nextTime()) {
      this.nowMs = Math.max(this.nowMs, atMs);
      events.popAt(atMs, Infinity)?.();
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
  }

  /** Neighbours over which a node sends on to a destination now. */
  nextNodes(node: RouteModelNode, key: string, use: 'relay' | 'source'): RouteModelNode[] {
    const destination = this.#byKey.get(key);
    if (destination !== undefined && node.links.has(destination.index)) return [destination];
    return node.machine.nextHops(key, use, this.nowMs).flatMap(({ via }) => this.#byId.get(via) ?? []);
  }

  /** Whether one of a node's ways to a destination comes back to it, following every way that any relay on it would use. */
  hasLoop(node: RouteModelNode, key: string): boolean {
    const seen = new Set<RouteModelNode>();
    const stack = this.nextNodes(node, key, 'source');
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      if (at === node) return true;
      if (seen.has(at) || at.key === key) continue;
      seen.add(at);
      stack.push(...this.nextNodes(at, key, 'relay'));
    }
    return false;
  }

  /** Links that a message crosses now; undefined where it does not arrive. */
  pathLength(from: number, to: number): number | undefined {
    let at = this.node(from);
    const { key } = this.node(to);
    for (let hops = 0; hops <= TTL_MAX; hops += 1) {
      if (at.index === to) return hops;
      const next = this.nextNodes(at, key, hops === 0 ? 'source' : 'relay')[0];
      if (next === undefined) return undefined;
      at = next;
    }
    return undefined;
  }

  #node(index: number): RouteModelNode {
    const random = this.#random.fork(`node ${index}`);
    const publicKey = random.bytes(KEY_BYTES);
    const bytes = nodeIdBytesOf(publicKey);
    const skewMs = Math.floor((2 * random.unit() - 1) * (this.#options.skewMs ?? 0));
    const { destinationsMax } = this.#options;
    const machine = new RouteMachine({ self: bytes, random, destinationsMax });
    const nodeId = encodeNodeId(bytes);
    return { index, nodeId, key: bytesKey(bytes), bytes, publicKey, skewMs, machine, links: new Set() };
  }

  #perform(node: RouteModelNode, actions: readonly RouteAction[]): void {
    for (const action of actions) {
      switch (action.type) {
        case 'send':
          this.#transmit(node, action.to, action.body);
          break;
        case 'sign': {
          const timeMs = Math.max(this.#wallMs(node), action.afterMs + 1, action.wantedAfterMs + 1);
          this.#after(SIGN_MS, () =>
            this.#feed(node, node.machine.signed(statementOf(node, timeMs), this.nowMs)),
          );
          break;
        }
        case 'verify': {
          const { key } = this.#byId.get(encodeNodeId(action.destination)) ?? node;
          this.#after(SIGN_MS, () => {
            this.#feed(node, node.machine.verified(action.ticket, 'good', this.nowMs));
            this.#options.changed?.(node, key);
          });
          break;
        }
        case 'found':
          this.outcomes.found += 1;
          break;
        case 'failed':
          this.outcomes.failed += 1;
          break;
        case 'fault':
          this.outcomes.faults += 1;
          break;
      }
    }
  }

  #feed(node: RouteModelNode, actions: readonly RouteAction[]): void {
    this.#perform(node, actions);
    this.#wake(node);
  }

  #wake(node: RouteModelNode): void {
    const { deadlineMs } = node.machine;
    if (deadlineMs === undefined) return;
    this.#after(deadlineMs - this.nowMs, () => {
      const dueMs = node.machine.deadlineMs;
      if (dueMs !== undefined && dueMs <= this.nowMs) this.#feed(node, node.machine.tick(this.nowMs));
    });
  }

  #transmit(from: RouteModelNode, to: NodeId, body: Uint8Array): void {
    const receiver = this.#byId.get(to);
    if (receiver === undefined) return;
    const kinds = ['requests', 'requests', 'replies', 'errors'] as const;
    this.sent[kinds[body[0] ?? 0] ?? 'errors'] += 1;
    this.sent.bytes += body.length;
    this.#carry(from, receiver, () =>
      this.#feed(receiver, receiver.machine.receive(from.nodeId, body, this.nowMs)),
    );
  }

  /** In order, as long as the link lasts. */
  #carry(from: RouteModelNode, to: RouteModelNode, arrive: () => void): void {
    if (!from.links.has(to.index)) return;
    const epoch = this.#epoch(from.index, to.index);
    const direction = `${from.index}>${to.index}`;
    const latencyMs = this.#options.latencyMs(from.index, to.index, this.#random);
    const atMs = Math.max(this.nowMs + latencyMs, this.#lastArrival.get(direction) ?? 0);
    this.#lastArrival.set(direction, atMs);
    this.#after(atMs - this.nowMs, () => {
      if (this.#epoch(from.index, to.index) === epoch) arrive();
    });
  }

  #forward(node: RouteModelNode, traveller: Traveller, from: RouteModelNode | undefined): void {
    const { key } = this.node(traveller.to);
    const use = from === undefined ? 'source' : 'relay';
    const next = this.nextNodes(node, key, use).find((one) => one !== from);
    if (next === undefined || traveller.ttl === 0) {
      this.outcomes.stranded += 1;
      if (from !== undefined && traveller.ttl > 0)
        this.#perform(node, node.machine.refuse(from.nodeId, this.node(traveller.to).bytes));
      return;
    }
    const sent = { ...traveller, ttl: traveller.ttl - 1 };
    this.#carry(node, next, () => this.#arrived(next, sent, node));
  }

  #arrived(node: RouteModelNode, traveller: Traveller, from: RouteModelNode): void {
    const origin = this.node(traveller.origin);
    const isGoingOn = node.index !== traveller.to;
    let { isAdopted } = traveller;
    if (isAdopted && origin !== node) {
      const offer = { via: from.nodeId, sequence: traveller.timeMs, hops: TTL_MAX - 1 - traveller.ttl };
      isAdopted = node.machine.heard(origin.key, offer, isGoingOn, this.nowMs);
      this.#options.changed?.(node, origin.key);
    }
    if (isGoingOn) this.#forward(node, { ...traveller, isAdopted }, from);
    else this.outcomes.arrived += 1;
  }

  #wallMs(node: RouteModelNode): number {
    return Math.floor(this.nowMs) + node.skewMs;
  }

  #epoch(a: number, b: number): number {
    return this.#epochs.get(pair(a, b)) ?? 0;
  }

  #after(delayMs: number, run: () => void): void {
    this.#events.push(this.nowMs + Math.max(0, delayMs), run);
  }
}

function pair(a: number, b: number): string {
  return a < b ? `${a}-${b}` : `${b}-${a}`;
}

/** Of the right size, with nothing behind it. */
function statementOf({ publicKey }: RouteModelNode, timeMs: number): RouteStatement {
  return {
    timeMs,
    networkPrefix: new Uint8Array(8),
    publicKey,
    head: new Uint8Array(BATCH_HEAD_BYTES),
    signature: new Uint8Array(ML_DSA_65_SIGNATURE_BYTES),
    index: 0,
    salt: new Uint8Array(16),
    path: new Uint8Array(0),
  };
}
