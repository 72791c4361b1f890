import { ReplayWindow } from '@yakmesh/core/transport';
import type { ReplayRefusalCode } from './replay-verdict.js';

/** The largest number, epoch and timestamp: 48 bits, as the wire and the kit's window have them. A larger one is SEQUENCE_MALFORMED. */
export const SEQUENCE_MAX = 0xffff_ffff_ffff;

/** Where a message stands among those of its sender. */
export interface SequencePlace {
  /** Its number in the epoch. */
  readonly sequence: number;
  /** When its sender started, in milliseconds since 1970. */
  readonly epoch: number;
  /** When it was sent, in milliseconds since 1970; undefined where it does not say. */
  readonly timeMs: number | undefined;
}

/** What forgotten senders may have sent: nothing of them is later than this time, and nothing of a later epoch. */
export interface SeenFloor {
  /** When the last of them was sent. */
  readonly timeMs: number;
  /** The latest epoch among them. */
  readonly epoch: number;
}

/** How far numbers may step. */
export interface SequenceSteps {
  /** Beyond the highest number of an epoch that is known. */
  readonly jumpMax: number;
  /** From nothing, in an epoch that is new. */
  readonly firstMax: number;
}

interface EpochWindow {
  readonly epoch: number;
  readonly window: ReplayWindow;
}

/** Whether a forgotten sender might have sent it, so that it may have been accepted before. */
export function isBelowFloor(place: SequencePlace, floor: SeenFloor): boolean {
  if (place.timeMs !== undefined && place.timeMs > floor.timeMs) return false;
  return place.epoch <= floor.epoch;
}

/** The numbers heard from one sender: in its present epoch and in the one before. */
export class SenderWindows {
  readonly #bits: number;
  /** As it was when this sender became known: what it sent before may have been seen and forgotten. */
  readonly #floor: SeenFloor;
  #current: EpochWindow;
  #previous: EpochWindow | undefined;
  #lastMs = -1;

  /** A sender that is heard in this epoch for the first time, while this is the floor under unknown ones. */
  constructor(bits: number, epoch: number, floor: SeenFloor) {
    this.#bits = bits;
    this.#floor = floor;
    this.#current = { epoch, window: new ReplayWindow(bits) };
  }

  /** Why this place is refused; undefined when it is new. */
  refusal(place: SequencePlace, { jumpMax, firstMax }: SequenceSteps): ReplayRefusalCode | undefined {
    const { sequence, epoch } = place;
    if (isBelowFloor(place, this.#floor)) return 'SEQUENCE_SENDER_FORGOTTEN';
    if (epoch > this.#current.epoch) return sequence > firstMax ? 'SEQUENCE_JUMP' : undefined;
    const window = this.#windowOf(epoch);
    if (window === undefined) return 'SEQUENCE_EPOCH_OLD';
    if (sequence - window.highest > jumpMax) return 'SEQUENCE_JUMP';
    if (window.highest - sequence >= window.bits) return 'SEQUENCE_TOO_OLD';
    return window.check(sequence) ? undefined : 'SEQUENCE_REPEATED';
  }

  /** Uses up a place that `refusal` has nothing against; `timeMs` is when it was sent, at the latest. */
  mark({ sequence, epoch }: SequencePlace, timeMs: number): void {
    if (epoch > this.#current.epoch) {
      this.#previous = this.#current;
      this.#current = { epoch, window: new ReplayWindow(this.#bits) };
    }
    this.#windowOf(epoch)?.mark(sequence);
    this.#lastMs = Math.max(this.#lastMs, timeMs);
  }

  /** The floor under unknown senders once this one is forgotten. */
  floorAbove(floor: SeenFloor): SeenFloor {
    return {
      timeMs: Math.max(floor.timeMs, this.#lastMs),
      epoch: Math.max(floor.epoch, this.#current.epoch),
    };
  }

  #windowOf(epoch: number): ReplayWindow | undefined {
    if (epoch === this.#current.epoch) return this.#current.window;
    return epoch === this.#previous?.epoch ? this.#previous.window : undefined;
  }
}
