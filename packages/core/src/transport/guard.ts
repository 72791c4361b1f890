import type { NodeId } from '@yakmesh/crypto';

/** Why not, and for how long: `retryAfterMs` is Infinity when waiting does not help. */
export type GuardVerdict =
  | { readonly allowed: true }
  | {
      readonly allowed: false;
      readonly code: string;
      readonly reason: string;
      readonly retryAfterMs: number;
    };

/** Whom a report is about; either may be unknown. */
export interface GuardSubject {
  readonly nodeId?: NodeId | undefined;
  readonly address?: string | undefined;
}

/**
 * Asked before work is spent on anyone. Synchronous and cheap: it runs for every socket and every message. Asking
 * counts. `nowMs` is monotonic time. The network refuses by the verdict's code and closes; it never waits.
 */
export interface Guard {
  /** A socket was accepted from this address; nothing was read yet. */
  connection(address: string, nowMs: number): GuardVerdict;
  /** The first handshake message arrived, before any key operation. */
  handshake(address: string, nowMs: number): GuardVerdict;
  /** An authenticated origin's message of so many bytes arrived, before it is delivered. */
  message(nodeId: NodeId, bytes: number, nowMs: number): GuardVerdict;
  /** Someone broke a rule; `code` says which. Weight 1 is a suspicion, 100 proof of malice. */
  report(subject: GuardSubject, code: string, weight: number): void;
  /** A connection that was allowed has ended after so long. */
  released?(address: string, livedMs: number): void;
  /** Bits of the puzzle that a handshake must solve now, 0 (none) to 20. @default 0 */
  puzzleBits?(nowMs: number): number;
}
