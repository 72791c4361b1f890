import { TokenBucket } from '../link/token-bucket.js';
import * as limits from './limits.js';
import type { NeighbourAction } from './neighbour-actions.js';
import type { NeighbourWork } from './neighbour-work.js';
import { compareList, differs, wantedNames } from './range-answers.js';
import type { RangeIndex } from './range-index.js';
import type { RecordMeta } from './record.js';
import type { ComparedRange, RangeIds, StreamMessage } from './stream-messages.js';

/** What a neighbour asks of our records, no more often than we take it; the answers are left to the work. */
export class NeighbourQuestions {
  readonly #index: RangeIndex<RecordMeta>;
  readonly #work: NeighbourWork;
  readonly #controls: TokenBucket;
  readonly #openings: TokenBucket;

  constructor(index: RangeIndex<RecordMeta>, work: NeighbourWork, nowMs: number) {
    this.#index = index;
    this.#work = work;
    this.#controls = new TokenBucket(limits.CONTROLS_PER_SECOND, limits.CONTROLS_BURST, nowMs);
    this.#openings = new TokenBucket(limits.ROUNDS_PER_SECOND, limits.ROUNDS_BURST, nowMs);
  }

  /** Whether a message may be taken now: of those that make us search the index, only so many. Else it waits until `nextMs`. */
  admits({ type }: StreamMessage, nowMs: number): boolean {
    const isControl = type === 'compare' || type === 'list' || type === 'want' || type === 'fetch';
    return !isControl || this.#controls.take(nowMs);
  }

  get nextMs(): number {
    return this.#controls.nextMs;
  }

  /** What else is to be done about a question. Messages that are none are passed over. */
  take(message: StreamMessage, nowMs: number): NeighbourAction | undefined {
    switch (message.type) {
      case 'compare':
        return this.#compare(message.ranges, message.isOpening, nowMs);
      case 'list':
        for (const range of message.ranges) this.#list(range);
        return undefined;
      case 'want':
        for (const range of message.ranges) this.#work.send(wantedNames(this.#index, range));
        return undefined;
      case 'fetch':
        this.#work.serve(message.root, message.first, message.count);
        return undefined;
      default:
        return undefined;
    }
  }

  /** 2. Ranges that are the same here are done; the others are answered one after the other. */
  #compare(ranges: readonly ComparedRange[], isOpening: boolean, nowMs: number): NeighbourAction | undefined {
    if (isOpening && !this.#openings.take(nowMs))
      return { type: 'reject', code: 'SYNC_TOO_OFTEN', weight: 0 };
    for (const range of ranges) {
      if (!differs(this.#index, range)) continue;
      this.#work.differ({ from: range.from, to: range.to, theirs: range.count });
    }
    return isOpening ? { type: 'asked' } : undefined;
  }

  /** 4. What the neighbour lacks of a listed range is sent, and what we lack is wanted. */
  #list(range: RangeIds): void {
    const difference = compareList(this.#index, range);
    if (difference === undefined) return this.#work.differ({ ...range, theirs: range.ids.length });
    this.#work.send(difference.send);
    this.#work.want({ ...range, ids: difference.want });
  }
}
