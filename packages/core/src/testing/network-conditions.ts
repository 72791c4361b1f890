import type { Random } from '../transport/random.js';

/** One way, in milliseconds: fixed, or drawn for each message. Order is kept all the same. */
export type Latency = number | ((random: Random) => number);

/** A message as it leaves its sender's process. */
export interface CapturedMessage {
  readonly from: string;
  readonly to: string;
  /** Counts connections from 1, in the order of dialling. */
  readonly connection: number;
  /** Whether the side that dialled sent it. */
  readonly isFromDialler: boolean;
  readonly atMs: number;
  readonly bytes: Uint8Array;
}

/** What is to travel instead of a message: itself, nothing, something else, or several. */
export type Tamper = (message: CapturedMessage) => readonly Uint8Array[];

interface Cut {
  readonly groupA: ReadonlySet<string>;
  /** Undefined: everyone who is not in group A. */
  readonly groupB: ReadonlySet<string> | undefined;
}

/** What the wires between hosts are like at the moment. */
export class NetworkConditions {
  readonly #random: Random;
  readonly #latency: Latency;
  readonly #latencies = new Map<string, Latency>();
  readonly #cuts = new Set<Cut>();
  readonly #stalls = new Map<string, number>();

  constructor(random: Random, latency: Latency) {
    this.#random = random;
    this.#latency = latency;
  }

  setLatency(a: string, b: string, latency: Latency): void {
    this.#latencies.set(wire(a, b), latency);
    this.#latencies.set(wire(b, a), latency);
  }

  /** Draws the time that a packet takes now. */
  drawLatencyMs(from: string, to: string): number {
    if (from === to) return 0;
    const latency = this.#latencies.get(wire(from, to)) ?? this.#latency;
    return Math.max(0, typeof latency === 'number' ? latency : latency(this.#random));
  }

  /** Answers how to heal the cut. */
  cut(groupA: readonly string[], groupB: readonly string[] | undefined): () => void {
    const cut: Cut = { groupA: new Set(groupA), groupB: groupB && new Set(groupB) };
    this.#cuts.add(cut);
    return () => void this.#cuts.delete(cut);
  }

  isCut(a: string, b: string): boolean {
    for (const cut of this.#cuts) if (separates(cut, a, b) || separates(cut, b, a)) return true;
    return false;
  }

  /** Answers how to go on; several stalls of one wire add up. */
  stall(from: string, to: string): () => void {
    const key = wire(from, to);
    this.#stalls.set(key, (this.#stalls.get(key) ?? 0) + 1);
    let isOver = false;
    return () => {
      if (!isOver) this.#stalls.set(key, (this.#stalls.get(key) ?? 1) - 1);
      isOver = true;
    };
  }

  isStalled(from: string, to: string): boolean {
    return (this.#stalls.get(wire(from, to)) ?? 0) > 0;
  }
}

function separates({ groupA, groupB }: Cut, a: string, b: string): boolean {
  return groupA.has(a) && (groupB === undefined ? !groupA.has(b) : groupB.has(b));
}

function wire(from: string, to: string): string {
  return `${from} ${to}`;
}
