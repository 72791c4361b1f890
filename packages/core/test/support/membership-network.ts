import { encodeNodeId, type NodeId } from '@yakmesh/crypto';
import type { PeerHint } from '../../src/link/control-frames.js';
import type { Neighbour } from '../../src/membership/active-view.js';
import type { MembershipAction } from '../../src/membership/actions.js';
import { MembershipMachine } from '../../src/membership/membership-machine.js';
import { SeededRandom } from '../../src/testing/index.js';
import { TimerHeap } from '../../src/testing/timer-heap.js';

/** One machine, and what stands for its links and its process. */
export interface ModelMember {
  readonly nodeId: NodeId;
  readonly machine: MembershipMachine;
  readonly neighbours: Set<ModelMember>;
  readonly isDialable: boolean;
  readonly address: string;
  isAlive: boolean;
  wakeMs: number;
}

export interface ModelNetworkOptions {
  readonly seed?: number | string;
  readonly maxPeers?: number;
  readonly latencyMs?: number;
  /** Whether others can dial this node; by its number. */
  readonly isDialable?: (index: number) => boolean;
}

const PORT = 9_001;
const RETRY_MS = 200;

/** Membership machines and nothing else: links are pairs, dials take two latencies, messages one. */
export class MembershipNetwork {
  readonly random: SeededRandom;
  readonly members: ModelMember[] = [];
  readonly faults: string[] = [];
  messages = 0;
  dials = 0;
  refusedJoins = 0;
  nowMs = 0;
  readonly #maxPeers: number;
  readonly #latencyMs: number;
  readonly #isDialable: (index: number) => boolean;
  readonly #events = new TimerHeap();
  readonly #byEndpoint = new Map<string, ModelMember>();
  readonly #byId = new Map<NodeId, ModelMember>();
  #order = 0;

  constructor({
    seed = 1,
    maxPeers = 10,
    latencyMs = 20,
    isDialable = () => true,
  }: ModelNetworkOptions = {}) {
    this.random = new SeededRandom(seed);
    this.#maxPeers = maxPeers;
    this.#latencyMs = latencyMs;
    this.#isDialable = isDialable;
  }

  get live(): ModelMember[] {
    return this.members.filter(({ isAlive }) => isAlive);
  }

  add(): ModelMember {
    const index = this.members.length;
    const nodeId = encodeNodeId(this.random.fork(`id ${index}`).bytes(32));
    const address = `10.${index >> 8}.${index & 255}.1`;
    const endpoint = `ws://${address}:${PORT}/`;
    const isDialable = this.#isDialable(index);
    const member: ModelMember = {
      nodeId,
      machine: new MembershipMachine({
        self: nodeId,
        random: this.random.fork(`machine ${index}`),
        maxPeers: this.#maxPeers,
        endpoint: () => (isDialable ? endpoint : undefined),
        groupOf: (text) =>
          text
            .replace(/^ws:\/\//, '')
            .split('.')
            .slice(0, 2)
            .join('.'),
      }),
      neighbours: new Set(),
      isDialable,
      address,
      isAlive: true,
      wakeMs: Infinity,
    };
    this.members.push(member);
    this.#byId.set(nodeId, member);
    if (isDialable) this.#byEndpoint.set(endpoint, member);
    return member;
  }

  /** The application connects to another node and keeps it. */
  join(member: ModelMember, contact: ModelMember): void {
    this.#dial(member, contact, 'join', true);
  }

  member(nodeId: NodeId): ModelMember | undefined {
    return this.#byId.get(nodeId);
  }

  /** The process dies: its links are reset. */
  kill(member: ModelMember): void {
    member.isAlive = false;
    for (const other of [...member.neighbours]) this.unlink(member, other, 'missed');
  }

  /** What a node would send by itself. */
  inject(from: ModelMember, to: ModelMember, body: Uint8Array): void {
    this.#feed(to, (machine) => machine.receive(from.nodeId, body, this.nowMs));
  }

  advance(durationMs: number): void {
    const endMs = this.nowMs + durationMs;
    for (
      let nextMs = this.#events.nextMs();
      nextMs !== undefined && nextMs <= endMs;
      nextMs = this.#events.nextMs()
    ) {
      this.nowMs = nextMs;
      this.#events.pop()?.();
    }
    this.nowMs = endMs;
  }

  unlink(one: ModelMember, other: ModelMember, why: 'missed' | 'full'): void {
    one.neighbours.delete(other);
    other.neighbours.delete(one);
    // Who gives the place up does not miss it.
    this.#feed(one, (machine) => machine.disconnected(other.nodeId, why, this.nowMs));
    this.#after(why === 'full' ? this.#latencyMs : 0, () =>
      this.#feed(other, (machine) => machine.disconnected(one.nodeId, why, this.nowMs)),
    );
  }

  #dial(from: ModelMember, to: ModelMember | undefined, purpose: string, isKept: boolean): void {
    this.dials += 1;
    this.#after(2 * this.#latencyMs, () => {
      const code =
        to === undefined || !to.isAlive ? 'MESH_CONNECT_FAILED' : this.#admit(from, to, purpose, isKept);
      // Whoever calls connect() repeats it when there was no room.
      if (isKept && to !== undefined && code !== undefined) {
        this.refusedJoins += 1;
        this.#after(RETRY_MS * (1 + this.random.unit()), () => this.#dial(from, to, purpose, true));
      }
      if (!isKept && to !== undefined)
        this.#feed(from, (machine) => machine.dialled(to.nodeId, code, this.nowMs));
    });
  }

  #admit(from: ModelMember, to: ModelMember, purpose: string, isKept: boolean): string | undefined {
    if (!from.isAlive || from.neighbours.has(to)) return undefined;
    const isUrgent = purpose === 'need' || purpose === 'join';
    if (!this.#makeRoom(to, isUrgent) || !this.#makeRoom(from, purpose !== 'fill')) return 'MESH_FULL';
    from.neighbours.add(to);
    to.neighbours.add(from);
    this.#feed(to, (machine) =>
      machine.connected(this.#describe(from, true, false, purpose === 'join'), this.nowMs),
    );
    this.#feed(from, (machine) => machine.connected(this.#describe(to, false, isKept, false), this.nowMs));
    this.#share(from, to);
    this.#share(to, from);
    return undefined;
  }

  /** As PEERS frames do: the one hears of the other's neighbours, and they of it. */
  #share(about: ModelMember, to: ModelMember): void {
    const hintOf = (member: ModelMember): PeerHint => {
      const { nodeId, endpoint = '' } = this.#describe(member, false, false, false);
      return { nodeId, endpoint };
    };
    const others = [...about.neighbours].filter((other) => other !== to);
    const hints = others.map(hintOf);
    this.#after(this.#latencyMs, () =>
      this.#feed(to, (machine) => machine.hinted(about.nodeId, hints, this.nowMs)),
    );
    for (const other of others)
      this.#after(this.#latencyMs, () =>
        this.#feed(other, (machine) => machine.hinted(about.nodeId, [hintOf(to)], this.nowMs)),
      );
  }

  #makeRoom(member: ModelMember, mayYield: boolean): boolean {
    if (member.neighbours.size < this.#maxPeers) return true;
    const [victim] = mayYield ? member.machine.spares(this.nowMs) : [];
    const other = victim === undefined ? undefined : this.member(victim);
    if (other === undefined) return false;
    this.unlink(member, other, 'full');
    return true;
  }

  #describe(member: ModelMember, isInbound: boolean, isKept: boolean, isJoining: boolean): Neighbour {
    const { address } = member;
    const endpoint = member.isDialable ? `ws://${address}:${PORT}/` : undefined;
    return {
      nodeId: member.nodeId,
      endpoint,
      address,
      isInbound,
      isKept,
      isHeld: false,
      isJoining,
      speaks: true,
    };
  }

  #feed(member: ModelMember, input: (machine: MembershipMachine) => readonly MembershipAction[]): void {
    if (!member.isAlive) return;
    for (const action of input(member.machine)) this.#perform(member, action);
    const { deadlineMs } = member.machine;
    if (deadlineMs === undefined || deadlineMs >= member.wakeMs) return;
    member.wakeMs = deadlineMs;
    this.#after(Math.max(0, deadlineMs - this.nowMs), () => {
      member.wakeMs = Infinity;
      this.#feed(member, (machine) =>
        (machine.deadlineMs ?? Infinity) <= this.nowMs ? machine.tick(this.nowMs) : [],
      );
    });
  }

  #perform(member: ModelMember, action: MembershipAction): void {
    switch (action.type) {
      case 'send': {
        const to = this.member(action.to);
        if (to === undefined || !member.neighbours.has(to)) return;
        this.messages += 1;
        return this.#after(this.#latencyMs, () => {
          if (member.neighbours.has(to))
            this.#feed(to, (machine) => machine.receive(member.nodeId, action.body, this.nowMs));
        });
      }
      case 'dial': {
        const to = this.#byEndpoint.get(action.endpoint);
        const isThere = to?.isAlive === true && to.nodeId === action.nodeId;
        if (isThere) return this.#dial(member, to, action.purpose, false);
        this.dials += 1;
        const code = to?.isAlive === true ? 'LINK_PEER_MISMATCH' : 'MESH_CONNECT_FAILED';
        return this.#after(2 * this.#latencyMs, () =>
          this.#feed(member, (machine) => machine.dialled(action.nodeId, code, this.nowMs)),
        );
      }
      case 'drop': {
        const other = this.member(action.nodeId);
        return other === undefined ? undefined : this.unlink(member, other, 'full');
      }
      case 'fault':
        this.faults.push(action.code);
        return;
      case 'alone':
        return;
      default:
        action satisfies never;
    }
  }

  #after(delayMs: number, callback: () => void): void {
    this.#events.push({ atMs: this.nowMs + delayMs, order: this.#order, callback });
    this.#order += 1;
  }
}

/** Sizes of the connected parts of a graph, largest first. */
export function partsOf<Node>(
  nodes: readonly Node[],
  neighboursOf: (node: Node) => Iterable<Node>,
): number[] {
  const left = new Set(nodes);
  const sizes: number[] = [];
  for (const start of nodes) {
    if (!left.delete(start)) continue;
    const queue = [start];
    let size = 0;
    for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
      size += 1;
      for (const other of neighboursOf(node)) if (left.delete(other)) queue.push(other);
    }
    sizes.push(size);
  }
  return sizes.sort((a, b) => b - a);
}

/** Share of pairs of a node's neighbours that are neighbours themselves, averaged over all nodes. */
export function clusteringOf(members: readonly ModelMember[]): number {
  let sum = 0;
  for (const { neighbours } of members) {
    const list = [...neighbours];
    let linked = 0;
    for (const [index, one] of list.entries())
      for (const other of list.slice(index + 1)) if (one.neighbours.has(other)) linked += 1;
    const pairs = (list.length * (list.length - 1)) / 2;
    sum += pairs === 0 ? 0 : linked / pairs;
  }
  return sum / members.length;
}
