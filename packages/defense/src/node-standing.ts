import { SlidingWindow } from '@yakmesh/core/transport';
import { withEvidence, type Evidence } from './evidence.js';
import {
  decayedScore,
  levelAfter,
  SCORE_MAX,
  SCORE_MIN,
  type ScoreLevel,
  type TrustLevel,
} from './trust-ladder.js';

/** Points that good behaviour earns in an hour, one a report: trust takes time, whoever asks for it. More earns nothing. */
export const GOOD_POINTS_MAX = 10;
/** The hour in which they are counted. */
export const GOOD_POINTS_MS = 3_600_000;
/** Points for a proof of work, and the score that it leads to at most: work alone never makes a node trusted. */
export const PROOF_SCORE_MAX = 20;
/** Between two proofs of work that are credited: else a little work would pay for any misbehaviour. */
export const PROOF_INTERVAL_MIN_MS = 86_400_000;
/** A single report of this weight bans: it is proof of malice. */
export const MALICE_WEIGHT_MIN = 100;
/** The score that peers' reports can lead to at most: they make a node suspicious and never ban it. */
export const HEARSAY_SCORE_MIN = -50;
/** The score when a ban ends: suspicious for two and a half half-lives more. */
export const PROBATION_SCORE = -60;
/** Longest ban: a week. Node ids are free, so a longer one would only fill memory. */
export const BAN_MS_MAX = 604_800_000;
/** Bans that count: the sixth lasts BAN_MS_MAX already, whatever the first. */
export const BANS_COUNTED_MAX = 8;
/** Without a ban for so long, one of those counted is forgotten. */
export const BAN_FORGOTTEN_MS = 604_800_000;

/** How scores decay and how long bans last, in milliseconds. */
export interface StandingTimes {
  /** Half of a score is forgotten in it. */
  readonly halfLifeMs: number;
  /** How long the first ban lasts. */
  readonly firstBanMs: number;
}

/** All that is remembered of a node, as it is saved; times in milliseconds since 1970. */
export interface StandingState {
  /** -100 to 100. */
  score: number;
  /** When the score was true; the end of the ban for a banned node. */
  scoreAtMs: number;
  /** The level that the score had led to then. */
  level: ScoreLevel;
  /** When the last ban ends or ended; 0 for none. */
  bannedUntilMs: number;
  /** Bans that count for the length of the next. */
  bans: number;
  /** Whether a report is still part of the score. */
  isBlamed: boolean;
  /** When a proof of work was credited last, or 0. */
  proofAtMs: number;
  /** The address scope it was seen in. */
  scope: string | undefined;
  /** The last reports, oldest first. */
  evidence: readonly Evidence[];
}

/** The state of a node that nothing is known of but where it comes from. */
export function newcomerState(score: number, scope: string | undefined, nowMs: number): StandingState {
  const level = levelAfter('normal', score);
  const never = { bannedUntilMs: 0, bans: 0, isBlamed: false, proofAtMs: 0, evidence: [] };
  return { score, scoreAtMs: nowMs, level, scope, ...never };
}

/** Where one node stands: its score, its level, its bans and what was reported of it. */
export class NodeStanding {
  readonly #times: StandingTimes;
  readonly #state: StandingState;
  #goodPoints: SlidingWindow | undefined;

  /** Begins with a copy of the state. */
  constructor(state: StandingState, times: StandingTimes) {
    this.#state = { ...state };
    this.#times = times;
  }

  /** A copy. */
  get state(): StandingState {
    return { ...this.#state };
  }

  /** The address scope it was seen in first. */
  get scope(): string | undefined {
    return this.#state.scope;
  }

  /** Names the scope, unless one is known. */
  settleIn(scope: string | undefined): void {
    this.#state.scope ??= scope;
  }

  /** Whether a ban lasts. */
  isBanned(nowMs: number): boolean {
    return nowMs < this.#state.bannedUntilMs;
  }

  /** Milliseconds until the ban ends; 0 when there is none. */
  banRemainingMs(nowMs: number): number {
    return Math.max(0, this.#state.bannedUntilMs - nowMs);
  }

  /** -100, which every ban is, to 100. */
  scoreAt(nowMs: number): number {
    if (this.isBanned(nowMs)) return SCORE_MIN;
    return decayedScore(this.#state.score, nowMs - this.#state.scoreAtMs, this.#times.halfLifeMs);
  }

  /** The level now, which time alone may have changed. */
  levelAt(nowMs: number): TrustLevel {
    return this.isBanned(nowMs) ? 'banned' : levelAfter(this.#state.level, this.scoreAt(nowMs));
  }

  /** How much would be lost by forgetting it: what was banned, then whatever has a history, then the rest. */
  shelfAt(nowMs: number): 'banned' | 'known' | 'ordinary' {
    if (this.#bansAt(nowMs) > 0) return 'banned';
    const isKnown = this.#state.isBlamed || this.#state.level === 'trusted';
    return isKnown && Math.abs(this.scoreAt(nowMs)) >= 1 ? 'known' : 'ordinary';
  }

  /** One point for good behaviour, unless the hour's are spent. */
  praise(nowMs: number): void {
    if (this.isBanned(nowMs)) return;
    this.#goodPoints ??= new SlidingWindow(GOOD_POINTS_MAX, GOOD_POINTS_MS);
    if (this.#goodPoints.take(nowMs)) this.#moveTo(this.scoreAt(nowMs) + 1, nowMs);
  }

  /** Credits a proof of work; false when it is too soon after the last, or the node is banned. */
  prove(nowMs: number): boolean {
    const isTooSoon = this.#state.proofAtMs > 0 && nowMs - this.#state.proofAtMs < PROOF_INTERVAL_MIN_MS;
    if (isTooSoon || this.isBanned(nowMs)) return false;
    this.#state.proofAtMs = nowMs;
    const score = this.scoreAt(nowMs);
    this.#moveTo(Math.max(score, Math.min(score + PROOF_SCORE_MAX, PROOF_SCORE_MAX)), nowMs);
    return true;
  }

  /** Counts a report. During a ban it is only kept as evidence. */
  blame(report: Evidence, nowMs: number): void {
    this.#state.evidence = withEvidence(this.#state.evidence, report);
    if (this.isBanned(nowMs)) return;
    const { weight, source } = report;
    const before = this.scoreAt(nowMs);
    const isFirst = !this.#state.isBlamed;
    this.#state.isBlamed = true;
    if (source === 'peer') {
      this.#moveTo(Math.min(before, Math.max(before - weight, HEARSAY_SCORE_MIN)), nowMs);
      return;
    }
    if (weight >= MALICE_WEIGHT_MIN || (before - weight <= SCORE_MIN && !isFirst)) this.#ban(nowMs);
    // A first report that is no proof of malice bans nobody, not even a newcomer from a scope of ill repute.
    else this.#moveTo(Math.max(before - weight, SCORE_MIN + 1), nowMs);
  }

  #moveTo(score: number, nowMs: number): void {
    this.#state.level = levelAfter(levelAfter(this.#state.level, this.scoreAt(nowMs)), score);
    this.#state.score = Math.min(SCORE_MAX, score);
    this.#state.scoreAtMs = Math.max(this.#state.scoreAtMs, nowMs);
    if (this.#state.score >= 0) this.#state.isBlamed = false;
  }

  #ban(nowMs: number): void {
    const bans = Math.min(this.#bansAt(nowMs) + 1, BANS_COUNTED_MAX);
    const untilMs = nowMs + Math.min(this.#times.firstBanMs * 2 ** (bans - 1), BAN_MS_MAX);
    const scored = { score: PROBATION_SCORE, scoreAtMs: untilMs, level: 'suspicious' as const };
    Object.assign(this.#state, { bans, bannedUntilMs: untilMs, ...scored });
  }

  #bansAt(nowMs: number): number {
    const { bans, bannedUntilMs } = this.#state;
    const forgotten = Math.floor(Math.max(0, nowMs - bannedUntilMs) / BAN_FORGOTTEN_MS);
    return Math.max(0, bans - forgotten);
  }
}
