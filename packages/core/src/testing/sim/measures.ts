import { systemClock } from '../../transport/clock.js';
import type { VirtualClock } from '../virtual-clock.js';
import type { FastClock } from './fast-clock.js';
import type { SimNode } from './sim-node.js';
import type { Traffic } from './traffic.js';

/** What was counted between two questions. */
export interface Measured {
  /** Messages that applications got, all nodes together. */
  readonly deliveries: number;
  /** Copies that nodes received of messages which they had. */
  readonly duplicates: number;
  /** Copies beyond the first of each delivery: relative message redundancy, 0 for a tree. */
  readonly redundancy: number;
  /** Bytes that arrived. */
  readonly bytes: number;
  /** Bytes that were written, by what they were for; empty with real cryptography, which hides it. */
  readonly bytesByClass: Readonly<Record<string, number>>;
  readonly events: number;
  readonly virtualMs: number;
  /** What this process took for it. */
  readonly realMs: number;
  readonly eventsPerSecond: number;
}

interface Counts {
  readonly deliveries: number;
  readonly duplicates: number;
  readonly bytes: number;
  readonly byClass: Readonly<Record<string, number>>;
  readonly events: number;
  readonly virtualMs: number;
  readonly realMs: number;
}

/** Counts over all nodes, dead ones as far as they came. */
export class Measures {
  readonly #nodes: readonly SimNode[];
  readonly #traffic: Traffic;
  readonly #clock: FastClock | VirtualClock;
  #bytes = 0;
  /** Of processes that were replaced. */
  #pastDeliveries = 0;
  #pastDuplicates = 0;
  #before: Counts;

  constructor(nodes: readonly SimNode[], traffic: Traffic, clock: FastClock | VirtualClock) {
    this.#nodes = nodes;
    this.#traffic = traffic;
    this.#clock = clock;
    this.#before = this.#counts();
  }

  arrived(bytes: number): void {
    this.#bytes += bytes;
  }

  /** A node's process is about to be replaced. */
  replaced({ mesh }: SimNode): void {
    this.#pastDeliveries += mesh.counters['messages:received'] ?? 0;
    this.#pastDuplicates += mesh.counters['PEER_DUPLICATE'] ?? 0;
  }

  take(): Measured {
    const before = this.#before;
    const now = this.#counts();
    this.#before = now;
    const deliveries = now.deliveries - before.deliveries;
    const duplicates = now.duplicates - before.duplicates;
    const realMs = now.realMs - before.realMs;
    const events = now.events - before.events;
    const bytesByClass = Object.fromEntries(
      Object.entries(now.byClass).map(([name, bytes]) => [name, bytes - (before.byClass[name] ?? 0)]),
    );
    return {
      deliveries,
      duplicates,
      redundancy: deliveries === 0 ? 0 : duplicates / deliveries,
      bytes: now.bytes - before.bytes,
      bytesByClass,
      events,
      virtualMs: now.virtualMs - before.virtualMs,
      realMs,
      eventsPerSecond: realMs === 0 ? 0 : (1_000 * events) / realMs,
    };
  }

  #counts(): Counts {
    let deliveries = this.#pastDeliveries;
    let duplicates = this.#pastDuplicates;
    for (const { mesh } of this.#nodes) {
      const { counters } = mesh;
      deliveries += counters['messages:received'] ?? 0;
      duplicates += counters['PEER_DUPLICATE'] ?? 0;
    }
    return {
      deliveries,
      duplicates,
      bytes: this.#bytes,
      byClass: { ...this.#traffic.snapshot() } as Record<string, number>,
      events: this.#clock.events,
      virtualMs: this.#clock.monotonicMs(),
      realMs: systemClock.monotonicMs(),
    };
  }
}
