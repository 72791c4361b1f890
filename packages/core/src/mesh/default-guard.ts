import {
  BoundedMap,
  KeyedSlidingWindow,
  type Guard,
  type GuardRelease,
  type GuardSubject,
  type GuardVerdict,
} from '../transport/index.js';
import { addressScope, isLoopback } from './address.js';

/** The page's `rateLimiter` object. A key that is given applies to every address, loopback too. */
export interface RateLimiterOptions {
  /** New connections of one address in a minute. @default 10 */
  readonly maxConnectionsPerMinute?: number | undefined;
  /** Messages of one origin in a second. @default unlimited: link credit and budgets govern them */
  readonly maxMessagesPerSecond?: number | undefined;
  /** Handshakes begun by one address in a minute. @default 5 */
  readonly maxHandshakesPerMinute?: number | undefined;
  /** Refusals of an address until it is banned. @default 5 */
  readonly banThreshold?: number | undefined;
  /** How long a ban lasts, in milliseconds. @default 300_000 */
  readonly banDuration?: number | undefined;
}

/** What limits are where none is given. */
export const RATE_LIMITER_DEFAULTS = Object.freeze({
  maxConnectionsPerMinute: 10, // A person who restarts a node ten times in a minute is still served.
  maxHandshakesPerMinute: 5, // Handshakes cost us a signature; a mesh neighbour needs one.
  banThreshold: 5, // Five refusals in ten minutes are no accident.
  banDuration: 300_000, // As the page says: five minutes.
});

const MINUTE_MS = 60_000;
const SECOND_MS = 1_000;
/** Addresses and origins remembered at once; the one that asked longest ago is forgotten. */
const KEYS_MAX = 16_384;
/** A link that lived so long was meant: its address gets its allowance back. */
const GOOD_LIFE_MS = 60_000;
/** Refusals count toward a ban for so long. */
const REFUSALS_MS = 600_000;
/** A report of this weight or more counts as a refusal of the address. */
const REPORT_WEIGHT_MIN = 10;

const ALLOWED: GuardVerdict = Object.freeze({ allowed: true });

/** Core's own guard: true sliding windows for connections, handshakes and, where asked for, messages; and bans. */
export class DefaultGuard implements Guard {
  readonly messagesPerSecond: number;
  readonly #options: RateLimiterOptions;
  readonly #banDurationMs: number;
  readonly #connections: KeyedSlidingWindow;
  readonly #handshakes: KeyedSlidingWindow;
  readonly #messages: KeyedSlidingWindow | undefined;
  readonly #refusals: KeyedSlidingWindow;
  readonly #bans = new BoundedMap<string, number>(KEYS_MAX);

  constructor(options: RateLimiterOptions) {
    this.#options = options;
    const limits = { ...RATE_LIMITER_DEFAULTS, ...options };
    this.#banDurationMs = limits.banDuration ?? RATE_LIMITER_DEFAULTS.banDuration;
    this.#connections = window(limits.maxConnectionsPerMinute, MINUTE_MS);
    this.#handshakes = window(limits.maxHandshakesPerMinute, MINUTE_MS);
    const messages = options.maxMessagesPerSecond;
    this.messagesPerSecond = messages ?? 0;
    this.#messages = messages === undefined ? undefined : window(messages, SECOND_MS);
    this.#refusals = window(Math.max(0, (limits.banThreshold ?? 0) - 1), REFUSALS_MS);
  }

  isBanned(address: string, nowMs: number): boolean {
    return this.#bannedForMs(address, nowMs) > 0;
  }

  connection(address: string, nowMs: number): GuardVerdict {
    const { maxConnectionsPerMinute } = this.#options;
    const bannedForMs = this.#bannedForMs(address, nowMs);
    if (bannedForMs > 0) return refused('GUARD_BANNED', 'This address is banned for now.', bannedForMs);
    if (this.#isExempt(address, maxConnectionsPerMinute)) return ALLOWED;
    const key = addressScope(address);
    return this.#ask(
      this.#connections,
      key,
      nowMs,
      'GUARD_CONNECTIONS',
      'Too many connections of this address.',
    );
  }

  handshake(address: string, nowMs: number): GuardVerdict {
    if (this.#isExempt(address, this.#options.maxHandshakesPerMinute)) return ALLOWED;
    const key = addressScope(address);
    return this.#ask(
      this.#handshakes,
      key,
      nowMs,
      'GUARD_HANDSHAKES',
      'Too many handshakes of this address.',
    );
  }

  message(nodeId: string, _bytes: number, nowMs: number): GuardVerdict {
    if (this.#messages === undefined || this.#messages.take(nodeId, nowMs)) return ALLOWED;
    return refused(
      'GUARD_MESSAGES',
      'This node sends too many messages.',
      this.#messages.retryAfterMs(nodeId, nowMs),
    );
  }

  report(subject: GuardSubject, _code: string, weight: number, nowMs: number): void {
    const { address } = subject;
    if (address === undefined || weight < REPORT_WEIGHT_MIN) return;
    if (!this.#isExempt(address, this.#options.banThreshold)) this.#refuse(addressScope(address), nowMs);
  }

  released({ address, direction, livedMs }: GuardRelease): void {
    if (direction === 'outbound' || livedMs < GOOD_LIFE_MS) return;
    this.#connections.delete(addressScope(address));
    this.#handshakes.delete(addressScope(address));
  }

  #bannedForMs(address: string, nowMs: number): number {
    const { maxConnectionsPerMinute, banThreshold, banDuration } = this.#options;
    if (this.#isExempt(address, maxConnectionsPerMinute ?? banThreshold ?? banDuration)) return 0;
    return Math.max(0, (this.#bans.peek(addressScope(address)) ?? 0) - nowMs);
  }

  /** Loopback is this machine's own: limited only by what the caller asked for by name. */
  #isExempt(address: string, asked: number | undefined): boolean {
    return asked === undefined && isLoopback(address);
  }

  #ask(limit: KeyedSlidingWindow, key: string, nowMs: number, code: string, reason: string): GuardVerdict {
    if (limit.take(key, nowMs)) return ALLOWED;
    this.#refuse(key, nowMs);
    return refused(code, reason, limit.retryAfterMs(key, nowMs));
  }

  #refuse(key: string, nowMs: number): void {
    if (this.#refusals.take(key, nowMs)) return;
    this.#bans.set(key, nowMs + this.#banDurationMs);
    this.#refusals.delete(key);
  }
}

function window(limit: number | undefined, windowMs: number): KeyedSlidingWindow {
  return new KeyedSlidingWindow(limit ?? 0, windowMs, KEYS_MAX);
}

function refused(code: string, reason: string, retryAfterMs: number): GuardVerdict {
  return { allowed: false, code, reason, retryAfterMs };
}
