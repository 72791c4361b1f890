import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LossyChannel, milliseconds, SeededRandom, Trace } from '../src/testing/index.js';
import { medianRoundTripMs, roundTripMs } from '../src/testing/sim/latency-matrix.js';
import { isConnected, randomRegularGraph } from '../src/testing/sim/random-graph.js';

test('a random graph gives every node its number of neighbours, and nobody one twice', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 8, max: 120 }),
      fc.integer({ min: 3, max: 6 }),
      fc.nat(),
      (count, degree, seed) => {
        const pairs = randomRegularGraph(count, degree, new SeededRandom(seed));
        const degrees = new Array<number>(count).fill(0);
        for (const pair of pairs) for (const node of pair) degrees[node] = (degrees[node] ?? 0) + 1;
        const missing = degrees.filter((each) => each !== degree);
        expect(missing).toEqual((count * degree) % 2 === 0 ? [] : [degree - 1]);
        expect(new Set(pairs.map(([a, b]) => `${Math.min(a, b)} ${Math.max(a, b)}`)).size).toBe(pairs.length);
        expect(isConnected(count, pairs)).toBe(true);
      },
    ),
  );
});

test('a matrix is read from its upper triangle, whichever way one asks', () => {
  const matrix = { size: 4, unitMs: 0.5, roundTrips: Uint16Array.of(10, 20, 30, 0, 50, 60) };
  const medianMs = medianRoundTripMs(matrix);
  expect(medianMs).toBe(15);
  expect(roundTripMs(matrix, medianMs, 0, 3)).toBe(15);
  expect(roundTripMs(matrix, medianMs, 3, 1)).toBe(25);
  expect(roundTripMs(matrix, medianMs, 2, 3)).toBe(30);
  // Not measured; and the same host twice, since hosts begin again after the last.
  expect(roundTripMs(matrix, medianMs, 1, 2)).toBe(15);
  expect(roundTripMs(matrix, medianMs, 1, 5)).toBe(1);
  expect(() => medianRoundTripMs({ ...matrix, size: 5 })).toThrow(RangeError);
});

test('durations are numbers of milliseconds, or read as people write them', () => {
  expect([milliseconds(5), milliseconds('250 ms'), milliseconds('1.5 s'), milliseconds('2 min')]).toEqual([
    5, 250, 1_500, 120_000,
  ]);
  expect(() => milliseconds('soon' as '1 s')).toThrow(RangeError);
});

test('a lossy channel does to the seed’s share of the messages what it is told', () => {
  const channel = new LossyChannel({ seed: 3, loss: 0.2, duplication: 0.1, reordering: 0.3, latencyMs: 10 });
  for (let index = 0; index < 2_000; index += 1) channel.send(Uint8Array.of(index >> 8, index), index);
  const arrived = channel.receive(10_000).map(([high = 0, low = 0]) => high * 256 + low);
  const unlike = new Set(arrived).size;
  expect(unlike / 2_000).toBeCloseTo(0.8, 1);
  expect(arrived.length / unlike).toBeCloseTo(1.1, 1);
  expect(arrived).not.toEqual([...arrived].sort((a, b) => a - b));
  expect(channel.deadlineMs).toBeUndefined();
});

test('a lossy channel damages copies and never what was given to it', () => {
  const channel = new LossyChannel({ seed: 4, mutation: 1, latencyMs: 1 });
  const original = Uint8Array.of(1, 2, 3, 4);
  for (let count = 0; count < 100; count += 1) channel.send(original, count);
  const arrived = channel.receive(1_000);
  expect(arrived).toHaveLength(100);
  for (const bytes of arrived) expect([...bytes]).not.toEqual([1, 2, 3, 4]);
  expect([...original]).toEqual([1, 2, 3, 4]);
});

test('a trace tells order, time and content apart', () => {
  const hashOf = (...steps: readonly (readonly [number, number, number])[]): string => {
    const trace = new Trace();
    for (const step of steps) trace.mix(...step);
    return trace.hash;
  };
  const all = [
    hashOf([1, 2, 3], [4, 5, 6]),
    hashOf([4, 5, 6], [1, 2, 3]),
    hashOf([1.1, 2, 3], [4, 5, 6]),
    hashOf([1, 2, 3], [4, 5, 7]),
    hashOf([1, 2, 3]),
  ];
  expect(new Set(all).size).toBe(all.length);
});
