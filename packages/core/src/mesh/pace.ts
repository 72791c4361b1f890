import { HEAD_FRAME_BYTES, parcelBytes, type Parcel } from '../envelope/batch.js';
import { PRIORITIES, QUEUE_BYTES_MAX } from '../link/link-limits.js';
import { TURNS_BEFORE_LOWER } from '../link/send-queue.js';
import { SlidingWindow } from '../transport/index.js';

/** The announced number is one of messages in a second. */
const WINDOW_MS = 1_000;

/** Messages that wait for one neighbour's limit: as many as may wait for their signature. Beyond it the neighbour is skipped with MESH_QUEUE_FULL. */
export const PACED_MESSAGES_MAX = 8_192;

/** Seconds of its limit that may wait for one neighbour: a message that is later than a minute is worth telling its sender, with MESH_QUEUE_FULL. */
export const PACED_SECONDS_MAX = 60;

/**
 * A neighbour that announces less, in messages a second, makes no caller wait for it: one that is hostile could bring this
 * node to a halt with an announcement of 1. It is skipped when what waits for it is full.
 */
export const FELT_MESSAGES_PER_SECOND_MIN = 10;

interface Line {
  readonly parcel: Parcel;
  /** How many of its messages have left. */
  next: number;
  /** What its remaining messages count for. */
  bytes: number;
}

/**
 * Our own messages for one neighbour that has announced how many of one origin it takes in a second: they leave at that
 * rate, in no half-open second more. A higher priority goes first, but for every 16 of its messages a lower one has its
 * turn; within a priority the order is kept.
 */
export class Pace {
  readonly #lines: Line[][] = Array.from({ length: PRIORITIES }, () => []);
  #window: SlidingWindow | undefined;
  #messages = 0;
  #bytes = 0;
  #turns = 0;

  /** Messages that wait. */
  get messages(): number {
    return this.#messages;
  }

  /** Bytes that wait, as a link's queue would count them. */
  get bytes(): number {
    return this.#bytes;
  }

  get isLimited(): boolean {
    return this.#window !== undefined;
  }

  /** True while more waits than leaves in a second, of a neighbour whose limit our callers are to feel. */
  get isBehind(): boolean {
    const limit = this.#window?.limit ?? 0;
    return limit >= FELT_MESSAGES_PER_SECOND_MIN && this.#messages > Math.min(limit, PACED_MESSAGES_MAX / 2);
  }

  /** Sets the limit, in messages a second; 0 for none. Of another limit nothing is used up yet. */
  limitTo(messagesPerSecond: number): void {
    if (messagesPerSecond === (this.#window?.limit ?? 0)) return;
    this.#window = messagesPerSecond === 0 ? undefined : new SlidingWindow(messagesPerSecond, WINDOW_MS);
  }

  /** Takes a parcel; false when it does not fit beside what waits here and the bytes that are queued for the neighbour. Any one fits where nothing waits. */
  push(parcel: Parcel, queuedBytes: number): boolean {
    const { bytes, messages, priority } = parcel;
    const waitingBytes = this.#bytes + queuedBytes;
    if (waitingBytes > 0 && waitingBytes + bytes > QUEUE_BYTES_MAX) return false;
    if (this.#messages > 0 && this.#messages + messages.length > this.#messagesMax) return false;
    this.#lines[priority]?.push({ parcel, next: 0, bytes });
    this.#messages += messages.length;
    this.#bytes += bytes;
    return true;
  }

  /** What may leave now: the next messages of one batch, or its whole parcel. They stay here until `sent`. */
  peek(nowMs: number): Parcel | undefined {
    const turn = this.#turn();
    if (turn === undefined) return undefined;
    const { parcel, next } = turn.line;
    const admitted = this.#window?.remaining(nowMs) ?? Infinity;
    const count = Math.min(parcel.messages.length - next, admitted, turn.messagesMax);
    if (count === 0) return undefined;
    if (count === parcel.messages.length) return parcel;
    const messages = parcel.messages.slice(next, next + count);
    return { ...parcel, messages, isWhole: false, bytes: parcelBytes(messages) };
  }

  /** What `peek` has answered was taken. */
  sent({ messages, priority }: Parcel, nowMs: number): void {
    const lines = this.#lines[priority] ?? [];
    const line = lines[0];
    if (line === undefined) return;
    this.#window?.take(nowMs, messages.length);
    const isOvertaking = this.#highest(PRIORITIES - 1) === line && this.#highest(priority - 1) !== undefined;
    this.#turns = isOvertaking ? this.#turns + messages.length : 0;
    line.next += messages.length;
    this.#messages -= messages.length;
    const isDone = line.next === line.parcel.messages.length;
    const bytes = isDone ? line.bytes : parcelBytes(messages) - HEAD_FRAME_BYTES;
    line.bytes -= bytes;
    this.#bytes -= bytes;
    if (isDone) lines.shift();
  }

  /** Milliseconds until the limit admits a further message. */
  retryAfterMs(nowMs: number): number {
    return this.#window?.retryAfterMs(nowMs) ?? 0;
  }

  /** Forgets all that waits, and answers how many messages that was. */
  clear(): number {
    const count = this.#messages;
    for (const lines of this.#lines) lines.length = 0;
    this.#messages = 0;
    this.#bytes = 0;
    return count;
  }

  get #messagesMax(): number {
    return Math.min(PACED_MESSAGES_MAX, PACED_SECONDS_MAX * (this.#window?.limit ?? Infinity));
  }

  /** Whose turn it is, and for how many messages. */
  #turn(): { readonly line: Line; readonly messagesMax: number } | undefined {
    const highest = this.#highest(PRIORITIES - 1);
    const lower = highest === undefined ? undefined : this.#highest(highest.parcel.priority - 1);
    if (highest === undefined || lower === undefined)
      return highest && { line: highest, messagesMax: Infinity };
    const turnsLeft = TURNS_BEFORE_LOWER - this.#turns;
    return turnsLeft > 0 ? { line: highest, messagesMax: turnsLeft } : { line: lower, messagesMax: 1 };
  }

  /** The next of the highest priority up to this one. */
  #highest(from: number): Line | undefined {
    for (let priority = from; priority >= 0; priority -= 1) {
      const line = this.#lines[priority]?.[0];
      if (line !== undefined) return line;
    }
    return undefined;
  }
}
