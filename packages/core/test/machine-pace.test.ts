import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HEAD_FRAME_BYTES, parcelBytes, type BatchMessage, type Parcel } from '../src/envelope/batch.js';
import { QUEUE_BYTES_MAX } from '../src/link/link-limits.js';
import { Pace, PACED_MESSAGES_MAX, PACED_SECONDS_MAX } from '../src/mesh/pace.js';

const CORE_BYTES = 100;

test('without a limit all leaves at once, and whole', () => {
  const pace = new Pace();
  const parcel = parcelOf(3);
  expect(pace.push(parcel, 0)).toBe(true);
  expect(pace.peek(0)).toBe(parcel);
  pace.sent(parcel, 0);
  expect([pace.messages, pace.bytes, pace.peek(0)]).toEqual([0, 0, undefined]);
});

test('a batch beyond the limit leaves in slices, in its order, and no slice is whole', () => {
  const pace = paced(4);
  pace.push(parcelOf(10), 0);
  expect(leaving(pace, 0)).toEqual([[0, 1, 2, 3]]);
  expect(pace.retryAfterMs(0)).toBe(1_000);
  expect(leaving(pace, 999)).toEqual([]);
  expect(leaving(pace, 1_000)).toEqual([[4, 5, 6, 7]]);
  expect(pace.peek(2_000)).toMatchObject({ isWhole: false, bytes: HEAD_FRAME_BYTES + 2 * (CORE_BYTES + 64) });
  expect(leaving(pace, 2_000)).toEqual([[8, 9]]);
  expect([pace.messages, pace.bytes]).toEqual([0, 0]);
});

test('D1: never more than the limit in any second, nothing lost, and each priority in its order', () => {
  const steps = fc.array(
    fc.record({ afterMs: fc.nat(700), count: fc.integer({ min: 1, max: 9 }), priority: fc.nat(4) }),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), steps, (limit, pushes) => {
      const pace = paced(limit);
      const left: { atMs: number; priority: number; index: number }[] = [];
      const indices = new Map<number, number>();
      let pushed = 0;
      let nowMs = 0;
      const look = (): void => {
        for (let parcel = pace.peek(nowMs); parcel !== undefined; parcel = pace.peek(nowMs)) {
          for (const { index } of parcel.messages)
            left.push({ atMs: nowMs, priority: parcel.priority, index });
          pace.sent(parcel, nowMs);
        }
      };
      for (const { afterMs, count, priority } of pushes) {
        nowMs += afterMs;
        look();
        const first = indices.get(priority) ?? 0;
        if (pace.push(parcelOf(count, priority, first), 0)) {
          indices.set(priority, first + count);
          pushed += count;
        }
        look();
      }
      while (pace.messages > 0) {
        nowMs += pace.retryAfterMs(nowMs);
        look();
      }
      expect(left).toHaveLength(pushed);
      for (const [at, { atMs }] of left.entries()) {
        const next = left[at + limit];
        if (next !== undefined) expect(next.atMs - atMs).toBeGreaterThanOrEqual(1_000);
      }
      for (const priority of [0, 1, 2, 3, 4]) {
        const own = left.filter((message) => message.priority === priority).map(({ index }) => index);
        expect(own).toEqual(own.map((_, index) => index));
      }
      expect(pace.bytes).toBe(0);
    }),
  );
});

test('an urgent message leaves before those that wait', () => {
  const pace = paced(2);
  pace.push(parcelOf(6), 0);
  expect(leaving(pace, 0)).toEqual([[0, 1]]);
  pace.push(parcelOf(1, 4, 100), 0);
  expect(leaving(pace, 1_000)).toEqual([[100], [2]]);
});

test('for every 16 urgent messages a lower one has its turn', () => {
  const pace = paced(40);
  pace.push(parcelOf(30, 0, 100), 0);
  leaving(pace, 0);
  pace.push(parcelOf(3, 0, 200), 0);
  pace.push(parcelOf(40, 3), 0);
  const slices = [...leaving(pace, 1_000), ...leaving(pace, 2_000)];
  expect(slices.map((slice) => slice.length)).toEqual([16, 1, 16, 1, 6, 2, 1]);
  expect(slices.filter((slice) => slice.length === 1).flat()).toEqual([200, 201, 202]);
});

test('M6: what waits is bounded in messages, in seconds of the limit, and in bytes beside the queue', () => {
  const full = (limit: number, size = 1): number => {
    const pace = paced(limit);
    let taken = 0;
    while (pace.push(parcelOf(size), 0)) taken += size;
    return taken;
  };
  expect(full(1)).toBe(PACED_SECONDS_MAX);
  expect(full(1_000)).toBe(Math.floor(QUEUE_BYTES_MAX / (HEAD_FRAME_BYTES + CORE_BYTES + 64)));
  expect(full(1_000, 64)).toBe(PACED_MESSAGES_MAX);
  const pace = paced(1_000);
  pace.push(parcelOf(1), 0);
  expect(pace.push(parcelOf(1), QUEUE_BYTES_MAX)).toBe(false);
});

test('where nothing waits any one parcel fits', () => {
  const pace = paced(1);
  expect(pace.push(parcelOf(256), 0)).toBe(true);
  expect(pace.push(parcelOf(1), 0)).toBe(false);
});

test('callers feel what is a second late, but no neighbour that takes less than 10 in a second', () => {
  const isBehind = (limit: number, count: number): boolean => {
    const pace = paced(limit);
    pace.push(parcelOf(count), 0);
    return pace.isBehind;
  };
  expect([isBehind(10, 10), isBehind(10, 11), isBehind(9, 500), isBehind(100_000, 5_000)]).toEqual([
    false,
    true,
    false,
    true,
  ]);
});

test('a limit that changes counts from then on, and one that ends lets all go', () => {
  const pace = paced(1);
  pace.push(parcelOf(9), 0);
  expect(leaving(pace, 0)).toEqual([[0]]);
  pace.limitTo(3);
  expect(leaving(pace, 1)).toEqual([[1, 2, 3]]);
  pace.limitTo(0);
  expect(leaving(pace, 2)).toEqual([[4, 5, 6, 7, 8]]);
});

function paced(messagesPerSecond: number): Pace {
  const pace = new Pace();
  pace.limitTo(messagesPerSecond);
  return pace;
}

/** Takes all that may leave; the messages of each slice by their index. */
function leaving(pace: Pace, nowMs: number): number[][] {
  const slices: number[][] = [];
  for (let parcel = pace.peek(nowMs); parcel !== undefined; parcel = pace.peek(nowMs)) {
    slices.push(parcel.messages.map(({ index }) => index));
    pace.sent(parcel, nowMs);
  }
  return slices;
}

function parcelOf(count: number, priority = 0, first = 0): Parcel {
  const messages = Array.from(
    { length: count },
    (_, at) => ({ index: first + at, core: new Uint8Array(CORE_BYTES) }) as unknown as BatchMessage,
  );
  return {
    batch: {} as Parcel['batch'],
    messages,
    isWhole: true,
    ttl: 1,
    priority,
    bytes: parcelBytes(messages),
  };
}
