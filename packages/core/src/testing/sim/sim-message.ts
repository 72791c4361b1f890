import type { SimNode } from './sim-node.js';

/** Where a message of a simulation has come to. */
export interface Reach {
  /** Of the nodes that it was for and that lived through it all, the part that got it. */
  readonly share: number;
  /** Those of them that did not. */
  readonly missing: readonly SimNode[];
  /** Nodes whose application got it twice or more often. */
  readonly duplicates: readonly SimNode[];
  /** Milliseconds until so much of those who got it had it: `msTo(0.99)`. NaN where nobody has. */
  msTo(share: number): number;
}

/** A message that was sent in a simulation, and who has got it when. */
export class SimMessage {
  readonly number: number;
  readonly from: SimNode;
  readonly sentMs: number;
  /** Undefined for everyone. */
  readonly to: SimNode | undefined;
  /** Once it is signed and queued, or sent and acknowledged where that was asked for; what it failed with otherwise. */
  outcome: 'pending' | 'sent' | { readonly error: unknown } = 'pending';
  readonly #deliveredMs: Float64Array;
  readonly #counts: Uint8Array;

  constructor(number: number, from: SimNode, to: SimNode | undefined, sentMs: number, nodes: number) {
    this.number = number;
    this.from = from;
    this.to = to;
    this.sentMs = sentMs;
    this.#deliveredMs = new Float64Array(nodes).fill(NaN);
    this.#counts = new Uint8Array(nodes);
  }

  /** An application has got it. */
  delivered(node: SimNode, atMs: number): void {
    const count = this.#counts[node.index] ?? 0;
    if (count === 0) this.#deliveredMs[node.index] = atMs;
    this.#counts[node.index] = Math.min(255, count + 1);
  }

  /** How many times a node's application got it. */
  deliveries(node: SimNode): number {
    return this.#counts[node.index] ?? 0;
  }

  /** Where it has come to among some nodes. */
  reach(nodes: readonly SimNode[]): Reach {
    const wanted = nodes.filter((node) => node !== this.from && (this.to === undefined || this.to === node));
    const missing = wanted.filter((node) => this.deliveries(node) === 0);
    const timesMs = wanted
      .map(({ index }) => (this.#deliveredMs[index] ?? NaN) - this.sentMs)
      .filter((time) => !Number.isNaN(time))
      .sort((a, b) => a - b);
    return {
      share: wanted.length === 0 ? 1 : 1 - missing.length / wanted.length,
      missing,
      duplicates: wanted.filter((node) => this.deliveries(node) > 1),
      msTo: (share) => timesMs[Math.max(0, Math.ceil(share * timesMs.length) - 1)] ?? NaN,
    };
  }
}
