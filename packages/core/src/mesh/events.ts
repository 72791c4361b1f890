import type { NodeId } from '@yakmesh/crypto';
import type { PeerHint } from '../link/control-frames.js';
import type { Payload, PeerDirection, PeerInfo, Priority } from '../transport/index.js';
import type { MeshRecord } from './mesh-record.js';

/** The neighbour through which a message came. */
export interface MeshLink {
  readonly nodeId: NodeId;
  /** Address that its socket shows; undefined where it is unknown, as in browsers. */
  readonly address: string | undefined;
  readonly direction: PeerDirection;
  /** Smoothed round trip in milliseconds; undefined until one was measured. */
  readonly rttMs: number | undefined;
  /** Bytes queued for it in this process. */
  readonly queuedBytes: number;
  /** Ends the link for good: it is not dialled again. */
  close(reason?: string): void;
}

/** What a handler of a message type gets first. Fields beyond `type` depend on the type. */
export interface MeshMessage {
  /** 'gossip', 'message', or one of the other message types. */
  readonly type: string;
  /** What was sent; undefined for the link's own messages. */
  readonly payload?: Payload | undefined;
  /** 32 hexadecimal digits; the same at every receiver. */
  readonly id?: string | undefined;
  /** The origin's wall clock when it signed. */
  readonly timeMs?: number | undefined;
  readonly priority?: Priority | undefined;
  /** Endpoints that a peer shared, for 'welcome' and 'peers'. */
  readonly peers?: readonly PeerHint[] | undefined;
  /** Where a peer says it can be dialled, for 'hello'. */
  readonly endpoint?: string | undefined;
  /** Round trip just measured, for 'pong'. */
  readonly rttMs?: number | undefined;
  /** What has taken effect here, for 'replicate'. */
  readonly record?: MeshRecord | undefined;
  /** Records that came and went in a round of data sync, for 'sync_response'. */
  readonly received?: number | undefined;
  readonly sent?: number | undefined;
}

/** Called for messages: the message, the neighbour it came through, and its signed origin. */
export type MessageHandler = (message: MeshMessage, link: MeshLink, nodeId: NodeId) => void;

/** Why something that the caller did not wait for failed. */
export interface Failure {
  readonly operation: 'broadcast' | 'sendTo' | 'connect' | 'replicate' | 'start' | 'stop';
  readonly code: string;
  readonly message: string;
}

/** A handshake that came to nothing. */
export interface Refusal {
  /** The address that its socket showed, or the host that was dialled. */
  readonly address: string;
  readonly direction: PeerDirection;
  readonly code: string;
}

/** How far a peer's wall clock is ahead of ours. */
export interface ClockSkew {
  readonly nodeId: NodeId;
  /** Milliseconds; negative when it is behind. */
  readonly skewMs: number;
}

/** What one of the application's handlers threw. */
export interface HandlerFailure {
  /** What the handler was registered for. */
  readonly type: string;
  readonly message: string;
}

/** Events of the mesh itself. Their names hold a ':', which no peer's `payload.type` may. */
export interface MeshEvents {
  'peer:connected': [peer: PeerInfo];
  'peer:suspect': [peer: PeerInfo];
  'peer:disconnected': [peer: PeerInfo, code: string];
  /** A handshake that came to nothing, in either direction. */
  'peer:refused': [refusal: Refusal];
  /** A broadcast, send or other call failed; emitted whether or not its promise is awaited. */
  'send:failed': [failure: Failure];
  /** A peer's wall clock is so far from ours that one would refuse the other's messages. */
  'clock:skew': [skew: ClockSkew];
  /** A handler threw, or its promise rejected. */
  'handler:failed': [failure: HandlerFailure];
}

/** Names that a peer's `payload.type` must not raise. */
const RESERVED: ReadonlySet<string> = new Set([
  'hello',
  'welcome',
  'ping',
  'pong',
  'peers',
  'sync_request',
  'sync_response',
  'replicate',
  'gossip',
  'message',
]);

/** The event that a payload raises besides 'gossip' or 'message': its `type`, where that is a harmless string. */
export function payloadEvent(payload: Payload): string | undefined {
  if (typeof payload !== 'object' || payload === null || !Object.hasOwn(payload, 'type')) return undefined;
  const { type } = payload as { readonly type: unknown };
  const isName = typeof type === 'string' && type.length >= 1 && type.length <= 64;
  return isName && !type.includes(':') && !RESERVED.has(type) ? type : undefined;
}
