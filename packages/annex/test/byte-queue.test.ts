import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ByteQueue } from '../src/session/byte-queue.js';

type Step = { readonly add: number } | { readonly drop: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ add: fc.integer({ min: 0, max: 150_000 }) }),
    fc.record({ drop: fc.double({ min: 0, max: 1, noNaN: true }) }),
  ),
  { maxLength: 30 },
);

test('a queue gives the bytes that were put in, in order, whatever blocks they lie in', () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 0, max: 99 }), (all, share) => {
      const queue = new ByteQueue();
      let first = 0;
      let last = 0;
      for (const step of all) {
        if ('add' in step) {
          queue.append(pattern(last, step.add));
          last += step.add;
        } else {
          const count = Math.floor(step.drop * queue.length);
          queue.drop(count);
          first += count;
        }
        expect(queue.length).toBe(last - first);
        const from = Math.floor((share / 100) * queue.length);
        const length = Math.min(64_966, queue.length - from);
        expect(Buffer.compare(queue.copy(from, length), pattern(first + from, length))).toBe(0);
      }
    }),
    { numRuns: 50 },
  );
});

const pattern = (from: number, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => ((from + index) * 31 + ((from + index) >> 8)) & 0xff);
