import { BoundedMap, systemRandom, type Random } from '@yakmesh/core/transport';
import { bytesToHex } from '@yakmesh/crypto';
import { isName, keptText } from './kept-text.js';
import { refuseUnknownOptions, wholeOption } from './option-checks.js';
import { replayVerdict, type ReplayRefusalCode, type ReplayVerdict } from './replay-verdict.js';
import { wallTime } from './wall-time.js';

/** How long a nonce is remembered unless told otherwise: as the page gives it. */
export const NONCE_AGE_MS_DEFAULT = 3_600_000;
/** Longest time to remember nonces: a day. Freshness is a matter of minutes, and more only costs memory. */
export const NONCE_AGE_MS_MAX = 86_400_000;
/** Nonces remembered unless told otherwise: 72 a second for an hour, 360 a second for twelve minutes. About 50 MB when full. */
export const NONCES_MAX_DEFAULT = 262_144;
/** The most that a registry can be told to remember; V8's Map ends at 2²⁴ entries. */
export const NONCES_MAX = 8_388_608;
/** Shortest nonce: below 64 random bits honest nonces meet by chance. A shorter one is NONCE_MALFORMED. */
export const NONCE_BYTES_MIN = 8;
/** Longest nonce: twice a hash, and more only fills memory. A longer one is NONCE_MALFORMED. */
export const NONCE_BYTES_MAX = 64;

/** A sender may always hold maxSize / 4,096 nonces, at least one, while there is room at all; beyond that, what is left of the common half. */
export const NONCE_SHARES = 4_096;

/** 128 random bits: two of 2⁴⁸ nonces meet with a chance of 2⁻³³. */
const NONCE_BYTES = 16;
/** Hex and base64url; twice as many characters as bytes, so that hex of every length above fits. */
const NONCE_PATTERN = /^[A-Za-z0-9_-]{16,128}$/;
const KNOWN_OPTIONS: ReadonlySet<string> = new Set<keyof NonceRegistryOptions>([
  'maxAge',
  'maxSize',
  'random',
]);

/** Hex or base64url, or bytes; bytes are the same nonce as their lower-case hex. */
export type Nonce = string | Uint8Array;

/** Options of {@link NonceRegistry}. */
export interface NonceRegistryOptions {
  /** Milliseconds that a nonce is remembered: at least as long as a message counts as fresh on any clock. @default 3_600_000 */
  readonly maxAge?: number | undefined;
  /** Nonces remembered at once; a further one is refused, for forgetting one early would let it in again. About 190 bytes each. @default 262_144 */
  readonly maxSize?: number | undefined;
  /** Where nonces come from. @default the system's cryptographic generator */
  readonly random?: Random | undefined;
}

interface HeldBySender {
  readonly sender: string;
  count: number;
}

interface Held {
  readonly atMs: number;
  readonly by: HeldBySender | undefined;
}

/**
 * Accepts each nonce once within `maxAge`. When it is full it refuses what is new, with NONCE_REGISTRY_FULL, until
 * the oldest has expired. Where senders are named, half of it is shared by whoever needs it, though no sender may hold more than is
 * left of that half; the other half is kept in 2,048 equal shares, so that filling it takes as many senders. Every operation is
 * O(1) amortised.
 *
 * Pass nonces in the form that was authenticated: text is compared as it is, and hex in capitals is another text.
 */
export class NonceRegistry {
  /** Milliseconds that a nonce is remembered, the last one included. */
  readonly maxAge: number;
  /** Nonces remembered at once. */
  readonly maxSize: number;
  readonly #random: Random;
  // Never full when set, so nothing is evicted: the oldest leave by age alone, in the order in which they came.
  readonly #held: BoundedMap<string, Held>;
  /** Only senders that hold some nonces, so never more of them than nonces. */
  readonly #senders = new Map<string, HeldBySender>();
  #newestMs = -Infinity;

  /** @throws DefenseArgumentError DEFENSE_BAD_OPTION. */
  constructor(options: NonceRegistryOptions = {}) {
    refuseUnknownOptions(options, KNOWN_OPTIONS);
    this.maxAge = wholeOption('maxAge', options.maxAge ?? NONCE_AGE_MS_DEFAULT, 1, NONCE_AGE_MS_MAX);
    this.maxSize = wholeOption('maxSize', options.maxSize ?? NONCES_MAX_DEFAULT, 1, NONCES_MAX);
    this.#random = options.random ?? systemRandom;
    this.#held = new BoundedMap(this.maxSize);
  }

  /** Nonces held, including those that have expired since the last call and leave at the next. */
  get size(): number {
    return this.#held.size;
  }

  /** A fresh nonce for sending: 16 random bytes as 32 characters of hex. Marks nothing. */
  generate(): string {
    return bytesToHex(this.#random.bytes(NONCE_BYTES));
  }

  /**
   * Whether the nonce is new; if it is, it is used from now on. Only for messages that are already known to be authentic: else
   * anyone can use up a nonce before its message arrives. `nowMs` is the time since 1970, by default the system's.
   */
  validate(nonce: Nonce, nowMs?: number, sender?: string): boolean {
    return this.mark(nonce, nowMs, sender);
  }

  /** Whether `mark` would take the nonce now. Uses nothing up. */
  check(nonce: Nonce, nowMs?: number, sender?: string): boolean {
    return this.#refusal(keyOf(nonce), sender, wallTime(nowMs)) === undefined;
  }

  /** Uses a nonce up; false, and no change, where `check` would say false. */
  mark(nonce: Nonce, nowMs?: number, sender?: string): boolean {
    const key = keyOf(nonce);
    if (this.#refusal(key, sender, wallTime(nowMs)) !== undefined || key === undefined) return false;
    this.#held.set(keptText(key), { atMs: this.#newestMs, by: this.#countUp(sender) });
    return true;
  }

  /** What `check` would answer, with its code and reason. Uses nothing up. */
  explain(nonce: Nonce, nowMs?: number, sender?: string): ReplayVerdict {
    return replayVerdict(this.#refusal(keyOf(nonce), sender, wallTime(nowMs)));
  }

  #refusal(
    key: string | undefined,
    sender: string | undefined,
    nowMs: number,
  ): ReplayRefusalCode | undefined {
    this.#expire(nowMs);
    if (key === undefined) return 'NONCE_MALFORMED';
    if (sender !== undefined && !isName(sender)) return 'SENDER_MALFORMED';
    if (this.#held.has(key)) return 'NONCE_REPEATED';
    if (this.#held.size >= this.maxSize) return 'NONCE_REGISTRY_FULL';
    if (sender === undefined) return undefined;
    const ownMax = Math.max(1, this.maxSize / NONCE_SHARES, this.maxSize / 2 - this.#held.size);
    return (this.#senders.get(sender)?.count ?? 0) >= ownMax ? 'NONCE_SENDER_FULL' : undefined;
  }

  #expire(nowMs: number): void {
    // Time that goes back counts as standing still, so that the oldest nonce is always the first to expire.
    this.#newestMs = Math.max(this.#newestMs, nowMs);
    for (;;) {
      const oldest = this.#held.oldest();
      if (oldest === undefined || this.#newestMs - oldest[1].atMs <= this.maxAge) return;
      this.#held.delete(oldest[0]);
      this.#countDown(oldest[1].by);
    }
  }

  #countUp(sender: string | undefined): HeldBySender | undefined {
    if (sender === undefined) return undefined;
    const known = this.#senders.get(sender);
    const by = known ?? { sender: keptText(sender), count: 0 };
    if (known === undefined) this.#senders.set(by.sender, by);
    by.count += 1;
    return by;
  }

  #countDown(by: HeldBySender | undefined): void {
    if (by === undefined) return;
    by.count -= 1;
    if (by.count === 0) this.#senders.delete(by.sender);
  }
}

/** What a nonce is remembered as; undefined when it is malformed. */
function keyOf(nonce: unknown): string | undefined {
  if (typeof nonce === 'string') return NONCE_PATTERN.test(nonce) ? nonce : undefined;
  if (!(nonce instanceof Uint8Array)) return undefined;
  return nonce.length >= NONCE_BYTES_MIN && nonce.length <= NONCE_BYTES_MAX ? bytesToHex(nonce) : undefined;
}
