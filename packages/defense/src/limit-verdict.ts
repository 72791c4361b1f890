/** Why a limit refused. The mesh counts refusals under these codes. */
export type LimitCode =
  | 'GUARD_BANNED'
  | 'GUARD_CONNECTIONS'
  | 'GUARD_GOSSIP'
  | 'GUARD_HANDSHAKES'
  | 'GUARD_MESSAGES'
  | 'GUARD_SUBNET';

/** What a limit admits. */
export interface LimitAllowed {
  readonly allowed: true;
  readonly retryAfterMs: 0;
  readonly reason?: undefined;
  readonly code?: undefined;
}

/** What a limit refuses. */
export interface LimitRefused {
  readonly allowed: false;
  readonly code: LimitCode;
  /** A sentence to be shown or logged; it holds nothing that the other end has chosen. */
  readonly reason: string;
  /** Milliseconds until the same question may be answered otherwise; Infinity when waiting does not help. */
  readonly retryAfterMs: number;
}

/** The answer of a limit. Every field may be read without asking for `allowed` first. */
export type LimitVerdict = LimitAllowed | LimitRefused;

/** The one verdict that admits. */
export const ALLOWED: LimitAllowed = Object.freeze({ allowed: true, retryAfterMs: 0 });

/** A verdict that refuses. */
export function refusal(code: LimitCode, reason: string, retryAfterMs: number): LimitRefused {
  return { allowed: false, code, reason, retryAfterMs };
}
