import { refuseUnknownOptions, wholeOption } from './option-checks.js';
import { replayVerdict, type ReplayRefusalCode, type ReplayVerdict } from './replay-verdict.js';
import { wallTime } from './wall-time.js';

/** Age up to which a message counts as fresh unless told otherwise: as the page gives it. */
export const TIMESTAMP_AGE_MS_DEFAULT = 600_000;
/** Longest age that can be asked for: a day, as for nonces. */
export const TIMESTAMP_AGE_MS_MAX = 86_400_000;
/** How far another clock may be ahead unless told otherwise: core's tolerance for envelopes. Further ahead is refused. */
export const TIMESTAMP_FUTURE_MS_DEFAULT = 120_000;
/** The most that can be asked for: an hour, which is a wrong time zone and no drift. */
export const TIMESTAMP_FUTURE_MS_MAX = 3_600_000;

const KNOWN_OPTIONS: ReadonlySet<string> = new Set<keyof TimestampValidatorOptions>(['maxAge', 'maxFuture']);

/** Options of {@link TimestampValidator}. */
export interface TimestampValidatorOptions {
  /** Milliseconds that a message may be old, by our clock. @default 600_000 */
  readonly maxAge?: number | undefined;
  /** Milliseconds that a message may be ahead of our clock. @default 120_000 */
  readonly maxFuture?: number | undefined;
}

/** Tells fresh timestamps from others: whole milliseconds since 1970, from `maxAge` ago to `maxFuture` ahead, both included. */
export class TimestampValidator {
  /** Milliseconds that a message may be old. */
  readonly maxAge: number;
  /** Milliseconds that a message may be ahead. */
  readonly maxFuture: number;

  /** @throws DefenseArgumentError DEFENSE_BAD_OPTION. */
  constructor(options: TimestampValidatorOptions = {}) {
    refuseUnknownOptions(options, KNOWN_OPTIONS);
    const { maxAge = TIMESTAMP_AGE_MS_DEFAULT, maxFuture = TIMESTAMP_FUTURE_MS_DEFAULT } = options;
    this.maxAge = wholeOption('maxAge', maxAge, 1, TIMESTAMP_AGE_MS_MAX);
    this.maxFuture = wholeOption('maxFuture', maxFuture, 0, TIMESTAMP_FUTURE_MS_MAX);
  }

  /** Whether the timestamp is fresh; `nowMs` is the time since 1970, by default the system's. */
  validate(timestamp: number, nowMs?: number): boolean {
    return this.#refusal(timestamp, wallTime(nowMs)) === undefined;
  }

  /** What `validate` answers, with its code and reason. */
  explain(timestamp: number, nowMs?: number): ReplayVerdict {
    return replayVerdict(this.#refusal(timestamp, wallTime(nowMs)));
  }

  #refusal(timestamp: unknown, nowMs: number): ReplayRefusalCode | undefined {
    if (typeof timestamp !== 'number' || !Number.isSafeInteger(timestamp) || timestamp < 0)
      return 'TIMESTAMP_MALFORMED';
    if (nowMs - timestamp > this.maxAge) return 'TIMESTAMP_TOO_OLD';
    return timestamp - nowMs > this.maxFuture ? 'TIMESTAMP_FROM_FUTURE' : undefined;
  }
}
