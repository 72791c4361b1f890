import { NonceRegistry, type Nonce, type NonceRegistryOptions } from './nonce-registry.js';
import { badArgument, badOption, refuseUnknownOptions } from './option-checks.js';
import { replayVerdict, type ReplayRefusalCode, type ReplayVerdict } from './replay-verdict.js';
import { SequenceTracker, type SequenceContext, type SequenceTrackerOptions } from './sequence-tracker.js';
import { TimestampValidator, type TimestampValidatorOptions } from './timestamp-validator.js';
import { wallTime } from './wall-time.js';

const KNOWN_OPTIONS: ReadonlySet<string> = new Set<keyof ReplayDefenseOptions>([
  'nonces',
  'sequences',
  'timestamps',
]);

/** Options of {@link ReplayDefense}. */
export interface ReplayDefenseOptions {
  /** @default those of NonceRegistry */
  readonly nonces?: NonceRegistryOptions | undefined;
  /** @default those of TimestampValidator */
  readonly timestamps?: TimestampValidatorOptions | undefined;
  /** `maxFuture` is that of the timestamps unless given. @default those of SequenceTracker */
  readonly sequences?: SequenceTrackerOptions | undefined;
}

/** What tells a message from every other. All of it must be covered by what makes the message authentic. */
export interface ReplayStamp {
  /** Who sent it. */
  readonly senderId: string;
  /** When, in milliseconds since 1970. */
  readonly timestamp: number;
  /** Its number among those of this sender and epoch. */
  readonly sequence: number;
  /** A value that no other message has. */
  readonly nonce: Nonce;
  /** When the sender started, in milliseconds since 1970. @default 0 */
  readonly epoch?: number | undefined;
}

/** Whether a message is authentic: what a check has answered already, or the check itself. */
export type Authenticity = boolean | (() => boolean);

/**
 * Accepts each message once: it must be authentic, then fresh, then new by its number, then new by its nonce. Number and nonce are
 * used up only when all four hold, so no forgery burns what an honest message needs.
 *
 * A message is remembered at least as long as it counts as fresh, which the constructor sees to.
 */
export class ReplayDefense {
  /** For `generate`: nonces of our own messages. */
  readonly nonces: NonceRegistry;
  /** Its window is what the others agree with. */
  readonly timestamps: TimestampValidator;
  /** For `next`: numbers of our own messages. */
  readonly sequences: SequenceTracker;

  /** @throws DefenseArgumentError DEFENSE_BAD_OPTION, also when nonces would be forgotten before their messages are too old. */
  constructor(options: ReplayDefenseOptions = {}) {
    refuseUnknownOptions(options, KNOWN_OPTIONS);
    this.nonces = new NonceRegistry(options.nonces);
    this.timestamps = new TimestampValidator(options.timestamps);
    const { maxAge, maxFuture } = this.timestamps;
    this.sequences = new SequenceTracker({ maxFuture, ...options.sequences });
    const needed = maxAge + maxFuture;
    if (this.nonces.maxAge < needed) {
      badOption(
        `nonces.maxAge must be at least ${needed}, timestamps.maxAge + timestamps.maxFuture: give nonces.maxAge: ${needed}.`,
      );
    }
    if (this.sequences.maxFuture < maxFuture) {
      badOption(
        `sequences.maxFuture must be at least ${maxFuture}, timestamps.maxFuture: give that, or leave it out.`,
      );
    }
  }

  /**
   * Accepts a message, or says why not. `nowMs` is the time since 1970, by default the system's. What the check of
   * authenticity throws passes through, and nothing is used up.
   * @throws DefenseArgumentError DEFENSE_BAD_ARGUMENT when the check answers a promise: `acceptAsync` waits for one.
   */
  accept(stamp: ReplayStamp, authentic: Authenticity, nowMs?: number): ReplayVerdict {
    const answer: unknown = typeof authentic === 'function' ? authentic() : authentic;
    if (answer instanceof Promise)
      return badArgument('authentic answered a promise; call acceptAsync instead.');
    return this.#acceptAuthentic(stamp, answer === true, nowMs);
  }

  /** As `accept`, for a check that takes time. Of several copies checked at once, one is accepted. */
  async acceptAsync(
    stamp: ReplayStamp,
    authentic: () => Promise<boolean>,
    nowMs?: number,
  ): Promise<ReplayVerdict> {
    const answer: unknown = await authentic();
    return this.#acceptAuthentic(stamp, answer === true, nowMs);
  }

  /** What is wrong with a message apart from its authenticity. Uses nothing up: ask before a costly check, never instead of it. */
  check(stamp: ReplayStamp, nowMs?: number): ReplayVerdict {
    return replayVerdict(this.#refusal(stamp, wallTime(nowMs)));
  }

  #acceptAuthentic(stamp: ReplayStamp, isAuthentic: boolean, nowMs: number | undefined): ReplayVerdict {
    if (!isAuthentic) return replayVerdict('REPLAY_NOT_AUTHENTIC');
    const atMs = wallTime(nowMs);
    const code = this.#refusal(stamp, atMs);
    if (code !== undefined) return replayVerdict(code);
    const { senderId, sequence, nonce } = stamp;
    this.sequences.mark(senderId, sequence, contextOf(stamp, atMs));
    this.nonces.mark(nonce, atMs, senderId);
    return replayVerdict(undefined);
  }

  #refusal(stamp: ReplayStamp, nowMs: number): ReplayRefusalCode | undefined {
    const { senderId, timestamp, sequence, nonce } = stamp;
    return (
      this.timestamps.explain(timestamp, nowMs).code ??
      this.sequences.explain(senderId, sequence, contextOf(stamp, nowMs)).code ??
      this.nonces.explain(nonce, nowMs, senderId).code
    );
  }
}

function contextOf({ epoch, timestamp }: ReplayStamp, nowMs: number): SequenceContext {
  return { epoch, timestamp, nowMs };
}
