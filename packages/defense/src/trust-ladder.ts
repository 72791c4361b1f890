/** What a score makes of a node, from best to worst. Consumers decide what each may do. */
export type TrustLevel = 'trusted' | 'normal' | 'suspicious' | 'banned';

/** The levels that go by the score alone; bans begin with a report and end with time. */
export type ScoreLevel = Exclude<TrustLevel, 'banned'>;

/** Scores lie between -100 and this: what is earned beyond it would only be lost later. */
export const SCORE_MAX = 100;
/** Scores end here, where the ban begins. */
export const SCORE_MIN = -100;
/** A node at this score or above becomes trusted: at least five hours of good behaviour. */
export const TRUSTED_SCORE_MIN = 50;
/** A trusted node stays so down to this score, two thirds of a half-life without any good report. */
export const TRUSTED_KEPT_SCORE_MIN = 30;
/** A node at this score or below becomes suspicious: two reports of medium weight. */
export const SUSPICIOUS_SCORE_MAX = -20;
/** A suspicious node stays so up to this score: a half-life after it became so. */
export const SUSPICIOUS_KEPT_SCORE_MAX = -10;

/**
 * The level that a score leads to from another. Entering takes more than staying, so that a score that wavers about a
 * threshold does not flip the level.
 */
export function levelAfter(level: ScoreLevel, score: number): ScoreLevel {
  if (score >= (level === 'trusted' ? TRUSTED_KEPT_SCORE_MIN : TRUSTED_SCORE_MIN)) return 'trusted';
  if (score <= (level === 'suspicious' ? SUSPICIOUS_KEPT_SCORE_MAX : SUSPICIOUS_SCORE_MAX))
    return 'suspicious';
  return 'normal';
}

/** What is left of a score after a while: half of it after each half-life, so that good and bad are forgotten alike. */
export function decayedScore(score: number, elapsedMs: number, halfLifeMs: number): number {
  // Time that goes back counts as standing still.
  return elapsedMs > 0 ? score * 2 ** (-elapsedMs / halfLifeMs) : score;
}
