import type { JobResult } from '../crypto-job.js';
import type { LinkErrorCode } from '../errors.js';
import type { HandshakeAction } from './actions.js';

/** One side of a handshake, as its session drives it. */
export interface HandshakeMachine {
  /** The dialling side speaks first. */
  start?(): HandshakeAction[];
  receive(bytes: Uint8Array, nowMs: number): HandshakeAction[];
  complete(ticket: number, result: JobResult): HandshakeAction[];
  /** What tells the peer that its link is refused, where that is no sealed record. */
  refusal?(code: LinkErrorCode): Uint8Array;
  /** Forgets all keys. */
  destroy(): void;
}
