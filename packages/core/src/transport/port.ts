import type { KemSuite, NodeId } from '@yakmesh/crypto';
import type { PeerEvent, PeerInfo } from './peer.js';
import type { ProtocolHandlers, ProtocolId } from './protocol-handlers.js';
import type { ProtocolPort } from './protocol-port.js';

/** Takes a registration back. Twice is fine. */
export type Unsubscribe = () => void;

/** Lets a held link go. Twice is fine. */
export type Unhold = () => void;

/** The codes with which the port refuses. */
export type TransportErrorCode =
  | 'PROTOCOL_TAKEN' // This protocol is open already.
  | 'PROTOCOL_CLOSED' // The protocol's port was closed.
  | 'MESH_TOO_LARGE' // The encoded payload exceeds its limit; the message names what to use instead.
  | 'MESH_UNREACHABLE' // No neighbour leads to that node, it does not answer, or nobody knows where to dial it.
  | 'MESH_QUEUE_FULL' // The queue of the neighbour is full; `drain` tells when it takes again.
  | 'MESH_KEY_UNKNOWN' // Nobody reachable has the key of that node.
  | 'MESH_HOLDS_FULL' // 64 links are held already.
  | 'MESH_STOPPED' // The network was stopped, or is not started yet.
  | 'MESH_BUSY' // Too much waits to be signed or acknowledged.
  | 'FLOW_REFUSED' // The other end, or a relay, refused the flow.
  | 'FLOW_LIMIT'; // 256 flows through one neighbour, or 4,096 in all.

/** How a link is held. */
export interface HoldOptions {
  /** What for; shown in metrics, as 'nakpak'. */
  readonly reason: string;
  /** Where to dial if there is no link, now or later, as 'ws://host:port'. @default where the node was dialled when it was a neighbour last */
  readonly endpoint?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How a key is asked for. */
export interface KeyOptions {
  readonly signal?: AbortSignal | undefined;
}

/** One way to a node. */
export interface Route {
  /** The neighbour to go through; the node itself for a direct link. */
  readonly via: NodeId;
  /** Links to cross; 1 for a neighbour. */
  readonly hops: number;
  /** Estimate over the whole way; undefined until known. */
  readonly rttMs: number | undefined;
}

/** Which network a node belongs to, for what subsystems bind to it. */
export interface NetworkInfo {
  /** The one key encapsulation of the network: 1 is X-Wing, 2 plain ML-KEM-768. */
  readonly suite: KemSuite;
  /** 32 bytes for each network name that is accepted, our own first: a hash of suite, networkId and networkFingerprint. */
  readonly hashes: readonly Uint8Array[];
}

/** All that a subsystem sees of the network: MeshNetwork implements it on WebSockets, the simulator in memory. */
export interface MeshTransport {
  readonly portVersion: 1;
  readonly nodeId: NodeId;
  readonly network: NetworkInfo;
  /** The neighbours with whom the handshake is done, as they are now. */
  getPeers(): readonly PeerInfo[];
  /** Whether that node is a neighbour now. */
  isConnectedTo(id: NodeId): boolean;
  /** @throws RangeError beyond 1,024 listeners. */
  onPeer(listener: (event: PeerEvent) => void): Unsubscribe;
  /**
   * Keeps a direct link to a node, beyond maxPeers and dialled if need be, until let go. At most 64 at a time, counted by
   * node. Rejects with MESH_HOLDS_FULL, MESH_UNREACHABLE, MESH_STOPPED or the code of a dial that failed, MESH_ABORTED among them.
   */
  hold(id: NodeId, options: HoldOptions): Promise<Unhold>;
  /** Up to three ways through different neighbours, best first; empty when none is known. */
  routesTo(id: NodeId): readonly Route[];
  /** The ML-DSA-65 key of a node, 1,952 bytes, checked against its id; where it is not known the node itself is asked, 6 s at most. Rejects with MESH_KEY_UNKNOWN. */
  keyOf(id: NodeId, options?: KeyOptions): Promise<Uint8Array>;
  /**
   * Registers a protocol. Peers learn of it in the handshake, connected ones at once.
   * @throws CodedError PROTOCOL_TAKEN; TypeError for an id that is not `name/version` of at most 32 ASCII bytes.
   */
  open(protocol: ProtocolId, handlers: ProtocolHandlers): ProtocolPort;
}
