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

/** Latencies that depend on who talks to whom and never change. */
export interface LatencyTable {
  /** One way, in milliseconds. */
  between(from: string, to: string): number;
}

/** What a {@link NetworkConditions} is made of. */
export interface ConditionsOptions {
  /** Draws latencies. */
  readonly random: Random;
  readonly latency: Latency | LatencyTable;
  /** Share of the packets that are lost; each costs a retransmission. @default 0 */
  readonly loss?: number | undefined;
  /** What a host sends in a second, all its connections together. @default unlimited */
  readonly bytesPerSecond?: number | undefined;
}

interface Cut {
  readonly groupA: ReadonlySet<string>;
  /** Undefined: everyone who is not in group A. */
  readonly groupB: ReadonlySet<string> | undefined;
  readonly isOneWay: boolean;
}

/** When a host's line is free again; all its connections share it. */
export interface Uplink {
  freeMs: number;
}

/** What the wires between hosts are like at the moment. */
export class NetworkConditions {
  readonly random: Random;
  readonly bytesPerSecond: number;
  readonly #latency: Latency | LatencyTable;
  readonly #latencies = new Map<string, Latency>();
  readonly #cuts = new Set<Cut>();
  readonly #stalls = new Map<string, number>();
  readonly #paused = new Set<string>();
  readonly #uplinks = new Map<string, Uplink>();
  #loss: number;
  #version = 0;

  constructor({ random, latency, loss = 0, bytesPerSecond = Infinity }: ConditionsOptions) {
    this.random = random;
    this.bytesPerSecond = bytesPerSecond;
    this.#latency = latency;
    this.#loss = loss;
  }

  /** Changes with every change: what was derived from the conditions before is out of date. */
  get version(): number {
    return this.#version;
  }

  get loss(): number {
    return this.#loss;
  }

  setLoss(loss: number): void {
    this.#loss = loss;
  }

  setLatency(a: string, b: string, latency: Latency): void {
    this.#version += 1;
    this.#latencies.set(wireName(a, b), latency);
    this.#latencies.set(wireName(b, a), latency);
  }

  latency(from: string, to: string): Latency {
    if (from === to) return 0;
    const own = this.#latencies.size === 0 ? undefined : this.#latencies.get(wireName(from, to));
    if (own !== undefined) return own;
    return typeof this.#latency === 'object' ? this.#latency.between(from, to) : this.#latency;
  }

  uplink(host: string): Uplink {
    const uplink = this.#uplinks.get(host) ?? { freeMs: 0 };
    this.#uplinks.set(host, uplink);
    return uplink;
  }

  /** Answers how to heal the cut. One way, only what group A sends is lost. */
  cut(groupA: readonly string[], groupB: readonly string[] | undefined, isOneWay = false): () => void {
    const cut: Cut = { groupA: new Set(groupA), groupB: groupB && new Set(groupB), isOneWay };
    this.#cuts.add(cut);
    this.#version += 1;
    return () => {
      this.#version += 1;
      this.#cuts.delete(cut);
    };
  }

  /** Whether what one host sends to another is lost. */
  isCut(from: string, to: string): boolean {
    for (const cut of this.#cuts)
      if (separates(cut, from, to) || (!cut.isOneWay && separates(cut, to, from))) return true;
    return false;
  }

  /** Answers how to go on; several stalls of one wire add up. */
  stall(from: string, to: string): () => void {
    const key = wireName(from, to);
    this.#stalls.set(key, (this.#stalls.get(key) ?? 0) + 1);
    this.#version += 1;
    let isOver = false;
    return () => {
      if (!isOver) this.#stalls.set(key, (this.#stalls.get(key) ?? 1) - 1);
      this.#version += 1;
      isOver = true;
    };
  }

  /** A host reads nothing from anyone, or does so again. */
  setPaused(host: string, isPaused: boolean): void {
    this.#version += 1;
    if (isPaused) this.#paused.add(host);
    else this.#paused.delete(host);
  }

  isStalled(from: string, to: string): boolean {
    return this.#paused.has(to) || (this.#stalls.size > 0 && (this.#stalls.get(wireName(from, to)) ?? 0) > 0);
  }
}

function separates({ groupA, groupB }: Cut, a: string, b: string): boolean {
  return groupA.has(a) && (groupB === undefined ? !groupA.has(b) : groupB.has(b));
}

function wireName(from: string, to: string): string {
  return `${from} ${to}`;
}
