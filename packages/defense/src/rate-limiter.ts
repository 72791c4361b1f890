import { systemClock, type GuardRequest } from '@yakmesh/core/transport';
import { isNodeId } from '@yakmesh/crypto';
import { addressKeys } from './address.js';
import { AddressGate } from './address-gate.js';
import { ALLOWED, type LimitVerdict } from './limit-verdict.js';
import { NodeGate, nodeKey } from './node-gate.js';
import { badArgument } from './option-checks.js';
import {
  resolveRateLimiterOptions,
  type RateLimiterOptions,
  type RateLimits,
} from './rate-limiter-options.js';
import type { TrustedProxies } from './trusted-proxies.js';

/** How much a rate limiter keeps; each number has a bound. */
export interface RateLimiterStats {
  /** Addresses (IPv4, IPv6 /64) counted, at most 16,384. */
  readonly addresses: number;
  /** Sites (IPv6 /48, IPv4 /24 where asked for) counted, at most 8,192. */
  readonly sites: number;
  /** Nodes counted, at most 4,096. */
  readonly nodes: number;
  /** Addresses, sites and nodes with refusals that count toward a ban, at most 24,576. */
  readonly strikes: number;
  /** Address scopes banned, at most 16,384. */
  readonly bannedAddresses: number;
  /** Nodes banned, at most 16,384. */
  readonly bannedNodes: number;
  /** Address scopes at which good nodes are known, at most 4,096. */
  readonly goodScopes: number;
  /** Bans that were due while their list was full. */
  readonly bansNotTaken: number;
}

/**
 * True sliding windows a minute for connections and handshakes of an address, and a second for messages and gossip of a
 * node: in no window, whatever its phase, is more than the limit admitted. Who is refused too often is banned for a while.
 *
 * IPv4 counts by address, IPv6 by /64 with eight times the limits for the whole /48. Nobody is driven out by the number of
 * others: a count stays as long as it says anything, a ban until it ends, and newcomers share 256 windows while there is no
 * room. With the default limits a million attacking addresses cost at most 48 MiB (20 MiB where each comes once); with limits
 * beyond 64, at most 128 MiB.
 *
 * All methods take the time of one clock in milliseconds; where it is not given it is the system's monotonic one.
 */
export class ConnectionRateLimiter {
  /** The limits in force. */
  readonly limits: RateLimits;
  readonly #addresses: AddressGate;
  readonly #nodes: NodeGate;
  readonly #proxies: TrustedProxies;

  /** @throws DefenseArgumentError DEFENSE_BAD_OPTION for an option that cannot be used. */
  constructor(options: RateLimiterOptions = {}) {
    const config = resolveRateLimiterOptions(options);
    this.limits = config.limits;
    this.#proxies = config.proxies;
    this.#addresses = new AddressGate(config);
    this.#nodes = new NodeGate(config.limits);
  }

  /** Everything kept: a number that cannot grow beyond 90,112. */
  get size(): number {
    const { bansNotTaken: _bansNotTaken, ...kept } = this.stats();
    return Object.values(kept).reduce((sum, count: number) => sum + count, 0);
  }

  /** Counts a new connection of an address. GUARD_CONNECTIONS or GUARD_BANNED when it is refused. */
  checkConnection(address: string, nowMs = systemClock.monotonicMs()): LimitVerdict {
    return this.#addresses.check('connection', addressKeys(address), nowMs);
  }

  /** Counts a handshake that an address begins. GUARD_HANDSHAKES or GUARD_BANNED when it is refused. */
  checkHandshake(address: string, nowMs = systemClock.monotonicMs()): LimitVerdict {
    return this.#addresses.check('handshake', addressKeys(address), nowMs);
  }

  /** Counts a message of a proven node. GUARD_MESSAGES or GUARD_BANNED when it is refused. */
  checkMessage(nodeId: string, nowMs = systemClock.monotonicMs()): LimitVerdict {
    return this.#nodes.check('message', nodeId, nowMs);
  }

  /** Counts a gossip message of a proven node. GUARD_GOSSIP or GUARD_BANNED when it is refused. */
  checkGossip(nodeId: string, nowMs = systemClock.monotonicMs()): LimitVerdict {
    return this.#nodes.check('gossip', nodeId, nowMs);
  }

  /**
   * Milliseconds until `checkMessage` would admit a message, 0 for now. Asking does not count, so a message can be held back
   * for its time without a refusal being laid to its sender.
   */
  messageRetryAfterMs(nodeId: string, nowMs = systemClock.monotonicMs()): number {
    return this.#nodes.retryAfterMs('message', nodeId, nowMs);
  }

  /** As `messageRetryAfterMs`, for `checkGossip`. */
  gossipRetryAfterMs(nodeId: string, nowMs = systemClock.monotonicMs()): number {
    return this.#nodes.retryAfterMs('gossip', nodeId, nowMs);
  }

  /** Counts one refusal against an address, as for a rule broken elsewhere; the fifth within ten minutes (`banThreshold`) is a ban. */
  strikeAddress(address: string, nowMs = systemClock.monotonicMs()): void {
    this.#addresses.strike(addressKeys(address), nowMs);
  }

  /**
   * Bans an address (IPv4, IPv6 /64) or a node; a longer ban in force stays. False when it could not: exempt addresses and
   * trusted proxies are not banned, and a list full of bans in force takes no more.
   * @throws DefenseArgumentError DEFENSE_BAD_ARGUMENT for a duration that is no number from 0.
   */
  ban(
    addressOrNodeId: string,
    durationMs = this.limits.banDuration,
    nowMs = systemClock.monotonicMs(),
  ): boolean {
    if (!(durationMs >= 0)) badArgument(`durationMs is a number of milliseconds from 0, not ${durationMs}.`);
    const untilMs = nowMs + durationMs;
    const keys = addressKeys(addressOrNodeId);
    if (keys.family !== 'none') return this.#addresses.ban(keys, untilMs, nowMs);
    const isBanned = this.#nodes.ban(addressOrNodeId, untilMs, nowMs);
    // Sockets in memory have names for addresses.
    return isNodeId(addressOrNodeId) ? isBanned : this.#addresses.ban(keys, untilMs, nowMs) && isBanned;
  }

  /** Ends the ban of an address with its site, or of a node, and forgets the refusals that led to it. True if there was one. */
  unban(addressOrNodeId: string): boolean {
    const wasNode = this.#nodes.unban(addressOrNodeId);
    return this.#addresses.unban(addressKeys(addressOrNodeId)) || wasNode;
  }

  /** Whether an address, by itself or by its site, or a node is banned. Asking does not count. */
  isBanned(addressOrNodeId: string, nowMs = systemClock.monotonicMs()): boolean {
    if (this.#addresses.bannedUntilMs(addressKeys(addressOrNodeId), nowMs) > 0) return true;
    return this.#nodes.refusalOf(addressOrNodeId, nowMs) !== undefined;
  }

  /**
   * Whether nothing of an address is to be read: it is banned, and no good node is known behind it, or what such nodes have of connections
   * in a minute is used up. Asking does not count.
   */
  isShut(address: string, nowMs = systemClock.monotonicMs()): boolean {
    return this.#addresses.isShut(addressKeys(address), nowMs);
  }

  /** Whether an address is neither limited nor banned. */
  isExempt(address: string): boolean {
    return this.#addresses.isExempt(addressKeys(address));
  }

  /**
   * A node has proven itself on a link from this address, and so is good there for a day. While the address is banned, a few
   * connections a minute (the lower of its limits) pass for the sake of such nodes, whoever asks for them first; ask
   * `admitsNode` before letting a node in.
   * Eight nodes an address (IPv4, IPv6 /48) and 4,096 addresses are remembered; those who came first stay.
   */
  nodeAuthenticated(address: string, nodeId: string, nowMs = systemClock.monotonicMs()): void {
    if (this.#nodes.refusalOf(nodeId, nowMs) === undefined)
      this.#addresses.noteGood(addressKeys(address), nodeKey(nodeId), nowMs);
  }

  /** A node has broken a rule: it is good nowhere until it proves itself again, at an address that is not banned. */
  nodeMisbehaved(nodeId: string): void {
    this.#addresses.goodNodes.forget(nodeKey(nodeId));
  }

  /**
   * Whether this node may come in from this address: not if it is banned itself, and from a banned address only if it is
   * known as good there. Asking does not count, and proves nothing: ask again with the proven id.
   */
  admitsNode(address: string, nodeId: string, nowMs = systemClock.monotonicMs()): LimitVerdict {
    const refused =
      this.#nodes.refusalOf(nodeId, nowMs) ??
      this.#addresses.refusalOf(addressKeys(address), nodeKey(nodeId), nowMs);
    return refused ?? ALLOWED;
  }

  /** Returns what an address has used of its limits, as when a link from it has lived long. Bans and refusals stay. */
  forgiveAddress(address: string): void {
    this.#addresses.forgive(addressKeys(address));
  }

  /** Whose connection this is: what a trusted proxy says, else `remoteAddress` itself. Never throws. */
  clientAddress(remoteAddress: string, request: GuardRequest): string {
    return this.#proxies.clientAddress(remoteAddress, request);
  }

  /** How much is kept. */
  stats(): RateLimiterStats {
    return {
      addresses: this.#addresses.addresses,
      sites: this.#addresses.sites,
      nodes: this.#nodes.nodes,
      strikes: this.#addresses.strikes + this.#nodes.strikes,
      bannedAddresses: this.#addresses.bans.size,
      bannedNodes: this.#nodes.bans.size,
      goodScopes: this.#addresses.goodNodes.size,
      bansNotTaken: this.#addresses.bansNotTaken + this.#nodes.bansNotTaken,
    };
  }
}
