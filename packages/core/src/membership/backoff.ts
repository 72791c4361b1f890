import type { Random } from '../transport/index.js';

/** First delay's upper end; it doubles with each failure. */
export const FIRST_MS = 100;
/** Longest delay while an outage is young. */
const YOUNG_CAP_MS = 2_000;
/** How long it is young. */
const YOUNG_MS = 120_000;
const OLD_CAP_MS = 5_000;

/** When to dial a lost neighbour again: full jitter, at most 2 s in the first two minutes of an outage and 5 s later. */
export function retryDelayMs(random: Random, failures: number, outageMs: number): number {
  const capMs = outageMs < YOUNG_MS ? YOUNG_CAP_MS : OLD_CAP_MS;
  return random.unit() * Math.min(capMs, FIRST_MS * 2 ** Math.min(failures, 16));
}
