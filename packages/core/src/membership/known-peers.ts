import { ByteReader, ByteWriter, bytesToUtf8, utf8ToBytes, type NodeId } from '@yakmesh/crypto';
import { ENDPOINT_BYTES_MAX, isHarmless, type PeerHint } from '../link/control-frames.js';
import { bytesOfName, nodeName } from '../node-name.js';
import { BoundedMap } from '../transport/index.js';
import { KNOWN_PEERS_MAX } from './limits.js';

const FORMAT = 1;
const NODE_ID_BYTES = 32;
const HEADER_BYTES = 3;
const ENTRY_BYTES_MAX = NODE_ID_BYTES + 1 + ENDPOINT_BYTES_MAX + 6;

/** A peer with which a handshake succeeded, and when last. */
export interface KnownPeer extends PeerHint {
  /** Wall clock. */
  readonly lastMs: number;
}

/** The peers that a node would turn to after a restart: only those with which it has shaken hands. */
export class KnownPeers {
  readonly #peers = new BoundedMap<NodeId, KnownPeer>(KNOWN_PEERS_MAX);
  /** Whether something has changed since `encode`. */
  isDirty = false;

  get size(): number {
    return this.#peers.size;
  }

  /** Most recent first. */
  list(): KnownPeer[] {
    return this.#peers.values().reverse();
  }

  endpointOf(nodeId: NodeId): string | undefined {
    return this.#peers.peek(nodeId)?.endpoint;
  }

  note(peer: KnownPeer): void {
    this.#peers.set(peer.nodeId, peer);
    this.isDirty = true;
  }

  forget(nodeId: NodeId): void {
    if (this.#peers.delete(nodeId)) this.isDirty = true;
  }

  /** format u8 ‖ count u16 ‖ (node id 32 ‖ length u8 ‖ endpoint ‖ last success u48)…, most recent first. */
  encode(): Uint8Array {
    this.isDirty = false;
    const peers = this.list();
    const writer = new ByteWriter(HEADER_BYTES, HEADER_BYTES + peers.length * ENTRY_BYTES_MAX);
    writer.u8(FORMAT).u16(peers.length);
    for (const { nodeId, endpoint, lastMs } of peers) {
      const url = utf8ToBytes(endpoint);
      writer.bytes(bytesOfName(nodeId) ?? new Uint8Array(NODE_ID_BYTES));
      writer.u8(url.length).bytes(url).u48(lastMs);
    }
    return writer.finish();
  }
}

/** What `encode` wrote; empty for anything else, since a lost list is no reason not to start. */
export function decodeKnownPeers(bytes: Uint8Array): KnownPeer[] {
  const reader = new ByteReader(bytes);
  const isKnownFormat = reader.u8() === FORMAT;
  const count = reader.u16();
  const peers: KnownPeer[] = [];
  for (let index = 0; index < count && !reader.failed && index < KNOWN_PEERS_MAX; index += 1) {
    const id = reader.bytes(NODE_ID_BYTES);
    const endpoint = bytesToUtf8(reader.bytes(reader.u8()));
    const lastMs = reader.u48();
    if (reader.failed || endpoint === undefined || !isHarmless(endpoint)) return [];
    peers.push({ nodeId: nodeName(id), endpoint, lastMs });
  }
  return isKnownFormat && reader.end() ? peers : [];
}
