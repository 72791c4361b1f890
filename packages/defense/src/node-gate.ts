import { BanList } from './ban-list.js';
import { boundedText } from './bounded-text.js';
import { ALLOWED, refusal, type LimitCode, type LimitRefused, type LimitVerdict } from './limit-verdict.js';
import type { RateLimits } from './rate-limiter-options.js';
import { ScopeWindows } from './scope-windows.js';
import { STRIKE_LIFE_MS, Strikes } from './strikes.js';

/** Nodes counted at once; while all have sent within the last second, newcomers share windows. */
export const NODES_MAX = 4_096;

/** Nodes, and texts that are no address, banned at once. While all are in force, a further one is not banned; its windows limit it still. */
export const NODE_BANS_MAX = 16_384;

/** Characters of a node's key, twice those of a node id; what follows does not count. */
export const NODE_KEY_LENGTH_MAX = 128;

const SECOND_MS = 1_000;

/** What a node is kept under. */
export function nodeKey(nodeId: string): string {
  return boundedText(typeof nodeId === 'string' ? nodeId : '', NODE_KEY_LENGTH_MAX);
}

/** What a node may send. */
export type NodeRequest = 'message' | 'gossip';

const CODES: Readonly<Record<NodeRequest, LimitCode>> = { message: 'GUARD_MESSAGES', gossip: 'GUARD_GOSSIP' };

const REASONS: Readonly<Record<NodeRequest, string>> = {
  message: 'This node sends too many messages.',
  gossip: 'This node sends too much gossip.',
};

/** All that is kept about nodes: their windows, strikes and bans. */
export class NodeGate {
  readonly bans = new BanList(NODE_BANS_MAX);
  readonly #banDurationMs: number;
  readonly #windows: Readonly<Record<NodeRequest, ScopeWindows>>;
  readonly #strikes: Strikes;
  #bansNotTaken = 0;

  constructor({ maxMessagesPerSecond, maxGossipPerSecond, banThreshold, banDuration }: RateLimits) {
    this.#banDurationMs = banDuration;
    this.#windows = { message: windowsOf(maxMessagesPerSecond), gossip: windowsOf(maxGossipPerSecond) };
    this.#strikes = new Strikes(banThreshold, STRIKE_LIFE_MS, NODES_MAX);
  }

  /** Nodes that have a window of their own, of the request that has more. */
  get nodes(): number {
    return Math.max(this.#windows.message.size, this.#windows.gossip.size);
  }

  /** Nodes with refusals that count toward a ban. */
  get strikes(): number {
    return this.#strikes.size;
  }

  /** Bans that were due while the list was full. */
  get bansNotTaken(): number {
    return this.#bansNotTaken;
  }

  /** Counts one message and answers whether it is admitted. */
  check(request: NodeRequest, nodeId: string, nowMs: number): LimitVerdict {
    const key = nodeKey(nodeId);
    const refused = this.refusalOf(key, nowMs);
    if (refused !== undefined) return refused;
    const result = this.#windows[request].take(key, nowMs);
    if (result === 'taken') return ALLOWED;
    const retryAfterMs = this.#windows[request].retryAfterMs(key, nowMs);
    if (result === 'refused') this.#strike(key, nowMs);
    return refusal(CODES[request], REASONS[request], retryAfterMs);
  }

  /** Milliseconds until a message would be admitted. Asking does not count. */
  retryAfterMs(request: NodeRequest, nodeId: string, nowMs: number): number {
    const key = nodeKey(nodeId);
    const bannedMs = Math.max(0, this.bans.untilMs(key, nowMs) - nowMs);
    return Math.max(bannedMs, this.#windows[request].retryAfterMs(key, nowMs));
  }

  /** Why a banned node is refused; undefined for one that is not banned. */
  refusalOf(nodeId: string, nowMs: number): LimitRefused | undefined {
    const untilMs = this.bans.untilMs(nodeKey(nodeId), nowMs);
    return untilMs === 0
      ? undefined
      : refusal('GUARD_BANNED', 'This node is banned for now.', untilMs - nowMs);
  }

  /** Bans a node; false when the list is full. */
  ban(nodeId: string, untilMs: number, nowMs: number): boolean {
    return this.bans.ban(nodeKey(nodeId), untilMs, nowMs);
  }

  /** Ends the ban of a node and forgets its strikes. True if there was a ban. */
  unban(nodeId: string): boolean {
    this.#strikes.delete(nodeKey(nodeId));
    return this.bans.unban(nodeKey(nodeId));
  }

  #strike(key: string, nowMs: number): void {
    if (!this.#strikes.add(key, nowMs)) return;
    if (!this.bans.ban(key, nowMs + this.#banDurationMs, nowMs)) this.#bansNotTaken += 1;
  }
}

function windowsOf(limit: number): ScopeWindows {
  return new ScopeWindows({ limit, windowMs: SECOND_MS, keysMax: NODES_MAX });
}
