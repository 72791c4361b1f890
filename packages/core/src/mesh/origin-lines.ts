import type { NodeId } from '@yakmesh/crypto';
import type { GuardVerdict, Machine } from '../transport/index.js';

/** A refusal for so long or less is a wait; a message that is refused for longer is dropped. */
export const HOLD_MS_MAX = 2_000;

/** A message that no credit covers waits no longer than this, then it is dropped: twice what it was to wait, for a guard that changes its mind. */
export const HELD_MS_MAX = 4_000;

/** Messages of one origin that wait here without the credit of a link; a further one is dropped. */
export const HELD_ORIGIN_MESSAGES_MAX = 1_024;

/** Bytes of them: sixteen of the largest broadcasts. A further message is dropped. */
export const HELD_ORIGIN_BYTES_MAX = 1_048_576;

/** Messages of all origins that wait here without the credit of a link; a further one is dropped. */
export const HELD_MESSAGES_MAX = 8_192;

/** Bytes of them, as much as two links' queues. A further message is dropped. */
export const HELD_BYTES_MAX = 8_388_608;

/** Least time between two looks at the lines: what has become due meanwhile leaves together. */
const LOOK_MS_MIN = 10;

/** Messages that leave their lines before the event loop gets a turn. */
const MESSAGES_PER_LOOK = 128;

/** Why a message cannot go on now, and for how long. */
export interface Refusal {
  readonly code: string;
  readonly retryAfterMs: number;
}

/** A message that waits for its origin's allowance. */
export interface Held {
  readonly origin: NodeId;
  readonly bytes: number;
  /** True while its origin sent it over a link of its own that is open: then that link's credit bounds what waits, and nothing else does. */
  readonly isCovered: boolean;
}

/** What becomes of messages that waited. */
export type LineAction<Item> =
  | { readonly type: 'deliver'; readonly items: readonly Item[] }
  | { readonly type: 'drop'; readonly item: Item; readonly code: string };

interface Waiting<Item> {
  readonly item: Item;
  readonly sinceMs: number;
  /** Whether it counts towards what may wait without credit. */
  readonly isCharged: boolean;
}

interface Line<Item> {
  readonly waiting: Waiting<Item>[];
  /** How many of them have left. */
  head: number;
  /** Under which code the last of them was refused. */
  code: string;
  dueMs: number;
  chargedMessages: number;
  chargedBytes: number;
}

export interface OriginLinesOptions {
  /** Asks whether a message may go on; asking counts. */
  readonly ask: (origin: NodeId, bytes: number, nowMs: number) => GuardVerdict;
  /** Messages of one origin in a second, where that is known. */
  readonly messagesPerSecond: number | undefined;
}

/**
 * Messages beyond their origin's limit wait here, a line for each origin: what was received is not lost, only later. No
 * origin's line delays another. What a neighbour itself sent waits under the credit of its link; the rest is bounded here.
 */
export class OriginLines<Item extends Held> implements Machine<LineAction<Item>> {
  readonly #options: OriginLinesOptions;
  readonly #lines = new Map<NodeId, Line<Item>>();
  /** Messages that leave within HOLD_MS_MAX. */
  readonly #patienceMessages: number;
  #messages = 0;
  #chargedMessages = 0;
  #chargedBytes = 0;
  #deadlineMs: number | undefined;

  constructor(options: OriginLinesOptions) {
    this.#options = options;
    const perSecond = options.messagesPerSecond ?? 0;
    this.#patienceMessages =
      perSecond > 0 ? Math.ceil((perSecond * HOLD_MS_MAX) / 1_000) : HELD_ORIGIN_MESSAGES_MAX;
  }

  /** Messages that wait. */
  get messages(): number {
    return this.#messages;
  }

  get deadlineMs(): number | undefined {
    return this.#deadlineMs;
  }

  /** Under which code messages of an origin wait: a further one waits behind them. Undefined where none does. */
  codeOf(origin: NodeId): string | undefined {
    return this.#lines.get(origin)?.code;
  }

  /** True while what waits of an origin takes longer than HOLD_MS_MAX to leave. */
  isOverdue(origin: NodeId): boolean {
    const line = this.#lines.get(origin);
    return line !== undefined && line.waiting.length - line.head >= this.#patienceMessages;
  }

  /** Whether a message can be held: always where credit covers it. */
  hasRoom({ origin, bytes, isCovered }: Held): boolean {
    if (isCovered) return true;
    if (this.isOverdue(origin)) return false;
    if (this.#chargedMessages >= HELD_MESSAGES_MAX || this.#chargedBytes + bytes > HELD_BYTES_MAX)
      return false;
    const line = this.#lines.get(origin);
    if (line === undefined) return true;
    const isFull = line.chargedMessages >= HELD_ORIGIN_MESSAGES_MAX;
    return !isFull && line.chargedBytes + bytes <= HELD_ORIGIN_BYTES_MAX;
  }

  /** Holds a message for which there is room: until the guard is to be asked again, or behind those of its origin that wait. */
  hold(item: Item, refusal: Refusal, nowMs: number): void {
    const { origin, bytes } = item;
    let line = this.#lines.get(origin);
    if (line === undefined) {
      line = { waiting: [], head: 0, code: '', dueMs: nowMs, chargedMessages: 0, chargedBytes: 0 };
      postpone(line, refusal, nowMs);
      this.#lines.set(origin, line);
    }
    const isCharged = !item.isCovered;
    line.waiting.push({ item, sinceMs: nowMs, isCharged });
    this.#messages += 1;
    if (isCharged) this.#charge(line, 1, bytes);
    this.#deadlineMs = Math.min(this.#deadlineMs ?? Infinity, line.dueMs);
  }

  tick(nowMs: number): readonly LineAction<Item>[] {
    const actions: LineAction<Item>[] = [];
    let left = MESSAGES_PER_LOOK;
    for (const [origin, line] of [...this.#lines]) {
      if (line.dueMs > nowMs) continue;
      if (left === 0) break;
      left -= this.#advance(origin, line, left, nowMs, actions);
    }
    this.#deadlineMs = this.#nextMs(nowMs);
    return actions;
  }

  /** Lets a line go on as far as the guard allows; answers how many messages have left it. */
  #advance(
    origin: NodeId,
    line: Line<Item>,
    most: number,
    nowMs: number,
    actions: LineAction<Item>[],
  ): number {
    const items: Item[] = [];
    let count = 0;
    for (; count < most; count += 1) {
      const waiting = line.waiting[line.head];
      if (waiting === undefined) break;
      const { item } = waiting;
      const isLate = !item.isCovered && nowMs - waiting.sinceMs > HELD_MS_MAX;
      if (isLate) {
        actions.push({ type: 'drop', item, code: line.code });
      } else {
        const verdict = this.#options.ask(origin, item.bytes, nowMs);
        if (verdict.allowed) items.push(item);
        else if (isWait(verdict)) {
          postpone(line, verdict, nowMs);
          break;
        } else actions.push({ type: 'drop', item, code: verdict.code });
      }
      this.#leave(line, waiting);
    }
    if (items.length > 0) actions.push({ type: 'deliver', items });
    this.#lines.delete(origin);
    // At the end, so that every line has its turn.
    if (line.head < line.waiting.length) this.#lines.set(origin, line);
    return count;
  }

  #leave(line: Line<Item>, { item, isCharged }: Waiting<Item>): void {
    line.head += 1;
    this.#messages -= 1;
    if (isCharged) this.#charge(line, -1, -item.bytes);
    // Half of it is gone: each message is moved once at most on the average.
    if (2 * line.head <= line.waiting.length) return;
    line.waiting.splice(0, line.head);
    line.head = 0;
  }

  #charge(line: Line<Item>, messages: number, bytes: number): void {
    line.chargedMessages += messages;
    line.chargedBytes += bytes;
    this.#chargedMessages += messages;
    this.#chargedBytes += bytes;
  }

  #nextMs(nowMs: number): number | undefined {
    let nextMs = Infinity;
    for (const { dueMs } of this.#lines.values()) nextMs = Math.min(nextMs, dueMs);
    if (nextMs === Infinity) return undefined;
    // What is due already has used this turn up; the rest goes on in the next one.
    return nextMs <= nowMs ? nowMs : Math.max(nextMs, nowMs + LOOK_MS_MIN);
  }
}

/** Whether waiting helps soon enough: a ban is no wait. */
export function isWait({ code, retryAfterMs }: Refusal): boolean {
  return code !== 'GUARD_BANNED' && retryAfterMs <= HOLD_MS_MAX;
}

function postpone<Item>(line: Line<Item>, { code, retryAfterMs }: Refusal, nowMs: number): void {
  line.code = code;
  line.dueMs = nowMs + Math.max(LOOK_MS_MIN, retryAfterMs);
}
