import { expect, test } from '@jest/globals';
import { FlowAhead } from '../src/flow-ahead.js';

const FULL_BYTES = 16_384;
const BULK_BYTES = 65_024;
const FEW = 131_200;
const MANY = 520_320;

/** Hands over as much as may be, which is gone after so many milliseconds; answers what may be handed over next. */
function fill(ahead: FlowAhead, nowMs: number, tookMs: number): number {
  const wanted = ahead.bytes(BULK_BYTES);
  for (let bytes = 0; bytes + BULK_BYTES <= wanted; bytes += BULK_BYTES) ahead.handed(BULK_BYTES, nowMs);
  ahead.drained(nowMs + tookMs);
  return ahead.bytes(BULK_BYTES);
}

test('to a neighbour that takes all at once more is handed over, twice as much each time, up to eight records for bulk', () => {
  const ahead = new FlowAhead();
  expect(ahead.bytes(BULK_BYTES)).toBe(FEW);
  expect([1, 2, 3, 4].map((nowMs) => fill(ahead, nowMs, 20))).toEqual([2 * FEW, MANY, MANY, MANY]);
  expect(ahead.bytes(FULL_BYTES)).toBe(FEW); // Over relays.
});

test('where the line is slower it is half as much each time, and never less than two records for bulk', () => {
  const ahead = new FlowAhead();
  for (const nowMs of [1, 2, 3]) fill(ahead, nowMs, 0);
  expect([100, 200, 300].map((nowMs) => fill(ahead, nowMs, 21))).toEqual([MANY / 2, FEW, FEW]);
});

test('small records that leave at once say nothing of how quick the line is', () => {
  const ahead = new FlowAhead();
  for (let nowMs = 0; nowMs < 100; nowMs += 1) {
    ahead.handed(512, nowMs);
    ahead.drained(nowMs);
  }
  expect(ahead.bytes(BULK_BYTES)).toBe(FEW);
});
