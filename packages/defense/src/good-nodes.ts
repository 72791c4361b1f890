import { BoundedMap } from '@yakmesh/core/transport';

/** Address scopes with good nodes; while all of them are current, a further scope is not remembered. */
export const GOOD_SCOPES_MAX = 4_096;

/** Good nodes of one scope; while all of them are current, a further one is not remembered. */
export const GOOD_NODES_PER_SCOPE_MAX = 8;

/** A node counts as good at an address for a day after it was last proven there. */
export const GOOD_NODE_LIFE_MS = 86_400_000;

/**
 * Which nodes have proven themselves at which address scope within the last day. Those who came first stay: an attacker
 * who joins behind the same address, or from many others, drives nobody out. At most 32,768 nodes, 8 MiB.
 */
export class GoodNodes {
  readonly #seenMs = new BoundedMap<string, Map<string, number>>(GOOD_SCOPES_MAX);
  readonly #scopesOf = new Map<string, Set<string>>();

  /** Scopes with good nodes, at most 4,096. */
  get size(): number {
    return this.#seenMs.size;
  }

  /** Notes that a node was proven at a scope. False when there is no room for it. */
  remember(scope: string, nodeId: string, nowMs: number): boolean {
    const nodes = this.#seenMs.peek(scope) ?? this.#makeScope(scope, nowMs);
    if (nodes === undefined) return false;
    if (!nodes.has(nodeId) && nodes.size >= GOOD_NODES_PER_SCOPE_MAX) this.#dropStale(scope, nodes, nowMs);
    if (!nodes.has(nodeId) && nodes.size >= GOOD_NODES_PER_SCOPE_MAX) return false;
    nodes.set(nodeId, nowMs);
    // Set anew, so that the scope is the one seen last.
    this.#seenMs.set(scope, nodes);
    const scopes = this.#scopesOf.get(nodeId) ?? new Set();
    this.#scopesOf.set(nodeId, scopes.add(scope));
    return true;
  }

  /** Whether the node is known as good at this scope. */
  has(scope: string, nodeId: string, nowMs: number): boolean {
    const seenMs = this.#seenMs.peek(scope)?.get(nodeId);
    return seenMs !== undefined && nowMs - seenMs < GOOD_NODE_LIFE_MS;
  }

  /** Whether any good node is known at this scope. */
  hasAny(scope: string, nowMs: number): boolean {
    for (const seenMs of this.#seenMs.peek(scope)?.values() ?? [])
      if (nowMs - seenMs < GOOD_NODE_LIFE_MS) return true;
    return false;
  }

  /** Forgets a node at all scopes. */
  forget(nodeId: string): void {
    for (const scope of this.#scopesOf.get(nodeId) ?? []) {
      const nodes = this.#seenMs.peek(scope);
      nodes?.delete(nodeId);
      if (nodes?.size === 0) this.#seenMs.delete(scope);
    }
    this.#scopesOf.delete(nodeId);
  }

  #makeScope(scope: string, nowMs: number): Map<string, number> | undefined {
    const oldest = this.#seenMs.size < GOOD_SCOPES_MAX ? undefined : this.#seenMs.oldest();
    if (oldest !== undefined) {
      // The oldest scope is the one in which a node was seen longest ago, so all others are as current.
      if (this.hasAny(oldest[0], nowMs)) return undefined;
      this.#dropStale(oldest[0], oldest[1], nowMs);
      this.#seenMs.delete(oldest[0]);
    }
    return new Map();
  }

  #dropStale(scope: string, nodes: Map<string, number>, nowMs: number): void {
    for (const [nodeId, seenMs] of nodes) {
      if (nowMs - seenMs < GOOD_NODE_LIFE_MS) continue;
      nodes.delete(nodeId);
      const scopes = this.#scopesOf.get(nodeId);
      scopes?.delete(scope);
      if (scopes?.size === 0) this.#scopesOf.delete(nodeId);
    }
  }
}
