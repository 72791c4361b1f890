import type { NodeId } from '@yakmesh/crypto';
import type { PeerDirection } from './peer.js';

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
  /** Only a node that has proven itself: a name that somebody merely claims must never be blamed. */
  readonly nodeId?: NodeId | undefined;
  readonly address?: string | undefined;
}

/** The HTTP request that asks for a WebSocket. */
export interface GuardRequest {
  /** Lower-case names, as Node gives them. What they say is the client's word. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** One link, from its handshake on. */
export interface GuardLink {
  /** The client's address, or the host that we dialled. */
  readonly address: string;
  readonly direction: PeerDirection;
  readonly nodeId: NodeId;
}

/** A link that has ended. */
export interface GuardRelease {
  readonly address: string;
  readonly direction: PeerDirection;
  /** Who it was, where `link` had allowed it. */
  readonly nodeId?: NodeId | undefined;
  readonly livedMs: number;
}

/** What is about to be dialled. */
export interface GuardDial {
  /** Host of the URL: a name or an address. */
  readonly host: string;
  readonly url: string;
  /** The only node to be accepted there, where that is known. */
  readonly nodeId?: NodeId | undefined;
}

/**
 * Asked before work is spent on anyone. Synchronous and cheap: it runs for every socket and every message. Asking
 * counts, except where it is said not to. `nowMs` is monotonic time. In the order in which an accepted link meets them:
 * `isBanned`, `clientAddress`, `connection`, `handshake`, `puzzleBits`, `peer`, `link`, `message`…, `released`.
 */
export interface Guard {
  /** Messages that one origin may send in a second; announced to every neighbour, which then paces itself. 0 or absent: no limit. */
  readonly messagesPerSecond?: number | undefined;
  /** Whose connection this is: the client's address where `remoteAddress` is a trusted proxy. @default remoteAddress */
  clientAddress?(remoteAddress: string, request: GuardRequest): string;
  /** True while nothing of this address is to be read; its TCP connections are cut at once. Asking does not count. @default false */
  isBanned?(address: string, nowMs: number): boolean;
  /** A WebSocket is asked for. Refused with HTTP 429, or 403 where waiting does not help. */
  connection(address: string, nowMs: number, request?: GuardRequest): GuardVerdict;
  /** The first handshake message arrived, before any key operation. */
  handshake(address: string, nowMs: number): GuardVerdict;
  /** We are about to dial. Asking does not count. @default allowed */
  dial?(dial: GuardDial, nowMs: number): GuardVerdict;
  /** A handshake names its node, unproven as yet; asked again after each report about a link. Asking does not count. @default allowed */
  peer?(link: GuardLink, nowMs: number): GuardVerdict;
  /** The node has proven itself and becomes a neighbour if this allows it. @default allowed */
  link?(link: GuardLink, nowMs: number): GuardVerdict;
  /** A connection that was allowed, or a dial, has ended. */
  released?(release: GuardRelease, nowMs: number): void;
  /**
   * A verified new message of this origin, before it is delivered. Where a wait of at most 2 s would do, the message waits and is asked
   * about again; else it is dropped and counted under the verdict's code.
   */
  message(nodeId: NodeId, bytes: number, nowMs: number): GuardVerdict;
  /** Someone broke a rule; `code` says which. Weight 1 is a suspicion, 100 proof of malice. */
  report(subject: GuardSubject, code: string, weight: number, nowMs: number): void;
  /**
   * Bits of the puzzle that a handshake must solve now, 0 (none) to 20; the network asks for more when it is under load.
   * `handshakesPerSecond` is how many strangers' handshakes the network bears without one. @default 0
   */
  puzzleBits?(nowMs: number, handshakesPerSecond?: number): number;
}
