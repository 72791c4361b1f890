import { bytesKey, type NodeId } from '@yakmesh/crypto';
import { TokenBucket } from '../link/token-bucket.js';
import {
  REPAIRS_BURST,
  REPAIRS_PER_SECOND,
  REQUESTS_BURST,
  REQUESTS_PER_SECOND,
  STATEMENTS_BURST,
  STATEMENTS_PER_SECOND,
} from './routing-limits.js';

/** A neighbour that speaks `route/1`, and what it may cost us. */
export interface RouteNeighbour {
  readonly key: string;
  readonly requests: TokenBucket;
  readonly statements: TokenBucket;
  readonly repairs: TokenBucket;
}

/** The neighbours that speak `route/1`, by id and by key. */
export class RouteNeighbours {
  readonly #byId = new Map<NodeId, RouteNeighbour>();
  readonly #idOf = new Map<string, NodeId>();

  get size(): number {
    return this.#byId.size;
  }

  get ids(): readonly NodeId[] {
    return [...this.#byId.keys()];
  }

  has(id: NodeId): boolean {
    return this.#byId.has(id);
  }

  get(id: NodeId): RouteNeighbour | undefined {
    return this.#byId.get(id);
  }

  /** The neighbour that is itself the destination of this key. */
  idOf(key: string): NodeId | undefined {
    return this.#idOf.get(key);
  }

  add(id: NodeId, nodeIdBytes: Uint8Array, nowMs: number): void {
    if (this.#byId.has(id)) return;
    const key = bytesKey(nodeIdBytes);
    this.#idOf.set(key, id);
    this.#byId.set(id, {
      key,
      requests: new TokenBucket(REQUESTS_PER_SECOND, REQUESTS_BURST, nowMs),
      statements: new TokenBucket(STATEMENTS_PER_SECOND, STATEMENTS_BURST, nowMs),
      repairs: new TokenBucket(REPAIRS_PER_SECOND, REPAIRS_BURST, nowMs),
    });
  }

  /** True when it was there. */
  delete(id: NodeId): boolean {
    const known = this.#byId.get(id);
    if (known === undefined) return false;
    this.#byId.delete(id);
    this.#idOf.delete(known.key);
    return true;
  }
}
