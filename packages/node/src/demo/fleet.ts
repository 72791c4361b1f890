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

/** The demo's nodes, all on this machine and in a network that only they know. */
export class Fleet {
  readonly size: number;
  readonly deliveries = new Deliveries();
  readonly #processes: NodeProcess[] = [];
  readonly #members: Member[] = [];

  constructor(size: number) {
    this.size = size;
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
    const networkId = `yakmesh-demo-${bytesToHex(randomBytes(8))}`;
    for (let number = 1; number <= this.size; number += 1) {
      const onArrival = this.deliveries.add.bind(this.deliveries);
      this.#processes.push(new NodeProcess(number, (arrival) => onArrival({ ...arrival, node: number })));
    }
    const networkFingerprint = await codebaseFingerprint();
    const maxPeers = MAX_PEERS_PER_NODE * this.size;
    await Promise.all(
      this.#processes.map(async (process) => {
        const started = await process.call('start', { networkId, networkFingerprint, maxPeers });
        this.#members.push({ number: process.number, process, ...started });
        this.#members.sort((a, b) => a.number - b.number);
      }),
    );
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
    await Promise.all(this.#processes.map(({ exited }) => exited));
  }
}

/** A name for a message that nobody has used before. */
export function freshToken(): string {
  return bytesToHex(randomBytes(16));
}
