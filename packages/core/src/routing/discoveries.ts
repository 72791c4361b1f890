import type { NodeId } from '@yakmesh/crypto';
import { DISCOVERIES_MAX, REPAIR_RINGS, RINGS } from './routing-limits.js';

/** How a way is looked for. */
export interface DiscoverOptions {
  /** The only neighbour to go through. */
  readonly via?: NodeId | undefined;
  /** For what we forward: nearby only. */
  readonly isRepair?: boolean | undefined;
  /** Ways that rest on this statement of the destination, or on older ones, have failed. */
  readonly newerThanMs?: number | undefined;
}

/** A search that is under way. */
export interface Discovery extends DiscoverOptions {
  readonly destination: Uint8Array;
  readonly key: string;
  ring: number;
  dueMs: number;
}

/** Searches for destinations: each widens ring by ring until a way is found or the last ring has waited in vain. */
export class Discoveries {
  readonly #discoveries = new Map<string, Discovery>();

  get size(): number {
    return this.#discoveries.size;
  }

  get deadlineMs(): number | undefined {
    let deadlineMs: number | undefined;
    for (const { dueMs } of this.#discoveries.values())
      if (deadlineMs === undefined || dueMs < deadlineMs) deadlineMs = dueMs;
    return deadlineMs;
  }

  /** A new search; undefined where the same one is under way, 'full' where there are too many. */
  begin(
    key: string,
    destination: Uint8Array,
    options: DiscoverOptions,
    nowMs: number,
  ): Discovery | 'full' | undefined {
    const name = nameOf(key, options.via);
    const known = this.#discoveries.get(name);
    if (known !== undefined && (known.isRepair !== true || options.isRepair === true)) return undefined;
    if (known === undefined && this.#discoveries.size >= DISCOVERIES_MAX) return 'full';
    const discovery = { ...options, key, destination, ring: 0, dueMs: nowMs };
    this.#discoveries.set(name, discovery);
    return discovery;
  }

  /** Searches for a destination that are under way. */
  of(key: string): Discovery[] {
    return [...this.#discoveries.values()].filter((discovery) => discovery.key === key);
  }

  has(key: string, via: NodeId | undefined): boolean {
    return this.#discoveries.has(nameOf(key, via));
  }

  end({ key, via }: Discovery): void {
    this.#discoveries.delete(nameOf(key, via));
  }

  /** Searches whose ring has waited long enough. */
  due(nowMs: number): Discovery[] {
    return [...this.#discoveries.values()].filter(({ dueMs }) => dueMs <= nowMs);
  }

  /** Goes one ring further and answers its reach in links; undefined where there is none left. */
  nextRing(discovery: Discovery, nowMs: number): number | undefined {
    const ring =
      discovery.isRepair === true && discovery.ring >= REPAIR_RINGS ? undefined : RINGS[discovery.ring];
    if (ring === undefined) return undefined;
    discovery.ring += 1;
    discovery.dueMs = nowMs + ring.waitMs;
    return ring.ttl;
  }
}

function nameOf(key: string, via: NodeId | undefined): string {
  return `${key}${via ?? ''}`;
}
