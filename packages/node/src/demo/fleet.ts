import { bytesToHex, randomBytes, type NodeId } from '@yakmesh/crypto';
import { codebaseFingerprint } from '../codebase-fingerprint.js';
import { Deliveries } from './deliveries.js';
import type { PeerStatus } from './messages.js';
import { NodeProcess } from './node-process.js';

/** A started node of the demo. */
export interface Member {
  readonly number: number;
  readonly process: NodeProcess;
  readonly nodeId: NodeId;
  readonly endpoint: string;
}

/** A row of the table. Fields are unknown until the node has started. */
export interface MemberStatus {
  readonly number: number;
  readonly nodeId?: NodeId | undefined;
  readonly endpoint?: string | undefined;
  readonly peers: readonly PeerStatus[];
  /** Messages received. */
  readonly messages: number;
}

/** Hints are followed up to half of maxPeers: twice as many as there are nodes lets everybody meet everybody. */
const MAX_PEERS_PER_NODE = 2;

/** How many neighbours a node takes, by its number. */
export type Room = (number: number) => number;

/** The demo's nodes, all on this machine and in a network that only they know. */
export class Fleet {
  readonly #atFirst: number;
  readonly deliveries = new Deliveries();
  readonly #room: Room;
  readonly #networkId = `yakmesh-demo-${bytesToHex(randomBytes(8))}`;
  readonly #processes: NodeProcess[] = [];
  readonly #members: Member[] = [];
  readonly #others = new Map<string, Fleet>();

  constructor(size: number, room: Room = () => MAX_PEERS_PER_NODE * size) {
    this.#atFirst = size;
    this.#room = room;
  }

  /** Nodes that there are, or will be once they have started. */
  get size(): number {
    return Math.max(this.#atFirst, this.#processes.length);
  }

  /** The nodes that have started, in their order. */
  get members(): readonly Member[] {
    return this.#members;
  }

  get processes(): readonly NodeProcess[] {
    return this.#processes;
  }

  /** Forks all processes and waits until each listens. */
  async start(): Promise<void> {
    const forked = Array.from({ length: this.#atFirst }, () => this.#fork());
    const networkFingerprint = await codebaseFingerprint();
    await Promise.all(forked.map((process) => this.#begin(process, networkFingerprint)));
  }

  /** One more node of the same network, without links; it belongs to the fleet from then on. */
  async enlarge(): Promise<Member> {
    return this.#begin(this.#fork(), await codebaseFingerprint());
  }

  /** Another fleet in a network of its own, made when it is first asked for; it dies with this one. */
  beside(name: string, size: number, room: Room): Fleet {
    const other = this.#others.get(name) ?? new Fleet(size, room);
    this.#others.set(name, other);
    return other;
  }

  /** Asks every started node for its peers. */
  async status(): Promise<MemberStatus[]> {
    return Promise.all(
      this.#processes.map(async ({ number }): Promise<MemberStatus> => {
        const messages = this.deliveries.receivedBy(number);
        const member = this.#members.find((each) => each.number === number);
        if (member === undefined) return { number, peers: [], messages };
        const { nodeId, endpoint, process } = member;
        const { peers } = await process.call('status', {});
        return { number, nodeId, endpoint, peers, messages };
      }),
    );
  }

  /** Ends every process at once and waits until they are gone. */
  async kill(): Promise<void> {
    for (const process of this.#processes) process.kill();
    await Promise.all([
      ...this.#processes.map(({ exited }) => exited),
      ...[...this.#others.values()].map((other) => other.kill()),
    ]);
  }

  #fork(): NodeProcess {
    const number = this.#processes.length + 1;
    const process = new NodeProcess(number, (arrival) => this.deliveries.add({ ...arrival, node: number }));
    this.#processes.push(process);
    return process;
  }

  async #begin(process: NodeProcess, networkFingerprint: string): Promise<Member> {
    const network = { networkId: this.#networkId, networkFingerprint, maxPeers: this.#room(process.number) };
    const member = { number: process.number, process, ...(await process.call('start', network)) };
    this.#members.push(member);
    this.#members.sort((a, b) => a.number - b.number);
    return member;
  }
}

/** A name for a message that nobody has used before. */
export function freshToken(): string {
  return bytesToHex(randomBytes(16));
}
