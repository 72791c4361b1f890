import type { Random } from '@yakmesh/core/transport';
import type { HandshakeOutcome } from '../handshake/actions.js';

/** What a session begins with. */
export interface SessionOptions {
  readonly outcome: HandshakeOutcome;
  readonly random: Random;
  readonly nowMs: number;
  /** The flow that the handshake came over. */
  readonly path: number;
  readonly streamWindow: number;
  readonly sessionWindow: number;
  readonly idleMs: number;
  /** A PING after so long a silence; 0 for none. */
  readonly keepAliveMs: number;
  readonly epochRecordsMax?: number | undefined;
  readonly sessionRecordsMax?: number | undefined;
}
