import { EVIDENCE_MAX, type Evidence } from './evidence.js';
import { isName } from './kept-text.js';
import { BAN_MS_MAX, BANS_COUNTED_MAX, MALICE_WEIGHT_MIN, type StandingState } from './node-standing.js';
import { SCOPE_BLAME_MAX, SCOPES_MAX, type ScopeBlame } from './scope-histories.js';
import { SCORE_MAX, SCORE_MIN } from './trust-ladder.js';

/** Version of the saved form; another one is skipped whole. */
export const REPUTATION_VERSION = 1;

/** A node as it is saved; times in milliseconds since 1970. */
export interface NodeJson {
  readonly peerId: string;
  readonly score: number;
  readonly scoreAtMs: number;
  readonly level: string;
  readonly bannedUntilMs: number;
  readonly bans: number;
  readonly isBlamed: boolean;
  readonly proofAtMs: number;
  /** Null where no address is known. */
  readonly scope: string | null;
  readonly evidence: readonly Evidence[];
}

/** An address scope as it is saved. */
export interface ScopeJson {
  readonly scope: string;
  readonly blame: number;
  readonly atMs: number;
}

/** All that a ReputationTracker remembers, as plain values. */
export interface ReputationJson {
  readonly version: number;
  readonly nodes: readonly NodeJson[];
  readonly scopes: readonly ScopeJson[];
}

/** What became of saved nodes. */
export interface ReputationRestored {
  /** Nodes taken over. */
  readonly restored: number;
  /** Entries left out: damaged, too many, of another version, or of a node that is known already. */
  readonly skipped: number;
}

/** The entries of a saved form, unchecked as yet. */
export interface SavedEntries {
  readonly nodes: readonly unknown[];
  readonly scopes: readonly unknown[];
  readonly skippedCount: number;
}

/** A saved node that was found to be sound. */
export interface DecodedNode {
  readonly peerId: string;
  readonly state: StandingState;
}

/** A saved scope that was found to be sound. */
export interface DecodedScope extends ScopeBlame {
  readonly scope: string;
}

/** The saved form of a node. */
export function encodeNode(peerId: string, state: StandingState): NodeJson {
  return { peerId, ...state, scope: state.scope ?? null };
}

/** The entries to look at: of the right version, and no more than can be kept. The last are kept, for they are the newest. */
export function entriesOf(saved: unknown, nodesMax: number): SavedEntries {
  if (!isRecord(saved) || saved['version'] !== REPUTATION_VERSION)
    return { nodes: [], scopes: [], skippedCount: 1 };
  const nodes = listOf(saved['nodes']);
  const scopes = listOf(saved['scopes']);
  const skippedCount = Math.max(0, nodes.length - nodesMax) + Math.max(0, scopes.length - SCOPES_MAX);
  return { nodes: nodes.slice(-nodesMax), scopes: scopes.slice(-SCOPES_MAX), skippedCount };
}

/** The node that was saved, within its bounds; undefined when it is damaged. Times from a clock that was ahead count as now. */
export function decodeNode(entry: unknown, nowMs: number): DecodedNode | undefined {
  if (!isRecord(entry)) return undefined;
  const { peerId, level, isBlamed, scope } = entry;
  const score = numberIn(entry['score'], SCORE_MIN, SCORE_MAX);
  const bans = numberIn(entry['bans'], 0, BANS_COUNTED_MAX);
  const bannedUntilMs = timeUpTo(entry['bannedUntilMs'], nowMs + BAN_MS_MAX);
  const scoreAtMs = timeUpTo(entry['scoreAtMs'], Math.max(nowMs, bannedUntilMs ?? 0));
  const proofAtMs = timeUpTo(entry['proofAtMs'], nowMs);
  if (!isName(peerId) || typeof isBlamed !== 'boolean' || (scope !== null && !isName(scope)))
    return undefined;
  if (level !== 'trusted' && level !== 'normal' && level !== 'suspicious') return undefined;
  if (score === undefined || bans === undefined || bannedUntilMs === undefined) return undefined;
  if (scoreAtMs === undefined || proofAtMs === undefined) return undefined;
  const evidence = evidenceOf(entry['evidence'], nowMs);
  const times = { scoreAtMs, bannedUntilMs, proofAtMs };
  const rest = { level, isBlamed, scope: scope ?? undefined, evidence } as const;
  return { peerId, state: { score, bans: Math.floor(bans), ...times, ...rest } };
}

/** The scope that was saved, or undefined when it is damaged. */
export function decodeScope(entry: unknown, nowMs: number): DecodedScope | undefined {
  if (!isRecord(entry) || !isName(entry['scope'])) return undefined;
  const blame = numberIn(entry['blame'], 0, SCOPE_BLAME_MAX);
  const atMs = timeUpTo(entry['atMs'], nowMs);
  return blame === undefined || atMs === undefined ? undefined : { scope: entry['scope'], blame, atMs };
}

function evidenceOf(saved: unknown, nowMs: number): readonly Evidence[] {
  const evidence: Evidence[] = [];
  for (const entry of listOf(saved).slice(-EVIDENCE_MAX)) {
    if (!isRecord(entry)) continue;
    const { code, source } = entry;
    const weight = numberIn(entry['weight'], 0, MALICE_WEIGHT_MIN);
    const atMs = timeUpTo(entry['atMs'], nowMs);
    if (!isName(code) || (source !== 'own' && source !== 'peer')) continue;
    if (weight !== undefined && atMs !== undefined) evidence.push({ code, weight, atMs, source });
  }
  return evidence;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function numberIn(value: unknown, min: number, max: number): number | undefined {
  return typeof value === 'number' && value >= min && value <= max ? value : undefined;
}

function timeUpTo(value: unknown, latestMs: number): number | undefined {
  const timeMs = numberIn(value, 0, Number.MAX_SAFE_INTEGER);
  return timeMs === undefined ? undefined : Math.min(timeMs, latestMs);
}
