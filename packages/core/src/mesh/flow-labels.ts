import { bytesKey, type NodeId } from '@yakmesh/crypto';
import type { Peer } from './peer.js';

/** What the labels of links stand for: the same label means something else on each link. Bounded by whoever adds, with `FlowPlaces`. */
export class FlowLabels<Meaning> {
  readonly #byPeer = new Map<NodeId, Map<string, Meaning>>();
  #size = 0;

  /** Labels in use on all links. */
  get size(): number {
    return this.#size;
  }

  /** In the order of the links, and on each in that in which they were added; what is added or removed meanwhile changes nothing. */
  get meanings(): Meaning[] {
    return [...this.#byPeer.values()].flatMap((labels) => [...labels.values()]);
  }

  find({ nodeId }: Peer, label: Uint8Array): Meaning | undefined {
    return this.#byPeer.get(nodeId)?.get(bytesKey(label));
  }

  set({ nodeId }: Peer, label: Uint8Array, meaning: Meaning): void {
    let labels = this.#byPeer.get(nodeId);
    if (labels === undefined) this.#byPeer.set(nodeId, (labels = new Map<string, Meaning>()));
    const before = labels.size;
    labels.set(bytesKey(label), meaning);
    this.#size += labels.size - before;
  }

  /** False where it meant nothing. */
  delete({ nodeId }: Peer, label: Uint8Array): boolean {
    const labels = this.#byPeer.get(nodeId);
    if (labels?.delete(bytesKey(label)) !== true) return false;
    this.#size -= 1;
    if (labels.size === 0) this.#byPeer.delete(nodeId);
    return true;
  }
}
