import type { QueueItem } from './send-queue.js';

/** Bytes of one lane that may wait for a link; an empty lane takes any one item. Our own traffic has no lane, and no bound but the queue's. */
export const LANE_BYTES_MAX = 1_048_576;
/** Bytes that a lane sends before the next one has its turn. */
const QUANTUM_BYTES = 16_384;
/** Served items are cut off when there are so many. */
const SERVED_MAX = 1_024;
/** The lane of what names none. */
const OWN = '';

interface Lane {
  readonly name: string;
  readonly items: QueueItem[];
  head: number;
  bytes: number;
  /** Bytes that it may still send in this turn. */
  allowance: number;
}

/** What waits at one priority: a lane for each origin or flow that is relayed, served in turn by bytes, so that none waits for another's heap. */
export class LaneQueue {
  readonly #byName = new Map<string, Lane>();
  /** Lanes that are not empty. */
  readonly #lanes: Lane[] = [];
  #turn = 0;

  get isEmpty(): boolean {
    return this.#lanes.length === 0;
  }

  /** False when the item does not fit its lane. */
  push(item: QueueItem): boolean {
    const { lane: name = OWN, bytes } = item;
    const known = this.#byName.get(name);
    if (known === undefined) {
      const lane = { name, items: [item], head: 0, bytes, allowance: 0 };
      this.#byName.set(name, lane);
      this.#lanes.push(lane);
      return true;
    }
    if (name !== OWN && known.bytes + bytes > LANE_BYTES_MAX) return false;
    known.items.push(item);
    known.bytes += bytes;
    return true;
  }

  shift(): QueueItem | undefined {
    for (;;) {
      if (this.#turn >= this.#lanes.length) this.#turn = 0;
      const lane = this.#lanes[this.#turn];
      const item = lane?.items[lane.head];
      if (lane === undefined || item === undefined) return undefined;
      if (this.#lanes.length === 1 || lane.allowance >= item.bytes) return this.#take(lane, item);
      lane.allowance += QUANTUM_BYTES;
      if (lane.allowance >= item.bytes) return this.#take(lane, item);
      this.#turn += 1;
    }
  }

  /** Everything that waits, lane by lane; the queue is empty afterwards. */
  drain(): QueueItem[] {
    const items = this.#lanes.flatMap((lane) => lane.items.slice(lane.head));
    this.#byName.clear();
    this.#lanes.length = 0;
    return items;
  }

  #take(lane: Lane, item: QueueItem): QueueItem {
    lane.head += 1;
    lane.bytes -= item.bytes;
    lane.allowance = Math.max(0, lane.allowance - item.bytes);
    const next = lane.items[lane.head];
    if (next === undefined) {
      this.#byName.delete(lane.name);
      this.#lanes.splice(this.#turn, 1);
    } else {
      if (lane.allowance < next.bytes) this.#turn += 1;
      if (lane.head >= SERVED_MAX) {
        lane.items.splice(0, lane.head);
        lane.head = 0;
      }
    }
    return item;
  }
}
