import {
  systemClock,
  type Clock,
  type Guard,
  type GuardDial,
  type GuardLink,
  type GuardRelease,
  type GuardRequest,
  type GuardSubject,
  type GuardVerdict,
} from '@yakmesh/core/transport';
import type { NodeId } from '@yakmesh/crypto';
import type { ConnectionGate } from './connection-gate.js';
import { HANDSHAKES_PER_SECOND_DEFAULT, HandshakeLoad } from './handshake-load.js';
import { LOCAL_BLOCKS, LOOPBACK_BLOCKS } from './local-blocks.js';
import type { LimitCode } from './limit-verdict.js';
import { badOption, refuseUnknownOptions } from './option-checks.js';
import { ConnectionRateLimiter } from './rate-limiter.js';
import type { RateLimiterOptions } from './rate-limiter-options.js';
import { ReputationTracker } from './reputation-tracker.js';
import { SubnetDiversity, type SubnetDiversityOptions } from './subnet-diversity.js';

/** A report of this weight or more counts as a refusal of its address, and five of these as a ban. Below it are an honest peer's mishaps. */
export const ADDRESS_REPORT_WEIGHT_MIN = 10;

/** A link that lived so long was meant: its address gets its allowance back, and its node a good word. */
export const GOOD_LIFE_MS = 60_000;

/** Options of {@link createGuard}. */
export interface GuardOptions {
  /** Limits, without `maxGossipPerSecond`: a mesh announces one limit for all messages. Where one of connections or handshakes is given, this machine's own addresses are limited too. @default {} */
  readonly rateLimiter?: Omit<RateLimiterOptions, 'maxGossipPerSecond'> | undefined;
  /** Neighbours of one subnet; false for no such rule. @default { maxPerSubnet: 3, maxPerWideSubnet: 10 }, loopback and private addresses exempt */
  readonly subnets?: SubnetDiversityOptions | false | undefined;
  /** Keeps the nodes' reputations; give one to persist it or to share it. @default a new one */
  readonly reputation?: ReputationTracker | undefined;
  /** Rules of your own, all of which must let pass. @default [] */
  readonly gates?: readonly ConnectionGate[] | undefined;
  /** Tells the wall's time. @default the system's */
  readonly clock?: Clock | undefined;
}

/** A guard with a window on what it has decided. */
export interface DefenseGuard extends Guard {
  readonly limiter: ConnectionRateLimiter;
  readonly reputation: ReputationTracker;
  readonly subnets: SubnetDiversity | undefined;
}

const KNOWN_OPTIONS: ReadonlySet<string> = new Set<keyof GuardOptions>([
  'rateLimiter',
  'subnets',
  'reputation',
  'gates',
  'clock',
]);

/** Why a guard of this package refuses. The mesh counts refusals under these codes. */
export type GuardCode = LimitCode | 'GUARD_GATE';

const ALLOWED: GuardVerdict = Object.freeze({ allowed: true });
const GATE: GuardVerdict = forGood('GUARD_GATE', 'A rule of this node does not let it in.');
const BANNED: GuardVerdict = forGood('GUARD_BANNED', 'This node is banned.');

/**
 * The guard for a mesh that is open to strangers: limits for addresses and nodes, bans, reputation, subnet diversity, harder puzzles under
 * load, and your own gates. Give it to MeshNetwork as `guard`.
 *
 * @throws DefenseArgumentError DEFENSE_BAD_OPTION for an option that cannot be used.
 */
export function createGuard(options: GuardOptions = {}): DefenseGuard {
  return new ComposedGuard(options);
}

class ComposedGuard implements DefenseGuard {
  readonly limiter: ConnectionRateLimiter;
  readonly reputation: ReputationTracker;
  readonly subnets: SubnetDiversity | undefined;
  readonly messagesPerSecond: number;
  readonly #gates: readonly ConnectionGate[];
  readonly #load = new HandshakeLoad();
  readonly #wallOffsetMs: number;

  constructor(options: GuardOptions) {
    refuseUnknownOptions(options, KNOWN_OPTIONS);
    const { rateLimiter = {}, subnets = {}, clock = systemClock } = options;
    if ('maxGossipPerSecond' in rateLimiter)
      badOption(
        'A guard counts gossip as messages: give maxMessagesPerSecond instead of maxGossipPerSecond.',
      );
    this.limiter = new ConnectionRateLimiter({ ...exemptLoopback(rateLimiter), ...rateLimiter });
    this.reputation = options.reputation ?? new ReputationTracker();
    this.subnets = subnets === false ? undefined : new SubnetDiversity({ exempt: LOCAL_BLOCKS, ...subnets });
    this.#gates = options.gates ?? [];
    this.#wallOffsetMs = clock.nowMs() - clock.monotonicMs();
    const { maxMessagesPerSecond } = this.limiter.limits;
    this.messagesPerSecond = maxMessagesPerSecond === Infinity ? 0 : maxMessagesPerSecond;
  }

  clientAddress(remoteAddress: string, request: GuardRequest): string {
    return this.limiter.clientAddress(remoteAddress, request);
  }

  isBanned(address: string, nowMs: number): boolean {
    return this.limiter.isShut(address, nowMs);
  }

  connection(address: string, nowMs: number, request?: GuardRequest): GuardVerdict {
    if (!this.#passes((gate) => gate.connection?.(address, request))) return GATE;
    return this.limiter.checkConnection(address, nowMs);
  }

  handshake(address: string, nowMs: number): GuardVerdict {
    if (!this.limiter.isExempt(address)) this.#load.add(nowMs);
    return this.limiter.checkHandshake(address, nowMs);
  }

  puzzleBits(nowMs: number, handshakesPerSecond = HANDSHAKES_PER_SECOND_DEFAULT): number {
    return this.#load.bits(nowMs, handshakesPerSecond);
  }

  dial(dial: GuardDial, nowMs: number): GuardVerdict {
    if (!this.#passes((gate) => gate.dial?.(dial))) return GATE;
    if (dial.nodeId !== undefined && this.#isBannedNode(dial.nodeId, nowMs)) return BANNED;
    return this.subnets?.allowConnection(dial.host) ?? ALLOWED;
  }

  peer(link: GuardLink, nowMs: number): GuardVerdict {
    const { nodeId, address, direction } = link;
    if (!this.#passes((gate) => gate.peer?.(link))) return GATE;
    if (this.#isBannedNode(nodeId, nowMs)) return BANNED;
    // Whom we dialled ourselves is wanted, whatever else comes from its address.
    return direction === 'outbound' ? ALLOWED : this.limiter.admitsNode(address, nodeId, nowMs);
  }

  link(link: GuardLink, nowMs: number): GuardVerdict {
    const { nodeId, address, direction } = link;
    const verdict = this.peer(link, nowMs);
    if (!verdict.allowed) return verdict;
    const subnet = this.subnets?.allowConnection(address) ?? ALLOWED;
    if (!subnet.allowed) return subnet;
    this.subnets?.addConnection(address);
    this.reputation.registerNode(nodeId, undefined, { address }, this.#wallMs(nowMs));
    if (direction === 'inbound') this.limiter.nodeAuthenticated(address, nodeId, nowMs);
    return ALLOWED;
  }

  released({ nodeId, address, direction, livedMs }: GuardRelease, nowMs: number): void {
    if (nodeId === undefined) return;
    this.subnets?.removeConnection(address);
    if (livedMs < GOOD_LIFE_MS || this.#isBannedNode(nodeId, nowMs)) return;
    this.reputation.reportGoodBehavior(nodeId, this.#wallMs(nowMs));
    if (direction === 'inbound') this.limiter.forgiveAddress(address);
  }

  message(nodeId: NodeId, _bytes: number, nowMs: number): GuardVerdict {
    if (this.#isBannedNode(nodeId, nowMs)) return BANNED;
    const retryAfterMs = this.limiter.messageRetryAfterMs(nodeId, nowMs);
    if (retryAfterMs === 0) return this.limiter.checkMessage(nodeId, nowMs);
    // A message that can wait is nobody's fault, so it must not count toward a ban.
    return {
      allowed: false,
      code: 'GUARD_MESSAGES',
      reason: 'This node sends too many messages.',
      retryAfterMs,
    };
  }

  report({ nodeId, address }: GuardSubject, code: string, weight: number, nowMs: number): void {
    if (nodeId !== undefined) {
      this.reputation.reportBadBehavior(nodeId, code, weight, { address }, this.#wallMs(nowMs));
      if (weight >= ADDRESS_REPORT_WEIGHT_MIN) this.limiter.nodeMisbehaved(nodeId);
    }
    if (address !== undefined && weight >= ADDRESS_REPORT_WEIGHT_MIN)
      this.limiter.strikeAddress(address, nowMs);
  }

  #passes(ask: (gate: ConnectionGate) => boolean | undefined): boolean {
    try {
      return this.#gates.every((gate) => ask(gate) !== false);
    } catch {
      // A rule that fails must not let in whom it might have kept out.
      return false;
    }
  }

  #isBannedNode(nodeId: NodeId, nowMs: number): boolean {
    return (
      this.limiter.isBanned(nodeId, nowMs) ||
      this.reputation.getTrustLevel(nodeId, this.#wallMs(nowMs)) === 'banned'
    );
  }

  #wallMs(nowMs: number): number {
    return nowMs + this.#wallOffsetMs;
  }
}

/** Loopback is this machine's own: limited only where the caller gives a limit of addresses. */
function exemptLoopback(rateLimiter: RateLimiterOptions): RateLimiterOptions {
  const { maxConnectionsPerMinute, maxHandshakesPerMinute } = rateLimiter;
  const isAsked = maxConnectionsPerMinute !== undefined || maxHandshakesPerMinute !== undefined;
  return isAsked ? {} : { exempt: LOOPBACK_BLOCKS };
}

function forGood(code: GuardCode, reason: string): GuardVerdict {
  return Object.freeze({ allowed: false, code, reason, retryAfterMs: Infinity });
}
