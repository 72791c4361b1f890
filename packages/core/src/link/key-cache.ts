import { type NodeId } from '@yakmesh/crypto';
import { nodeName } from '../node-name.js';
import { BoundedMap } from '../transport/index.js';

/** Signers whose keys a node keeps; the one unused for longest leaves first and is asked for again when needed. */
export const KEYS_MAX = 4_096;

/** A public key whose hash is the node id. */
export interface KnownKey {
  readonly nodeId: NodeId;
  readonly nodeIdBytes: Uint8Array;
  /** ML-DSA-65, 1,952 B. */
  readonly publicKey: Uint8Array;
}

/** The node's keys by id. A key comes in only after something signed with it was verified, so that no neighbour can flush the others. */
export class KeyCache {
  readonly #keys = new BoundedMap<NodeId, KnownKey>(KEYS_MAX, { touchOnGet: true });

  get(nodeId: NodeId): KnownKey | undefined {
    return this.#keys.get(nodeId);
  }

  add(key: KnownKey): void {
    this.#keys.set(key.nodeId, key);
  }
}

export function knownKey(publicKey: Uint8Array, nodeIdBytes: Uint8Array): KnownKey {
  return { nodeId: nodeName(nodeIdBytes), nodeIdBytes, publicKey };
}
