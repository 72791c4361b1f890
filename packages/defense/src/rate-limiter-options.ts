import { AddressBlocks } from './address-blocks.js';
import { badOption, refuseUnknownOptions } from './option-checks.js';
import { trustedProxies, type TrustedProxies } from './trusted-proxies.js';

/** Options of the rate limiter. A limit of 0 admits nothing, Infinity everything. */
export interface RateLimiterOptions {
  /** New connections of one address in any minute. @default 10 */
  readonly maxConnectionsPerMinute?: number | undefined;
  /** Messages of one node in any second. @default 50 */
  readonly maxMessagesPerSecond?: number | undefined;
  /** Handshakes begun by one address in any minute. @default 5 */
  readonly maxHandshakesPerMinute?: number | undefined;
  /** Gossip messages of one node in any second. @default 25 */
  readonly maxGossipPerSecond?: number | undefined;
  /** Refusals of an address or node within ten minutes until it is banned; Infinity for no bans but those you make. @default 5 */
  readonly banThreshold?: number | undefined;
  /** How long a ban lasts, in milliseconds. @default 300_000 */
  readonly banDuration?: number | undefined;
  /** Times the limits that an IPv4 /24 has as a whole; off by default, since a carrier's NAT puts thousands into one. @default Infinity */
  readonly ipv4SubnetMultiple?: number | undefined;
  /** Address blocks that are never limited nor banned, as '10.0.0.0/8'. @default [] */
  readonly exempt?: readonly string[] | undefined;
  /** Address blocks of reverse proxies, which are believed about their clients and never banned; at most 1,024. @default [] */
  readonly trustedProxies?: readonly string[] | TrustedProxies | undefined;
}

/** The limits of a rate limiter, defaults filled in. */
export interface RateLimits {
  /** New connections of one address in any minute. */
  readonly maxConnectionsPerMinute: number;
  /** Messages of one node in any second. */
  readonly maxMessagesPerSecond: number;
  /** Handshakes begun by one address in any minute. */
  readonly maxHandshakesPerMinute: number;
  /** Gossip messages of one node in any second. */
  readonly maxGossipPerSecond: number;
  /** Refusals within ten minutes until a ban. */
  readonly banThreshold: number;
  /** How long a ban lasts, in milliseconds. */
  readonly banDuration: number;
  /** Times the limits that an IPv4 /24 has. */
  readonly ipv4SubnetMultiple: number;
}

/** What limits are where none is given. */
export const RATE_LIMITER_DEFAULTS: RateLimits = Object.freeze({
  maxConnectionsPerMinute: 10, // A person who restarts a node ten times in a minute is still served.
  maxMessagesPerSecond: 50, // A busy application; core announces it, and honest senders pace themselves.
  maxHandshakesPerMinute: 5, // A handshake costs us a key encapsulation and a signature; a neighbour needs one.
  maxGossipPerSecond: 25, // Every node verifies and forwards gossip: forty such nodes fill one core's thousand checks a second.
  banThreshold: 5, // Five refusals in ten minutes are no accident.
  banDuration: 300_000, // Long enough to make hammering useless, short enough for an address that changes hands.
  ipv4SubnetMultiple: Infinity,
});

/** The largest limit taken, apart from Infinity. A larger one is refused with DEFENSE_BAD_OPTION: it would limit nothing. */
export const RATE_MAX = 1_000_000_000;

const KNOWN_OPTIONS: ReadonlySet<string> = new Set([
  ...Object.keys(RATE_LIMITER_DEFAULTS),
  'exempt',
  'trustedProxies',
]);

/** Options of the rate limiter, checked. */
export interface RateLimiterConfig {
  readonly limits: RateLimits;
  readonly exempt: AddressBlocks;
  readonly proxies: TrustedProxies;
}

/** @throws DefenseArgumentError DEFENSE_BAD_OPTION for the first option that cannot be used. */
export function resolveRateLimiterOptions(options: RateLimiterOptions): RateLimiterConfig {
  refuseUnknownOptions(options, KNOWN_OPTIONS);
  const proxies = options.trustedProxies ?? [];
  const limit = (name: keyof RateLimits, least: number): number =>
    rateOption(name, options[name] ?? RATE_LIMITER_DEFAULTS[name], least);
  return {
    limits: Object.freeze({
      maxConnectionsPerMinute: limit('maxConnectionsPerMinute', 0),
      maxMessagesPerSecond: limit('maxMessagesPerSecond', 0),
      maxHandshakesPerMinute: limit('maxHandshakesPerMinute', 0),
      maxGossipPerSecond: limit('maxGossipPerSecond', 0),
      banThreshold: limit('banThreshold', 1),
      banDuration: durationOption(options.banDuration ?? RATE_LIMITER_DEFAULTS.banDuration),
      ipv4SubnetMultiple: limit('ipv4SubnetMultiple', 1),
    }),
    exempt: new AddressBlocks(options.exempt ?? [], 'exempt'),
    proxies: 'clientAddress' in proxies ? proxies : trustedProxies(proxies),
  };
}

function rateOption(name: string, value: number, least: number): number {
  if (value === Infinity) return value;
  if (Number.isSafeInteger(value) && value >= least && value <= RATE_MAX) return value;
  return badOption(
    `${name} is a whole number from ${least} to ${RATE_MAX}, or Infinity, not ${String(value)}.`,
  );
}

function durationOption(value: number): number {
  if (typeof value === 'number' && value >= 0) return value;
  return badOption(`banDuration is a number of milliseconds from 0, or Infinity, not ${String(value)}.`);
}
