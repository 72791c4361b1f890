import type { Parcel } from '../envelope/batch.js';
import { LaneQueue } from './lane-queue.js';
import { PRIORITIES, QUEUE_BYTES_MAX } from './link-limits.js';

/** What waits for a link: envelopes of a batch, or one frame that is ready. */
export type QueueItem =
  | {
      readonly type: 'parcel';
      readonly parcel: Parcel;
      readonly bytes: number;
      readonly priority: number;
      /** Whose traffic it is, where that is not ours: lanes share a priority by turns. Within one the order is kept. */
      readonly lane?: string | undefined;
    }
  | {
      readonly type: 'frame';
      readonly frame: Uint8Array;
      readonly bytes: number;
      readonly priority: number;
      readonly lane?: string | undefined;
      /** A record of its own, as long as the frame itself: what an onion cell needs. */
      readonly isAlone?: boolean | undefined;
      /** A FLOW frame whose body its two ends have sealed from this byte on, and the peer is the other end: the link need not seal that again. */
      readonly sealedFrom?: number | undefined;
      readonly onSent?: ((sentMs: number) => void) | undefined;
    };

/** Items served of each priority before a lower one gets a turn: no priority starves. */
export const TURNS_BEFORE_LOWER = 16;

/** A link's queue by priority, bounded in bytes. A higher priority goes first, but for every 16 of its items a lower one has its turn; within one, lanes take turns. */
export class SendQueue {
  readonly #items = Array.from({ length: PRIORITIES }, () => new LaneQueue());
  #bytes = 0;
  #turns = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#bytes === 0;
  }

  /** False when the item does not fit: nothing was taken. An empty queue takes any one item. */
  push(item: QueueItem): boolean {
    if (this.#bytes > 0 && this.#bytes + item.bytes > QUEUE_BYTES_MAX) return false;
    if (this.#items[item.priority]?.push(item) !== true) return false;
    this.#bytes += item.bytes;
    return true;
  }

  /** Priority of the item that `shift` would give; undefined when the queue is empty. */
  peekPriority(): number | undefined {
    const highest = this.#occupied(PRIORITIES - 1);
    if (highest === undefined || this.#turns < TURNS_BEFORE_LOWER) return highest;
    return this.#occupied(highest - 1) ?? highest;
  }

  shift(): QueueItem | undefined {
    const highest = this.#occupied(PRIORITIES - 1);
    if (highest === undefined) return undefined;
    const lower = this.#turns >= TURNS_BEFORE_LOWER ? this.#occupied(highest - 1) : undefined;
    this.#turns = lower === undefined ? this.#turns + 1 : 0;
    return this.#take(lower ?? highest);
  }

  /** Everything that still waits, highest priority first; the queue is empty afterwards. */
  drain(): QueueItem[] {
    const items: QueueItem[] = [];
    for (let priority = PRIORITIES - 1; priority >= 0; priority -= 1) {
      items.push(...(this.#items[priority]?.drain() ?? []));
    }
    this.#bytes = 0;
    return items;
  }

  #occupied(from: number): number | undefined {
    for (let priority = from; priority >= 0; priority -= 1) {
      if (this.#items[priority]?.isEmpty === false) return priority;
    }
    return undefined;
  }

  #take(priority: number): QueueItem | undefined {
    const item = this.#items[priority]?.shift();
    if (item !== undefined) this.#bytes -= item.bytes;
    return item;
  }
}

/** A parcel as an item of the queue. */
export function parcelItem(parcel: Parcel, lane?: string): QueueItem {
  return { type: 'parcel', parcel, bytes: parcel.bytes, priority: parcel.priority, lane };
}
