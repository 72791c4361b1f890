import { BoundedMap } from '../transport/index.js';
import type { PeerFaultCode } from '../errors.js';
import { EnvelopeClass, FUTURE_MS_MAX, type Envelope } from './envelope.js';
import { SequenceRanges } from './sequence-ranges.js';

/** Origins remembered at once, in each sequence space. Evicting one raises the floor under unknown origins. */
export const REPLAY_ORIGINS_MAX = 65_536;

interface Space {
  epoch: number;
  seen: SequenceRanges;
  lastTimeMs: number;
  /** The epoch before, until its messages have expired. */
  previous: { readonly epoch: number; readonly seen: SequenceRanges; readonly untilMs: number } | undefined;
}

/** The part of the replay state that must outlive the process. */
export interface ReplaySnapshot {
  readonly unknownFloorMs: number;
  readonly savedMs: number;
}

/**
 * Accepts each envelope once. A sequence space belongs to (origin, broadcast) or (origin, us); it holds an epoch and ranges, no message ids,
 * so its size does not depend on traffic. Order of use: `check` before the signature, `mark` after it.
 */
export class ReplayState {
  readonly #spaces: BoundedMap<string, Space>;
  #unknownFloorMs = 0;

  constructor(originsMax = REPLAY_ORIGINS_MAX) {
    this.#spaces = new BoundedMap(originsMax, {
      onEvict: (_key, space) => {
        this.#unknownFloorMs = Math.max(this.#unknownFloorMs, space.lastTimeMs);
      },
    });
  }

  get origins(): number {
    return this.#spaces.size;
  }

  /** The reason why an envelope is refused, or undefined when it is new. Read only: nothing is marked before the signature holds. */
  check(origin: string, envelope: Envelope, nowMs: number): PeerFaultCode | undefined {
    const { timeMs, lifeSeconds, epoch, sequence } = envelope;
    if (timeMs > nowMs + FUTURE_MS_MAX || epoch > nowMs + FUTURE_MS_MAX) return 'PEER_FROM_FUTURE';
    if (nowMs > timeMs + lifeSeconds * 1_000) return 'PEER_EXPIRED';
    const space = this.#spaces.peek(spaceKey(origin, envelope));
    if (space === undefined)
      return timeMs <= this.#unknownFloorMs ? 'PEER_UNKNOWN_ORIGIN_TOO_OLD' : undefined;
    if (epoch > space.epoch) return undefined;
    if (epoch === space.epoch) return space.seen.has(sequence) ? 'PEER_DUPLICATE' : undefined;
    const { previous } = space;
    if (previous === undefined || previous.epoch !== epoch || nowMs > previous.untilMs)
      return 'PEER_STALE_SEQUENCE';
    return previous.seen.has(sequence) ? 'PEER_DUPLICATE' : undefined;
  }

  /** Marks an envelope whose signature holds; false when another copy was marked first. */
  mark(origin: string, envelope: Envelope): boolean {
    const key = spaceKey(origin, envelope);
    const { epoch, sequence, timeMs, lifeSeconds } = envelope;
    let space = this.#spaces.peek(key);
    if (space === undefined) {
      space = { epoch, seen: new SequenceRanges(), lastTimeMs: 0, previous: undefined };
      this.#spaces.set(key, space);
    }
    if (epoch > space.epoch) {
      const untilMs = space.lastTimeMs + lifeSeconds * 1_000;
      space.previous = { epoch: space.epoch, seen: space.seen, untilMs };
      space.epoch = epoch;
      space.seen = new SequenceRanges();
    }
    space.lastTimeMs = Math.max(space.lastTimeMs, timeMs);
    const seen = epoch === space.epoch ? space.seen : space.previous?.seen;
    return seen?.mark(sequence) ?? false;
  }

  snapshot(nowMs: number): ReplaySnapshot {
    return { unknownFloorMs: this.#unknownFloorMs, savedMs: nowMs };
  }

  /** After a crash: whatever was sent up to the last save and `marginMs` later may have been seen. */
  restore(snapshot: ReplaySnapshot, marginMs: number): void {
    const floor = Math.max(snapshot.unknownFloorMs, snapshot.savedMs + marginMs);
    this.#unknownFloorMs = Math.max(this.#unknownFloorMs, floor);
  }
}

function spaceKey(origin: string, envelope: Envelope): string {
  return envelope.class === EnvelopeClass.BROADCAST ? origin : `${origin}>`;
}
