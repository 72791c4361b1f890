import { BoundedMap } from '../transport/index.js';
import type { PeerFaultCode } from '../errors.js';
import { EnvelopeClass, FUTURE_MS_MAX, type Envelope } from './envelope.js';
import type { Spans } from '../tree/spans.js';
import { SequenceRanges } from './sequence-ranges.js';

/** Origins remembered at once, in each sequence space. Evicting one raises the floor under unknown origins. */
export const REPLAY_ORIGINS_MAX = 65_536;

interface Epoch {
  readonly epoch: number;
  readonly seen: SequenceRanges;
  /** When the last of its messages expires. */
  untilMs: number;
}

interface Space {
  current: Epoch;
  /** The epoch before, until its messages have expired. */
  previous: Epoch | undefined;
  lastTimeMs: number;
  /** The floor under unknown origins when this one became known: what it sent before may have been seen and forgotten. */
  readonly floorMs: number;
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

  /** What unknown origins signed by then is refused. */
  get unknownFloorMs(): number {
    return this.#unknownFloorMs;
  }

  /** Which of an origin's broadcasts were never seen and would be accepted, as far as their numbers tell. */
  lacking(origin: string, epoch: number, spans: Spans, nowMs: number): Spans {
    if (epoch > nowMs + FUTURE_MS_MAX) return [];
    const space = this.#spaces.peek(origin);
    if (space === undefined || epoch > space.current.epoch) return spans;
    const found = epochOf(space, epoch);
    if (found === undefined || (found === space.previous && nowMs > found.untilMs)) return [];
    return found.seen.lacking(spans);
  }

  /** As `check`, for what goes to others: a relay looks at times only, for it may have to pass the same message on again. */
  checkTimes({ timeMs, lifeSeconds, epoch }: Envelope, nowMs: number): PeerFaultCode | undefined {
    if (timeMs > nowMs + FUTURE_MS_MAX || epoch > nowMs + FUTURE_MS_MAX) return 'PEER_FROM_FUTURE';
    return nowMs > timeMs + lifeSeconds * 1_000 ? 'PEER_EXPIRED' : undefined;
  }

  /** The reason why an envelope is refused, or undefined when it is new. Read only: nothing is marked before the signature holds. */
  check(origin: string, envelope: Envelope, nowMs: number): PeerFaultCode | undefined {
    const { timeMs, epoch, sequence } = envelope;
    const late = this.checkTimes(envelope, nowMs);
    if (late !== undefined) return late;
    const space = this.#spaces.peek(spaceKey(origin, envelope));
    if (timeMs <= (space?.floorMs ?? this.#unknownFloorMs)) return 'PEER_UNKNOWN_ORIGIN_TOO_OLD';
    if (space === undefined || epoch > space.current.epoch) return undefined;
    const found = epochOf(space, epoch);
    if (found === undefined || (found === space.previous && nowMs > found.untilMs))
      return 'PEER_STALE_SEQUENCE';
    return found.seen.has(sequence) ? 'PEER_DUPLICATE' : undefined;
  }

  /** Marks an envelope whose signature holds; false when another copy was marked first, or its place is forgotten by now. */
  mark(origin: string, envelope: Envelope): boolean {
    const key = spaceKey(origin, envelope);
    const { epoch, sequence, timeMs, lifeSeconds } = envelope;
    const known = this.#spaces.peek(key);
    if (timeMs <= (known?.floorMs ?? this.#unknownFloorMs)) return false;
    const space = known ?? {
      current: newEpoch(epoch),
      previous: undefined,
      lastTimeMs: 0,
      floorMs: this.#unknownFloorMs,
    };
    if (epoch > space.current.epoch) {
      space.previous = space.current;
      space.current = newEpoch(epoch);
    }
    const found = epochOf(space, epoch);
    if (found === undefined || !found.seen.mark(sequence)) return false;
    found.untilMs = Math.max(found.untilMs, timeMs + lifeSeconds * 1_000);
    space.lastTimeMs = Math.max(space.lastTimeMs, timeMs);
    // Setting makes it the newest: who was heard longest ago is evicted first.
    this.#spaces.set(key, space);
    return true;
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

function newEpoch(epoch: number): Epoch {
  return { epoch, seen: new SequenceRanges(), untilMs: 0 };
}

function epochOf(space: Space, epoch: number): Epoch | undefined {
  if (space.current.epoch === epoch) return space.current;
  return space.previous?.epoch === epoch ? space.previous : undefined;
}

function spaceKey(origin: string, envelope: Envelope): string {
  return envelope.class === EnvelopeClass.BROADCAST ? origin : `${origin}>`;
}
