import { KeyedSlidingWindow } from '@yakmesh/core/transport';
import type { AddressKeys } from './address.js';
import { ADDRESSES_MAX, AddressLimit, IPV6_SITE_MULTIPLE, SITES_MAX } from './address-limit.js';
import { BanList } from './ban-list.js';
import { GOOD_SCOPES_MAX, GoodNodes } from './good-nodes.js';
import { ALLOWED, refusal, type LimitCode, type LimitRefused, type LimitVerdict } from './limit-verdict.js';
import type { RateLimiterConfig, RateLimits } from './rate-limiter-options.js';
import { STRIKE_LIFE_MS, Strikes } from './strikes.js';

/** Address scopes banned at once. While all are in force, a further one is not banned; its windows limit it still. */
export const ADDRESS_BANS_MAX = 16_384;

/** Places that only `ban` may fill, so that an attacker's own bans cannot keep an operator from making one. */
export const ADDRESS_BANS_RESERVED = 1_024;

/** Connections, and handshakes, that a banned address has in a minute for its good nodes' sake, if its limits are not lower. */
export const PASSES_PER_MINUTE_MAX = 60;

const MINUTE_MS = 60_000;

/** What an address may ask for. */
export type AddressRequest = 'connection' | 'handshake';

const CODES: Readonly<Record<AddressRequest, LimitCode>> = {
  connection: 'GUARD_CONNECTIONS',
  handshake: 'GUARD_HANDSHAKES',
};

/** All that is kept about addresses: their windows, strikes and bans, and the good nodes behind them. */
export class AddressGate {
  readonly bans = new BanList(ADDRESS_BANS_MAX);
  readonly goodNodes = new GoodNodes();
  readonly #config: RateLimiterConfig;
  readonly #limits: Readonly<Record<AddressRequest, AddressLimit>>;
  readonly #passes: Readonly<Record<AddressRequest, KeyedSlidingWindow>>;
  readonly #strikes: Strikes;
  readonly #siteStrikes: Strikes;
  readonly #hasIPv4Sites: boolean;
  #bansNotTaken = 0;

  constructor(config: RateLimiterConfig) {
    this.#config = config;
    const { limits } = config;
    this.#hasIPv4Sites = limits.ipv4SubnetMultiple !== Infinity;
    const limitOf = (limit: number): AddressLimit =>
      new AddressLimit({ limit, windowMs: MINUTE_MS, ipv4SiteMultiple: limits.ipv4SubnetMultiple });
    this.#limits = {
      connection: limitOf(limits.maxConnectionsPerMinute),
      handshake: limitOf(limits.maxHandshakesPerMinute),
    };
    this.#passes = { connection: passesOf(limits), handshake: passesOf(limits) };
    this.#strikes = new Strikes(limits.banThreshold, STRIKE_LIFE_MS, ADDRESSES_MAX);
    this.#siteStrikes = new Strikes(limits.banThreshold * IPV6_SITE_MULTIPLE, STRIKE_LIFE_MS, SITES_MAX);
  }

  /** Addresses that have a window of their own, of the request that has more. */
  get addresses(): number {
    return Math.max(this.#limits.connection.addresses, this.#limits.handshake.addresses);
  }

  /** Sites that have a window of their own, of the request that has more. */
  get sites(): number {
    return Math.max(this.#limits.connection.sites, this.#limits.handshake.sites);
  }

  /** Scopes with refusals that count toward a ban. */
  get strikes(): number {
    return this.#strikes.size + this.#siteStrikes.size;
  }

  /** Bans that were due while the list was full. */
  get bansNotTaken(): number {
    return this.#bansNotTaken;
  }

  /** Whether an address is neither limited nor banned. */
  isExempt(keys: AddressKeys): boolean {
    return this.#config.exempt.size > 0 && this.#config.exempt.includes(keys);
  }

  /** Counts one request and answers whether it is admitted. */
  check(request: AddressRequest, keys: AddressKeys, nowMs: number): LimitVerdict {
    if (this.isExempt(keys)) return ALLOWED;
    const bannedUntilMs = this.bannedUntilMs(keys, nowMs);
    if (bannedUntilMs > 0) return this.#pass(request, keys, bannedUntilMs, nowMs);
    const refused = this.#limits[request].take(keys, nowMs);
    if (refused === undefined) return ALLOWED;
    if (refused.scope !== undefined) this.#strike(keys, nowMs, refused.isSite);
    return refusal(CODES[request], reasonOf(request, refused.scope, refused.isSite), refused.retryAfterMs);
  }

  /** Counts a refusal against an address, as one that its limits gave. Of a banned one it uses up a connection that was left for its good nodes. */
  strike(keys: AddressKeys, nowMs: number): void {
    if (this.bannedUntilMs(keys, nowMs) === 0) this.#strike(keys, nowMs, false);
    else if (this.hasGoodNode(keys, nowMs)) this.#passes.connection.take(goodScopeOf(keys), nowMs);
  }

  /** Whether a connection would be refused whoever asks for it: the address is banned, and no good node's connection is left. Asking does not count. */
  isShut(keys: AddressKeys, nowMs: number): boolean {
    if (this.bannedUntilMs(keys, nowMs) === 0) return false;
    return (
      !this.hasGoodNode(keys, nowMs) || this.#passes.connection.retryAfterMs(goodScopeOf(keys), nowMs) > 0
    );
  }

  /** When the ban that applies to an address ends; 0 where none does. */
  bannedUntilMs(keys: AddressKeys, nowMs: number): number {
    // Nobody banned is the common case, and no key need be made for it.
    if (this.bans.size === 0) return 0;
    const untilMs = this.bans.untilMs(keys.narrow, nowMs);
    return keys.family === 'ipv4' && !this.#hasIPv4Sites
      ? untilMs
      : Math.max(untilMs, this.bans.untilMs(keys.subnet, nowMs));
  }

  /** Bans the narrow scope of an address; false for exempt addresses and trusted proxies, and when the list is full. */
  ban(keys: AddressKeys, untilMs: number, nowMs: number): boolean {
    return !this.#isBanExempt(keys) && this.bans.ban(keys.narrow, untilMs, nowMs);
  }

  /** Ends the bans of an address and of its site, and forgets their strikes. True if there was a ban. */
  unban({ narrow, subnet }: AddressKeys): boolean {
    this.#strikes.delete(narrow);
    this.#siteStrikes.delete(subnet);
    const wasNarrow = this.bans.unban(narrow);
    return this.bans.unban(subnet) || wasNarrow;
  }

  /** Returns the allowance of an address. */
  forgive(keys: AddressKeys): void {
    this.#limits.connection.forget(keys);
    this.#limits.handshake.forget(keys);
  }

  /** Notes that a node was proven at an address; while that is banned, only for nodes that were known before. */
  noteGood(keys: AddressKeys, nodeId: string, nowMs: number): void {
    const scope = goodScopeOf(keys);
    if (this.bannedUntilMs(keys, nowMs) > 0 && !this.goodNodes.has(scope, nodeId, nowMs)) return;
    this.goodNodes.remember(scope, nodeId, nowMs);
  }

  /** Whether any good node is known behind an address. */
  hasGoodNode(keys: AddressKeys, nowMs: number): boolean {
    return this.goodNodes.hasAny(goodScopeOf(keys), nowMs);
  }

  /** Why this node is not let in from its address; undefined when it is. */
  refusalOf(keys: AddressKeys, nodeId: string, nowMs: number): LimitRefused | undefined {
    const untilMs = this.bannedUntilMs(keys, nowMs);
    if (untilMs === 0 || this.goodNodes.has(goodScopeOf(keys), nodeId, nowMs)) return undefined;
    return banned(untilMs - nowMs);
  }

  #pass(request: AddressRequest, keys: AddressKeys, untilMs: number, nowMs: number): LimitVerdict {
    const scope = goodScopeOf(keys);
    if (!this.goodNodes.hasAny(scope, nowMs)) return banned(untilMs - nowMs);
    const passes = this.#passes[request];
    if (passes.take(scope, nowMs)) return ALLOWED;
    return banned(Math.min(untilMs - nowMs, passes.retryAfterMs(scope, nowMs)));
  }

  #strike(keys: AddressKeys, nowMs: number, isSite: boolean): void {
    const scope = isSite ? keys.subnet : keys.narrow;
    const strikes = isSite ? this.#siteStrikes : this.#strikes;
    if (this.#isBanExempt(keys) || !strikes.add(scope, nowMs)) return;
    const untilMs = nowMs + this.#config.limits.banDuration;
    const automaticMax = ADDRESS_BANS_MAX - ADDRESS_BANS_RESERVED;
    if (!this.bans.ban(scope, untilMs, nowMs, automaticMax)) this.#bansNotTaken += 1;
  }

  // A banned proxy would ban all who stand behind it.
  #isBanExempt(keys: AddressKeys): boolean {
    return this.isExempt(keys) || this.#config.proxies.isTrusted(keys);
  }
}

function passesOf({ maxConnectionsPerMinute, maxHandshakesPerMinute }: RateLimits): KeyedSlidingWindow {
  const limit = Math.min(maxConnectionsPerMinute, maxHandshakesPerMinute, PASSES_PER_MINUTE_MAX);
  return new KeyedSlidingWindow(limit, MINUTE_MS, GOOD_SCOPES_MAX);
}

// A whole /48, because whoever owns one has 65,536 networks to fill the list of good scopes with.
function goodScopeOf({ family, narrow, subnet }: AddressKeys): string {
  return family === 'ipv6' ? subnet : narrow;
}

function banned(retryAfterMs: number): LimitRefused {
  return refusal('GUARD_BANNED', 'This address is banned for now.', retryAfterMs);
}

function reasonOf(request: AddressRequest, scope: string | undefined, isSite: boolean): string {
  if (scope === undefined) return `Too many ${request}s of addresses that are new here.`;
  return `Too many ${request}s of this ${isSite ? "address's network" : 'address'}.`;
}
