import type { NodeId } from '@yakmesh/crypto';
import { BoundedMap } from '../transport/index.js';
import { REPLIES_MAX, REQUEST_MS, REQUESTS_MAX } from './routing-limits.js';

/** A way back to whoever asks. */
interface Pointer {
  readonly via: NodeId;
  hops: number;
}

/** One request that came by, or is ours, and what became of it here. */
export class SeenRequest {
  readonly destination: Uint8Array;
  readonly key: string;
  readonly sinceMs: number;
  /** Ours: nobody to send answers back to. */
  readonly isOwn: boolean;
  /** Neighbours that have had our own answer. */
  readonly answered: NodeId[] = [];
  readonly #replies = new Map<NodeId, number>();
  #pointers: Pointer[] = [];
  readonly #passedTo: NodeId[] = [];
  #saidHops = Infinity;

  constructor(destination: Uint8Array, key: string, isOwn: boolean, sinceMs: number) {
    this.destination = destination;
    this.key = key;
    this.isOwn = isOwn;
    this.sinceMs = sinceMs;
  }

  /** Whether one more answer of this neighbour is looked at: one that makes them up uses up nobody else's. */
  takesReply(from: NodeId): boolean {
    const count = this.#replies.get(from) ?? 0;
    this.#replies.set(from, count + 1);
    return count < REPLIES_MAX;
  }

  /** A copy came through this neighbour. */
  cameThrough(via: NodeId, hops: number): void {
    const known = this.#pointers.find((pointer) => pointer.via === via);
    if (known !== undefined) known.hops = Math.min(known.hops, hops);
    else this.#pointers.push({ via, hops });
    this.#pointers = this.#pointers.sort((a, b) => a.hops - b.hops).slice(0, REPLIES_MAX);
  }

  /**
   * Where an answer that came through `from` goes on to: over the best way back where it is better than the one before, else over one
   * that had none yet. Undefined where nobody needs it.
   */
  nextTarget(from: NodeId, hops: number, isNeighbour: (id: NodeId) => boolean): NodeId | undefined {
    if (this.#passedTo.length >= REPLIES_MAX) return undefined;
    const ways = this.#pointers.map(({ via }) => via).filter((via) => via !== from && isNeighbour(via));
    if (hops < this.#saidHops) return ways[0];
    return ways.find((via) => !this.#passedTo.includes(via));
  }

  passed(to: NodeId, hops: number): void {
    this.#passedTo.push(to);
    this.#saidHops = Math.min(this.#saidHops, hops);
  }
}

/** The requests of the last half minute, by their ids. */
export class SeenRequests {
  readonly #requests = new BoundedMap<string, SeenRequest>(REQUESTS_MAX);

  get size(): number {
    return this.#requests.size;
  }

  get(id: string, nowMs: number): SeenRequest | undefined {
    const request = this.#requests.get(id);
    return request !== undefined && nowMs - request.sinceMs <= REQUEST_MS ? request : undefined;
  }

  add(id: string, request: SeenRequest): void {
    this.#requests.set(id, request);
    for (let oldest = this.#requests.oldest(); oldest !== undefined; oldest = this.#requests.oldest()) {
      if (request.sinceMs - oldest[1].sinceMs <= REQUEST_MS) return;
      this.#requests.delete(oldest[0]);
    }
  }
}
