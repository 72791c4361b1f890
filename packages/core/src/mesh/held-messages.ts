import type { NodeId } from '@yakmesh/crypto';
import { BoundedMap, runMachine, type Clock, type Guard, type MachineRunner } from '../transport/index.js';
import type { Counters } from './counters.js';
import { isWait, OriginLines, type Held, type LineAction, type Refusal } from './origin-lines.js';
import type { Reports } from './reports.js';

/** Origins whose last report is remembered; one that is forgotten is reported once more. */
const REPORTED_MAX = 1_024;
/** An origin is reported once in so long, however many of its messages there are: the weight is one of conduct, and no count. */
const REPORT_MS_MIN = 1_000;
/** Weight of messages that had to be dropped. */
const DROPPED_WEIGHT = 5;
/** Weight of a neighbour that sends more than it was told is taken: a suspicion, since a line that stood still delivers late what was sent in time. */
const TOO_FAST_WEIGHT = 1;

export interface HeldMessagesOptions<Item> {
  readonly clock: Clock;
  readonly guard: Guard;
  readonly counters: Counters;
  readonly reports: Reports;
  /** Messages of one origin may go on, in their order. */
  readonly release: (items: readonly Item[]) => void;
  /** A message that waited comes to nothing; it is counted already. */
  readonly dropped: (item: Item) => void;
}

/** Asks the guard about messages and keeps those that must wait; what cannot wait is counted and reported. */
export class HeldMessages<Item extends Held> {
  readonly #options: HeldMessagesOptions<Item>;
  readonly #lines: OriginLines<Item>;
  readonly #runner: MachineRunner<OriginLines<Item>, LineAction<Item>>;
  readonly #reportedMs = new BoundedMap<NodeId, number>(REPORTED_MAX);

  constructor(options: HeldMessagesOptions<Item>) {
    this.#options = options;
    const { clock, guard } = options;
    this.#lines = new OriginLines({
      ask: (origin, bytes, nowMs) => guard.message(origin, bytes, nowMs),
      messagesPerSecond: guard.messagesPerSecond,
    });
    this.#runner = runMachine(this.#lines, {
      clock,
      perform: (action) => this.#perform(action),
      failed: () => options.counters.add('handler:failed'),
    });
  }

  /** Why a message cannot go on now; undefined when it can, and is counted towards its origin's limit. */
  refusal(origin: NodeId, bytes: number): Refusal | undefined {
    const code = this.#lines.codeOf(origin);
    if (code !== undefined) return { code, retryAfterMs: 0 };
    const { guard, clock } = this.#options;
    const verdict = guard.message(origin, bytes, clock.monotonicMs());
    return verdict.allowed ? undefined : verdict;
  }

  /** Whether a refused message can wait; where it cannot, it is counted, and its origin reported. */
  canHold(held: Held, refusal: Refusal): boolean {
    const { origin } = held;
    if (isWait(refusal) && this.#lines.hasRoom(held)) return true;
    this.#drop(origin, refusal.code);
    return false;
  }

  /** Holds a message for which `canHold` was true. */
  hold(item: Item, refusal: Refusal): void {
    const { counters } = this.#options;
    counters.add('messages:held');
    if (item.isCovered && this.#lines.isOverdue(item.origin)) {
      counters.add('PEER_TOO_FAST');
      this.#report(item.origin, 'PEER_TOO_FAST', TOO_FAST_WEIGHT);
    }
    this.#runner.feed((lines, nowMs) => {
      lines.hold(item, refusal, nowMs);
      return [];
    });
  }

  /** Ends all waiting; what waits is counted as dropped. */
  stop(): void {
    this.#runner.stop();
    if (this.#lines.messages > 0) this.#options.counters.add('messages:unheard', this.#lines.messages);
  }

  #perform(action: LineAction<Item>): void {
    if (action.type === 'deliver') return this.#options.release(action.items);
    this.#drop(action.item.origin, action.code);
    this.#options.dropped(action.item);
  }

  #drop(origin: NodeId, code: string): void {
    this.#options.counters.add(code);
    // The guard itself has banned it, and knows why.
    if (code !== 'GUARD_BANNED') this.#report(origin, code, DROPPED_WEIGHT);
  }

  #report(origin: NodeId, code: string, weight: number): void {
    const { reports, clock } = this.#options;
    const nowMs = clock.monotonicMs();
    const lastMs = this.#reportedMs.get(origin) ?? -Infinity;
    if (nowMs - lastMs < REPORT_MS_MIN) return;
    this.#reportedMs.set(origin, nowMs);
    reports.node(origin, code, weight);
  }
}
