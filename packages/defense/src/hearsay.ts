import { KeyedSlidingWindow } from '@yakmesh/core/transport';

/** What one peer's reports about one node may take in a day: at this rate decay keeps it above suspicion, so that takes four peers. More is ignored. */
export const HEARSAY_PAIR_POINTS_MAX = 5;
/** The day in which they are counted. */
export const HEARSAY_PAIR_MS = 86_400_000;
/** What one peer's reports may take in an hour, from all nodes together. More is ignored. */
export const HEARSAY_REPORTER_POINTS_MAX = 50;
/** The hour in which they are counted. */
export const HEARSAY_REPORTER_MS = 3_600_000;
/** Reporters whose reports are counted; of the one that reported longest ago the count is forgotten. */
export const HEARSAY_REPORTERS_MAX = 4_096;
/** Pairs of reporter and reported that are counted: four for each reporter. As above. */
export const HEARSAY_PAIRS_MAX = 16_384;

/** What peers tell about others, capped for each reporter, because a report costs a liar nothing. */
export class Hearsay {
  readonly #pairs = new KeyedSlidingWindow(HEARSAY_PAIR_POINTS_MAX, HEARSAY_PAIR_MS, HEARSAY_PAIRS_MAX);
  readonly #reporters = new KeyedSlidingWindow(
    HEARSAY_REPORTER_POINTS_MAX,
    HEARSAY_REPORTER_MS,
    HEARSAY_REPORTERS_MAX,
  );

  /** The weight, 0 to 5, at which a report counts. */
  weigh(reporter: string, peerId: string, weight: number, nowMs: number): number {
    const counted = Math.min(Math.ceil(weight), HEARSAY_PAIR_POINTS_MAX);
    if (this.#reporters.retryAfterMs(reporter, nowMs, counted) > 0) return 0;
    // The length tells where the first name ends, so that no two pairs share a key.
    if (!this.#pairs.take(`${reporter.length} ${reporter}${peerId}`, nowMs, counted)) return 0;
    return this.#reporters.take(reporter, nowMs, counted) ? Math.min(weight, counted) : 0;
  }
}
