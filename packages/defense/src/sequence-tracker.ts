import { BoundedMap } from '@yakmesh/core/transport';
import { isName, keptText } from './kept-text.js';
import { badArgument, refuseUnknownOptions, wholeOption } from './option-checks.js';
import { replayVerdict, type ReplayRefusalCode, type ReplayVerdict } from './replay-verdict.js';
import {
  isBelowFloor,
  SenderWindows,
  SEQUENCE_MAX,
  type SeenFloor,
  type SequencePlace,
  type SequenceSteps,
} from './sender-windows.js';
import { wallTime } from './wall-time.js';

/** Numbers behind the highest that may still arrive, unless told otherwise: 20 s of reordering at 50 messages a second. */
export const SEQUENCE_WINDOW_BITS_DEFAULT = 1_024;
/** The widest window: 8 KiB a sender. A wider one is refused, since times 16,384 senders it is 256 MiB. */
export const SEQUENCE_WINDOW_BITS_MAX = 65_536;
/** How far a number may jump unless told otherwise: what a sender of 50 messages a second sends in nearly four days. */
export const SEQUENCE_JUMP_MAX = 16_777_216;
/** The first number heard from a sender may be at most this: whoever joins late meets high ones, yet room to count must be left. */
export const SEQUENCE_FIRST_MAX = 1_099_511_627_776;
/** Senders remembered unless told otherwise: a large mesh's active ones. About 0.7 KB each; a further one evicts who was heard longest ago. */
export const SEQUENCE_SENDERS_MAX = 16_384;
/** How far an epoch or timestamp may be ahead of our clock unless told otherwise: core's tolerance for envelopes. */
export const SEQUENCE_FUTURE_MS_DEFAULT = 120_000;

/** The most that can be asked for: an hour, as for timestamps. */
const FUTURE_MS_MAX = 3_600_000;
const SENDERS_LIMIT = 1_048_576;
const KNOWN_OPTIONS: ReadonlySet<string> = new Set<keyof SequenceTrackerOptions>([
  'epoch',
  'maxFuture',
  'maxJump',
  'maxSenders',
  'windowBits',
]);

/** Options of {@link SequenceTracker}. */
export interface SequenceTrackerOptions {
  /** Numbers behind the highest that are still told apart. @default 1_024 */
  readonly windowBits?: number | undefined;
  /** Largest step beyond a sender's highest number. @default 16_777_216 */
  readonly maxJump?: number | undefined;
  /** Senders remembered; the one heard longest ago is evicted for a further one, and raises a floor under unknown ones. @default 16_384 */
  readonly maxSenders?: number | undefined;
  /** Milliseconds that a sender's epoch and timestamps may be ahead of our clock. @default 120_000 */
  readonly maxFuture?: number | undefined;
  /** Our own epoch, for `next`: when we started, in milliseconds since 1970. @default the system's time */
  readonly epoch?: number | undefined;
}

/** What else is known of a numbered message. */
export interface SequenceContext {
  /** When its sender started, in milliseconds since 1970; a higher one begins new numbers. @default 0 */
  readonly epoch?: number | undefined;
  /** When it was sent, in milliseconds since 1970. Without it, a sender met after an eviction must show a later epoch than any evicted one. */
  readonly timestamp?: number | undefined;
  /** Milliseconds since 1970. @default the system's time */
  readonly nowMs?: number | undefined;
}

/** A number for a message of our own. */
export interface OwnSequence {
  /** When we started, in milliseconds since 1970. */
  readonly epoch: number;
  /** Counts from 0 in each epoch. */
  readonly sequence: number;
}

/**
 * Accepts each number of each sender once, in any order within a window. A sender that restarts gives a later epoch and counts anew; its
 * epoch before is kept for messages that were still under way, and older ones are refused. Only `mark` and `validate`, which
 * belong after authentication, make a sender known.
 *
 * A sender that must be evicted leaves a floor: whoever is unknown afterwards is heard only with a message that was sent after the
 * last message of all evicted senders, or in a later epoch than theirs, so that nothing seen is accepted again.
 */
export class SequenceTracker {
  readonly #windowBits: number;
  readonly #steps: SequenceSteps;
  readonly #epoch: number;
  /** Milliseconds that a sender's epoch and timestamps may be ahead of our clock. */
  readonly maxFuture: number;
  readonly #senders: BoundedMap<string, SenderWindows>;
  #floor: SeenFloor = { timeMs: -1, epoch: -1 };
  #nextSequence = 0;

  /** @throws DefenseArgumentError DEFENSE_BAD_OPTION. */
  constructor(options: SequenceTrackerOptions = {}) {
    refuseUnknownOptions(options, KNOWN_OPTIONS);
    const { windowBits = SEQUENCE_WINDOW_BITS_DEFAULT, maxJump = SEQUENCE_JUMP_MAX } = options;
    this.#windowBits = wholeOption('windowBits', windowBits, 1, SEQUENCE_WINDOW_BITS_MAX);
    const jumpMax = wholeOption('maxJump', maxJump, 1, SEQUENCE_MAX);
    this.#steps = { jumpMax, firstMax: SEQUENCE_FIRST_MAX };
    const { maxFuture = SEQUENCE_FUTURE_MS_DEFAULT } = options;
    this.maxFuture = wholeOption('maxFuture', maxFuture, 0, FUTURE_MS_MAX);
    this.#epoch = wholeOption('epoch', options.epoch ?? wallTime(undefined), 0, SEQUENCE_MAX);
    const maxSenders = wholeOption(
      'maxSenders',
      options.maxSenders ?? SEQUENCE_SENDERS_MAX,
      1,
      SENDERS_LIMIT,
    );
    this.#senders = new BoundedMap(maxSenders, {
      onEvict: (_senderId, windows) => {
        this.#floor = windows.floorAbove(this.#floor);
      },
    });
  }

  /** Senders remembered. */
  get size(): number {
    return this.#senders.size;
  }

  /** Our own next number. It has nothing to do with what others send. @throws DefenseArgumentError after 2⁴⁸ of them. */
  next(): OwnSequence {
    if (this.#nextSequence > SEQUENCE_MAX)
      badArgument('This epoch has no numbers left; make a new SequenceTracker.');
    const sequence = this.#nextSequence;
    this.#nextSequence += 1;
    return { epoch: this.#epoch, sequence };
  }

  /** Whether the number is new; if it is, it is used from now on. Only for messages that are already known to be authentic. */
  validate(senderId: string, sequence: number, context?: SequenceContext): boolean {
    return this.mark(senderId, sequence, context);
  }

  /** Whether `mark` would take the number now. Changes nothing. */
  check(senderId: string, sequence: number, context?: SequenceContext): boolean {
    return this.#refusal(senderId, placeOf(sequence, context), wallTime(context?.nowMs)) === undefined;
  }

  /** Uses a number up; false, and no change, where `check` would say false. */
  mark(senderId: string, sequence: number, context?: SequenceContext): boolean {
    const place = placeOf(sequence, context);
    const nowMs = wallTime(context?.nowMs);
    if (this.#refusal(senderId, place, nowMs) !== undefined) return false;
    const known = this.#senders.peek(senderId);
    const windows = known ?? new SenderWindows(this.#windowBits, place.epoch, this.#floor);
    windows.mark(place, place.timeMs ?? nowMs + this.maxFuture);
    // Setting makes it the newest: who was heard longest ago is evicted first.
    this.#senders.set(known === undefined ? keptText(senderId) : senderId, windows);
    return true;
  }

  /** What `check` would answer, with its code and reason. Changes nothing. */
  explain(senderId: string, sequence: number, context?: SequenceContext): ReplayVerdict {
    return replayVerdict(this.#refusal(senderId, placeOf(sequence, context), wallTime(context?.nowMs)));
  }

  #refusal(senderId: unknown, place: SequencePlace, nowMs: number): ReplayRefusalCode | undefined {
    if (!isName(senderId)) return 'SENDER_MALFORMED';
    if (!isU48(place.sequence) || !isU48(place.epoch)) return 'SEQUENCE_MALFORMED';
    if (place.timeMs !== undefined && !isU48(place.timeMs)) return 'TIMESTAMP_MALFORMED';
    if (place.epoch > nowMs + this.maxFuture) return 'SEQUENCE_EPOCH_FROM_FUTURE';
    if (place.timeMs !== undefined && place.timeMs > nowMs + this.maxFuture) return 'TIMESTAMP_FROM_FUTURE';
    const windows = this.#senders.peek(senderId);
    if (windows !== undefined) return windows.refusal(place, this.#steps);
    if (isBelowFloor(place, this.#floor)) return 'SEQUENCE_SENDER_FORGOTTEN';
    return place.sequence > this.#steps.firstMax ? 'SEQUENCE_JUMP' : undefined;
  }
}

/** A peer may have said anything, so nothing here is known to be a number yet. */
function placeOf(sequence: number, context: SequenceContext | undefined): SequencePlace {
  return { sequence, epoch: context?.epoch ?? 0, timeMs: context?.timestamp };
}

function isU48(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= SEQUENCE_MAX;
}
