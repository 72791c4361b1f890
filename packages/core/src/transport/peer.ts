import type { NodeId } from '@yakmesh/crypto';
import type { ProtocolId } from './protocol-handlers.js';

/** Who dialled: `outbound` if we did. */
export type PeerDirection = 'inbound' | 'outbound';

/** A neighbour at the moment of asking. */
export interface PeerInfo {
  readonly nodeId: NodeId;
  /** The address that its socket shows, without port; undefined where it is unknown, as in browsers. */
  readonly address?: string | undefined;
  /** The URL at which it says it can be dialled, unchecked. */
  readonly endpoint?: string | undefined;
  readonly direction: PeerDirection;
  /** Smoothed round trip; undefined until the first one was measured. */
  readonly rttMs?: number | undefined;
  /** Bytes queued for it in our process. */
  readonly queuedBytes: number;
  /** Protocols it has open, known from the handshake on. */
  readonly protocols: readonly ProtocolId[];
}

/**
 * What happens to a neighbour. `suspect`: it has not answered in time, and probes are on their way. `drain`: a queue
 * that had refused takes again. `protocols`: it has opened or closed some. `disconnected`: the last of it, with the
 * code that says why.
 */
export type PeerEvent =
  | { readonly type: 'connected' | 'suspect' | 'drain' | 'protocols'; readonly peer: PeerInfo }
  | { readonly type: 'disconnected'; readonly peer: PeerInfo; readonly code: string };
