import { BoundedMap } from '@yakmesh/core/transport';
import type { NodeStanding } from './node-standing.js';

type Shelf = ReturnType<NodeStanding['shelfAt']>;

/**
 * The standings of at most `nodesMax` nodes on three shelves that cannot push each other out: half for the ordinary, a quarter for
 * those with a history, a quarter for those that were banned. On a full shelf whoever was reported longest ago makes room,
 * so a flood of new names forgets none but new names.
 */
export class NodeRoster {
  readonly #shelves: Readonly<Record<Shelf, BoundedMap<string, NodeStanding>>>;

  /** Takes 4 nodes or more. */
  constructor(nodesMax: number) {
    const quarter = Math.floor(nodesMax / 4);
    this.#shelves = {
      banned: new BoundedMap(quarter),
      known: new BoundedMap(quarter),
      ordinary: new BoundedMap(nodesMax - 2 * quarter),
    };
  }

  /** Nodes on all shelves. */
  get size(): number {
    const { banned, known, ordinary } = this.#shelves;
    return banned.size + known.size + ordinary.size;
  }

  /** The standing of a node, wherever it is. */
  find(peerId: string): NodeStanding | undefined {
    const { banned, known, ordinary } = this.#shelves;
    return banned.get(peerId) ?? known.get(peerId) ?? ordinary.get(peerId);
  }

  /** Puts a node where it belongs now, as the newest of its shelf. */
  place(peerId: string, standing: NodeStanding, nowMs: number): void {
    const shelf = this.#shelves[standing.shelfAt(nowMs)];
    for (const other of Object.values(this.#shelves)) if (other !== shelf) other.delete(peerId);
    shelf.set(peerId, standing);
  }

  /** Forgets a node; true if it was there. */
  delete(peerId: string): boolean {
    return Object.values(this.#shelves).some((shelf) => shelf.delete(peerId));
  }

  /** All of them, oldest of each shelf first, so that placing them in this order restores the shelves. */
  entries(): readonly (readonly [string, NodeStanding])[] {
    return Object.values(this.#shelves).flatMap((shelf) => shelf.entries());
  }
}
