import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LANE_BYTES_MAX } from '../src/link/lane-queue.js';
import { SendQueue, TURNS_BEFORE_LOWER, type QueueItem } from '../src/link/send-queue.js';

/** An item whose first byte is its number. */
function item(number: number, lane?: string, bytes = 1_000, priority = 0): QueueItem {
  return { type: 'frame', frame: Uint8Array.of(number), bytes, priority, lane };
}

const numberOf = (one: QueueItem | undefined): number | undefined =>
  one?.type === 'frame' ? one.frame[0] : undefined;

function served(queue: SendQueue): (number | undefined)[] {
  const numbers: (number | undefined)[] = [];
  for (let one = queue.shift(); one !== undefined; one = queue.shift()) numbers.push(numberOf(one));
  return numbers;
}

test('an origin with a heap does not keep one with a single message waiting for all of it', () => {
  const queue = new SendQueue();
  for (let count = 0; count < 100; count += 1) queue.push(item(1, 'heap', 10_000));
  queue.push(item(2, 'single'));
  expect(served(queue).indexOf(2)).toBeLessThanOrEqual(3);
});

test('lanes share by bytes: one of large items gets no more than one of small ones', () => {
  const queue = new SendQueue();
  for (let count = 0; count < 50; count += 1) queue.push(item(1, 'large', 16_000));
  for (let count = 0; count < 500; count += 1) queue.push(item(2, 'small', 1_600));
  const bytes = [0, 0, 0];
  for (let count = 0; count < 200; count += 1) {
    const number = numberOf(queue.shift()) ?? 0;
    bytes[number] = (bytes[number] ?? 0) + (number === 1 ? 16_000 : 1_600);
  }
  const ratio = (bytes[1] ?? 0) / (bytes[2] ?? 1);
  expect(ratio).toBeGreaterThan(0.8);
  expect(ratio).toBeLessThan(1.25);
});

test('a lane holds a mebibyte, the others and our own traffic have their room beside it', () => {
  const queue = new SendQueue();
  expect(queue.push(item(1, 'full', LANE_BYTES_MAX))).toBe(true);
  expect(queue.push(item(1, 'full', 1))).toBe(false);
  expect([
    queue.push(item(2, 'other')),
    queue.push(item(3)),
    queue.push(item(3, undefined, LANE_BYTES_MAX)),
  ]).toEqual([true, true, true]);
  expect(queue.bytes).toBe(2 * LANE_BYTES_MAX + 2_000);
});

test('an urgent item waits for no lane below it', () => {
  const queue = new SendQueue();
  for (let lane = 0; lane < 10; lane += 1) queue.push(item(1, `lane ${lane}`, 50_000));
  queue.push(item(9, 'urgent', 100, 4));
  expect(numberOf(queue.shift())).toBe(9);
  for (let count = 0; count < 2 * TURNS_BEFORE_LOWER; count += 1) queue.push(item(9, 'urgent', 100, 4));
  expect(served(queue).indexOf(1)).toBeLessThanOrEqual(TURNS_BEFORE_LOWER);
});

test('within a lane the order is kept, nothing is lost and bytes add up, whatever is pushed and served', () => {
  const step = fc.record({
    lane: fc.constantFrom(undefined, 'a', 'b', 'c'),
    bytes: fc.integer({ min: 1, max: 40_000 }),
    priority: fc.nat(2),
    serves: fc.nat(2),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const queue = new SendQueue();
      const [pushed, taken]: [QueueItem[], QueueItem[]] = [[], []];
      const serve = (): void => {
        const one = queue.shift();
        if (one !== undefined) taken.push(one);
      };
      steps.forEach(({ lane, bytes, priority, serves }, index) => {
        const one = item(index % 256, lane, bytes, priority);
        if (queue.push(one)) pushed.push(one);
        for (let count = 0; count < serves; count += 1) serve();
      });
      while (!queue.isEmpty) serve();
      const line = (items: QueueItem[], name: string): QueueItem[] =>
        items.filter(({ lane, priority }) => `${lane} ${priority}` === name);
      for (const name of new Set(pushed.map(({ lane, priority }) => `${lane} ${priority}`)))
        expect(line(taken, name)).toEqual(line(pushed, name));
      expect([taken.length, queue.bytes]).toEqual([pushed.length, 0]);
    }),
  );
});
