import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FrameKind, type AckFrame } from '../src/session/frames.js';
import { RoundTrip } from '../src/session/round-trip.js';
import { SentRecords } from '../src/session/sent-records.js';

const ackOf = (epoch: number, start: number, end: number): AckFrame => ({
  kind: FrameKind.ACK,
  epoch,
  delayMs: 0,
  marks: 0,
  ranges: [{ start, end }],
});

const recordOf = (epoch: number, sequence: number, sentMs: number) => ({
  epoch,
  sequence,
  sentMs,
  bytes: 1 + (sequence % 7),
  frames: [],
});

type Step =
  | { readonly type: 'add'; readonly count: number }
  | { readonly type: 'ack'; readonly from: number; readonly count: number }
  | { readonly type: 'lost' | 'oldest' | 'clear' };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ type: fc.constant('add' as const), count: fc.integer({ min: 1, max: 400 }) }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        type: fc.constant('ack' as const),
        from: fc.nat({ max: 20 }),
        count: fc.integer({ min: 1, max: 600 }),
      }),
    },
    { weight: 2, arbitrary: fc.constantFrom({ type: 'lost' as const }, { type: 'oldest' as const }) },
    { weight: 1, arbitrary: fc.constant({ type: 'clear' as const }) },
  ),
  { maxLength: 60 },
);

test('records in flight are those that were sent and neither acknowledged nor given up, oldest first', () => {
  fc.assert(
    fc.property(steps, (taken) => {
      const records = new SentRecords();
      const roundTrip = new RoundTrip();
      let inFlight: number[] = [];
      let [sequence, newest] = [0, -1];
      for (const step of taken) {
        switch (step.type) {
          case 'add':
            for (let count = 0; count < step.count; count += 1, sequence += 1) {
              records.add(recordOf(1, sequence, 0));
              inFlight.push(sequence);
            }
            break;
          case 'ack': {
            const start = (inFlight[0] ?? 0) + step.from;
            const end = Math.min(sequence, start + step.count);
            const hit = inFlight.filter((number) => start <= number && number < end);
            const settled = end <= start ? [] : records.acknowledge(ackOf(1, start, end), 0).records;
            expect(settled.map((record) => record.sequence)).toEqual(hit);
            newest = Math.max(newest, hit.at(-1) ?? -1);
            inFlight = inFlight.filter((number) => !hit.includes(number));
            break;
          }
          case 'lost': {
            // At time 0 nothing is late: only what three later ones have passed.
            const passed = inFlight.filter((number) => newest - number >= 3);
            expect(records.lost(0, roundTrip).map((record) => record.sequence)).toEqual(passed);
            inFlight = inFlight.filter((number) => !passed.includes(number));
            break;
          }
          case 'oldest':
            expect(records.takeOldest()?.sequence).toBe(inFlight.shift());
            break;
          case 'clear':
            expect(records.clear().map((record) => record.sequence)).toEqual(inFlight);
            inFlight = [];
        }
        expect([records.size, records.oldest?.sequence]).toEqual([inFlight.length, inFlight[0]]);
        expect(records.bytesInFlight).toBe(inFlight.reduce((sum, number) => sum + 1 + (number % 7), 0));
      }
    }),
    { numRuns: 300 },
  );
});

test('an acknowledgement of one epoch settles no record of another', () => {
  const records = new SentRecords();
  for (const epoch of [0, 1, 2]) for (const sequence of [0, 1]) records.add(recordOf(epoch, sequence, epoch));
  const { records: settled, sampleMs } = records.acknowledge(ackOf(1, 0, 2), 5);
  expect(settled.map(({ epoch, sequence }) => [epoch, sequence])).toEqual([
    [1, 0],
    [1, 1],
  ]);
  expect([sampleMs, records.size, records.oldest?.epoch]).toEqual([4, 4, 0]);
});
