import type { Peer } from './peer.js';

/** Copies that a neighbour may send at once beyond what is new to us: it may have queued them before it knew that we have them. */
export const REPETITIONS_BURST = 16_384;
/** Of these so many at the start of a link, which has had no time to queue more. */
export const REPETITIONS_AT_FIRST = 1_024;
/** Copies in a second beyond what is new to us: a mesh at rest has none. */
export const REPETITIONS_PER_SECOND = 100;

interface Allowance {
  left: number;
  /** New messages when it was last looked at. */
  news: number;
  atMs: number;
}

/**
 * Copies of messages cost us a look each and their sender nothing. An honest neighbour sends each message once, so its copies are at most as
 * many as the messages that are new to us through others.
 */
export class Repetitions {
  readonly #allowances = new WeakMap<Peer, Allowance>();
  #news = 0;

  /** A message was new. */
  heardNew(): void {
    this.#news += 1;
  }

  /** A neighbour sent copies; false when they are more than an honest one sends. */
  heardAgain(peer: Peer, count: number, nowMs: number): boolean {
    const allowance = this.#allowances.get(peer) ?? {
      left: REPETITIONS_AT_FIRST,
      news: this.#news,
      atMs: nowMs,
    };
    const earned = this.#news - allowance.news + ((nowMs - allowance.atMs) * REPETITIONS_PER_SECOND) / 1_000;
    allowance.left = Math.min(REPETITIONS_BURST, allowance.left + earned) - count;
    allowance.news = this.#news;
    allowance.atMs = nowMs;
    this.#allowances.set(peer, allowance);
    return allowance.left >= 0;
  }
}
