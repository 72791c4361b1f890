import type { NodeId } from '@yakmesh/crypto';
import { runMachine, type Clock, type Guard, type MachineRunner } from '../transport/index.js';
import type { Counters } from './counters.js';
import { isWait, OriginLines, type Held, type LineAction, type Refusal } from './origin-lines.js';

export interface HeldMessagesOptions<Item> {
  readonly clock: Clock;
  readonly guard: Guard;
  readonly counters: Counters;
  /** Messages of one origin may go on, in their order. */
  readonly release: (items: readonly Item[]) => void;
  /** A message that waited comes to nothing; it is counted already. */
  readonly dropped: (item: Item) => void;
}

/**
 * Asks the guard about messages and keeps those that must wait; what cannot wait is counted. Nobody is reported for it: whoever relays can keep
 * an honest origin's messages back and deliver them in one heap, and a line that stood still does the same.
 */
export class HeldMessages<Item extends Held> {
  readonly #options: HeldMessagesOptions<Item>;
  readonly #lines: OriginLines<Item>;
  readonly #runner: MachineRunner<OriginLines<Item>, LineAction<Item>>;

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

  /** Whether a refused message can wait; where it cannot, it is counted. */
  canHold(held: Held, refusal: Refusal): boolean {
    if (isWait(refusal) && this.#lines.hasRoom(held)) return true;
    this.#options.counters.add(refusal.code);
    return false;
  }

  /** Holds a message for which `canHold` was true. */
  hold(item: Item, refusal: Refusal): void {
    const { counters } = this.#options;
    counters.add('messages:held');
    if (item.isCovered && this.#lines.isOverdue(item.origin)) counters.add('PEER_TOO_FAST');
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
    this.#options.counters.add(action.code);
    this.#options.dropped(action.item);
  }
}
