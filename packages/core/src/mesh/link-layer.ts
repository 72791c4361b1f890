import type { NodeId } from '@yakmesh/crypto';
import type { MeshErrorCode, PeerFaultCode } from '../errors.js';
import type { HandshakeOutcome, HandshakeRole } from '../handshake/actions.js';
import type { LinkAction } from '../link/link-actions.js';
import type { QueueItem } from '../link/send-queue.js';
import type { Door } from '../sockets/socket.js';
import type { Endpoint } from './endpoint.js';
import type { Peer } from './peer.js';
import type { DialPurpose } from './room.js';

/** One link to a neighbour, as all that stands above links sees it. */
export interface PeerSession {
  readonly role: HandshakeRole;
  /** Of the other end, or the host that was dialled; empty where it is unknown. */
  readonly address: string;
  /** Who the other end has proven to be; undefined before that. */
  readonly outcome: HandshakeOutcome | undefined;
  /** Smoothed round trip; undefined until the first one was measured. */
  readonly rttMs: number | undefined;
  /** True while the peer owes an answer for too long. */
  readonly isSuspect: boolean;
  readonly isClosed: boolean;
  /** True while data may be queued. */
  readonly canQueue: boolean;
  /** Bytes that wait in this process for the peer. */
  readonly queuedBytes: number;
  /** Queues data; false when the queue is full: nothing was taken. */
  enqueue(item: QueueItem): boolean;
  /** Asks for `LinksEvents.drained` when the queue has room again. */
  wantDrain(): void;
  /** Credit of an arrival that is dealt with goes back to the peer. */
  consumed(bytes: number): void;
  /** Ends the link, telling the peer why where that is possible. */
  close(code: MeshErrorCode): void;
}

/** What the links tell of peers: one identity each, however many links it goes through. */
export interface LinksEvents {
  connected(peer: Peer): void;
  disconnected(peer: Peer, code: MeshErrorCode | PeerFaultCode): void;
  /** A handshake that came to nothing. */
  refused(session: PeerSession, code: MeshErrorCode | PeerFaultCode): void;
  /** `session` is the link it came over, which may be one that retires. */
  action(peer: Peer, action: LinkAction, session: PeerSession): void;
  drained(peer: Peer): void;
}

/** All links of a node: one for each neighbour. */
export interface LinkLayer {
  readonly peers: readonly Peer[];
  readonly peerCount: number;
  /** How strangers come in. */
  readonly door: Door;
  peer(nodeId: NodeId): Peer | undefined;
  /** Tells every peer anew of our endpoint and protocols. */
  sendInfo(): void;
  /** Dials; resolves when the peer has accepted. Rejects with the code that says why not. */
  dial(endpoint: Endpoint, purpose: DialPurpose, signal: AbortSignal): Promise<Peer>;
  /** Ends every link; resolves when the last one is gone. */
  stop(): Promise<void>;
}
