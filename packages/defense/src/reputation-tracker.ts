import type { Store } from '@yakmesh/core/transport';
import type { Evidence } from './evidence.js';
import { Hearsay } from './hearsay.js';
import { isName, keptText } from './kept-text.js';
import { NodeRoster } from './node-roster.js';
import { BAN_MS_MAX, newcomerState, NodeStanding, type StandingTimes } from './node-standing.js';
import { badArgument, refuseUnknownOptions, wholeOption } from './option-checks.js';
import {
  decodeNode,
  decodeScope,
  encodeNode,
  entriesOf,
  REPUTATION_VERSION,
  type ReputationJson,
  type ReputationRestored,
} from './reputation-json.js';
import { loadReputation, saveReputation } from './reputation-store.js';
import { ScopeHistories } from './scope-histories.js';
import type { TrustLevel } from './trust-ladder.js';
import { takeVerified } from './verified-solutions.js';
import { wallTime } from './wall-time.js';

/** Nodes remembered unless told otherwise: as many as the replay defence. About 0.6 KB each, 2.3 KB with sixteen reports. */
export const REPUTATION_NODES_MAX = 16_384;
/** Time in which half of a score is forgotten unless told otherwise: a day, so that a bad one is outlived in a few. */
export const REPUTATION_HALF_LIFE_MS = 86_400_000;
/** How long the first ban lasts unless told otherwise: six hours. Each further one lasts twice as long, up to a week. */
export const REPUTATION_FIRST_BAN_MS = 21_600_000;
/** The weight of a report that gives none: ten of them in a short time ban. */
export const REPORT_WEIGHT_DEFAULT = 10;
/** The most that one report takes; a higher weight counts as this. */
export const REPORT_WEIGHT_MAX = 100;

const NODES_MIN = 4;
const NODES_LIMIT = 1_048_576;
const HALF_LIFE_MS_MIN = 60_000;
const HALF_LIFE_MS_MAX = 31_536_000_000;
const BAN_MS_MIN = 1_000;
/** Codes are kept as evidence, so they are short and plain. */
const CODE_PATTERN = /^[\x20-\x7e]{1,64}$/;
const KNOWN_OPTIONS: ReadonlySet<string> = new Set<keyof ReputationTrackerOptions>([
  'banDuration',
  'halfLife',
  'maxNodes',
]);
const KNOWN_ORIGIN: ReadonlySet<string> = new Set<keyof NodeOrigin>(['address']);
const KNOWN_REPORT: ReadonlySet<string> = new Set<keyof ReportContext>(['address', 'reporter']);

/** Options of {@link ReputationTracker}. */
export interface ReputationTrackerOptions {
  /** Nodes remembered; half of them ordinary, a quarter with a history, a quarter that were banned. @default 16_384 */
  readonly maxNodes?: number | undefined;
  /** Milliseconds in which half of a score is forgotten. @default 86_400_000 */
  readonly halfLife?: number | undefined;
  /** Milliseconds that a first ban lasts; each further one lasts twice as long, up to a week. @default 21_600_000 */
  readonly banDuration?: number | undefined;
}

/** Where a node comes from. */
export interface NodeOrigin {
  /** Its address; counted by IPv4 address or IPv6 /64. */
  readonly address?: string | undefined;
}

/** What else is known of a report. */
export interface ReportContext extends NodeOrigin {
  /** The peer that told of it; absent for what this node saw itself. */
  readonly reporter?: string | undefined;
}

/**
 * Remembers how nodes behaved. A score from -100 to 100 begins at 0 and decays back to it by half a day after day. It makes a node
 * trusted from 50 until it falls below 30, and suspicious from -20 until it rises above -10; a node whose score reaches -100, or that is
 * reported with proof of malice, is banned: for six hours, twice as long each further time, at most a week, and suspicious afterwards.
 *
 * Name only nodes that have proven who they are: else anybody can be blamed for anything. Every method takes the time since 1970
 * in milliseconds last, by default the system's.
 */
export class ReputationTracker {
  readonly #times: StandingTimes;
  readonly #nodes: NodeRoster;
  readonly #scopes: ScopeHistories;
  readonly #hearsay = new Hearsay();
  readonly #maxNodes: number;

  /** @throws DefenseArgumentError DEFENSE_BAD_OPTION. */
  constructor(options: ReputationTrackerOptions = {}) {
    refuseUnknownOptions(options, KNOWN_OPTIONS);
    const { maxNodes = REPUTATION_NODES_MAX, halfLife = REPUTATION_HALF_LIFE_MS } = options;
    this.#maxNodes = wholeOption('maxNodes', maxNodes, NODES_MIN, NODES_LIMIT);
    const halfLifeMs = wholeOption('halfLife', halfLife, HALF_LIFE_MS_MIN, HALF_LIFE_MS_MAX);
    const { banDuration = REPUTATION_FIRST_BAN_MS } = options;
    this.#times = { halfLifeMs, firstBanMs: wholeOption('banDuration', banDuration, BAN_MS_MIN, BAN_MS_MAX) };
    this.#nodes = new NodeRoster(this.#maxNodes);
    this.#scopes = new ScopeHistories(halfLifeMs);
  }

  /** Nodes remembered. */
  get size(): number {
    return this.#nodes.size;
  }

  /**
   * Makes a node known. A newcomer from an address scope of ill repute starts with a score down to -40. A solution counts, once,
   * if this process has verified it for this peer: up to 20 points, and once a day. True when it was credited.
   * @throws DefenseArgumentError DEFENSE_BAD_ARGUMENT for a name that is none.
   */
  registerNode(peerId: string, solution?: Uint8Array, origin: NodeOrigin = {}, nowMs?: number): boolean {
    refuseUnknownOptions(origin, KNOWN_ORIGIN);
    const atMs = wallTime(nowMs);
    const standing = this.#standingOf(peerId, ScopeHistories.scopeOf(origin.address), atMs);
    const isVerified = solution !== undefined && takeVerified(peerId, solution, atMs);
    const isCredited = isVerified && standing.prove(atMs);
    this.#place(peerId, standing, atMs);
    return isCredited;
  }

  /** One point, ten an hour at most. @throws DefenseArgumentError DEFENSE_BAD_ARGUMENT for a name that is none. */
  reportGoodBehavior(peerId: string, nowMs?: number): void {
    const atMs = wallTime(nowMs);
    const standing = this.#standingOf(peerId, undefined, atMs);
    standing.praise(atMs);
    this.#place(peerId, standing, atMs);
  }

  /**
   * Takes `weight` points: 1 is a suspicion, 100 proof of malice, which bans at once. No other first report bans. A report that a peer
   * made, its `reporter`, counts for 5 a day and never bans; one of a reporter that is itself suspicious or banned does not count.
   * @throws DefenseArgumentError DEFENSE_BAD_ARGUMENT for a name, code or weight that is none.
   */
  reportBadBehavior(
    peerId: string,
    code = 'UNSPECIFIED',
    weight = REPORT_WEIGHT_DEFAULT,
    context: ReportContext = {},
    nowMs?: number,
  ): void {
    refuseUnknownOptions(context, KNOWN_REPORT);
    if (typeof code !== 'string' || !CODE_PATTERN.test(code))
      badArgument('A code is 1 to 64 characters of printable ASCII.');
    if (!(weight > 0))
      badArgument(`A weight is more than 0 and up to ${REPORT_WEIGHT_MAX}, not ${String(weight)}.`);
    const atMs = wallTime(nowMs);
    const { reporter, address } = context;
    const capped = Math.min(weight, REPORT_WEIGHT_MAX);
    const counted = reporter === undefined ? capped : this.#weigh(reporter, peerId, capped, atMs);
    if (counted === 0) return;
    const scope = ScopeHistories.scopeOf(address);
    const standing = this.#standingOf(peerId, scope, atMs);
    const source = reporter === undefined ? 'own' : 'peer';
    standing.blame({ code: keptText(code), weight: counted, atMs, source }, atMs);
    if (source === 'own') this.#scopes.blame(scope ?? standing.scope, counted, atMs);
    this.#place(peerId, standing, atMs);
  }

  /** The level of a node; `normal` for one that is not known. */
  getTrustLevel(peerId: string, nowMs?: number): TrustLevel {
    return this.#nodes.find(peerId)?.levelAt(wallTime(nowMs)) ?? 'normal';
  }

  /** -100, which every ban is, to 100; 0 for a node that is not known. */
  score(peerId: string, nowMs?: number): number {
    return this.#nodes.find(peerId)?.scoreAt(wallTime(nowMs)) ?? 0;
  }

  /** Milliseconds until the ban ends; 0 for a node that is not banned. */
  banRemainingMs(peerId: string, nowMs?: number): number {
    return this.#nodes.find(peerId)?.banRemainingMs(wallTime(nowMs)) ?? 0;
  }

  /** The last 16 reports about a node, oldest first. */
  evidence(peerId: string): readonly Evidence[] {
    return this.#nodes.find(peerId)?.state.evidence ?? [];
  }

  /** Forgets a node, bans and all: for an operator who knows better. True if it was known. */
  forget(peerId: string): boolean {
    return this.#nodes.delete(peerId);
  }

  /** All that is remembered, but for the points of the current hour. */
  toJSON(): ReputationJson {
    const nodes = this.#nodes.entries().map(([peerId, standing]) => encodeNode(peerId, standing.state));
    const scopes = this.#scopes.entries().map(([scope, { blame, atMs }]) => ({ scope, blame, atMs }));
    return { version: REPUTATION_VERSION, nodes, scopes };
  }

  /** Takes over what `toJSON` gave, or anything else: entries that cannot be used are skipped and counted. What is known already stays. */
  restore(saved: unknown, nowMs?: number): ReputationRestored {
    const atMs = wallTime(nowMs);
    let [restored, skipped] = [0, 0];
    const { nodes, scopes, skippedCount } = entriesOf(saved, this.#maxNodes);
    for (const entry of scopes) {
      const decoded = decodeScope(entry, atMs);
      if (decoded === undefined) skipped += 1;
      else this.#scopes.restore(decoded.scope, decoded);
    }
    for (const entry of nodes) {
      const decoded = decodeNode(entry, atMs);
      if (decoded === undefined || this.#nodes.find(decoded.peerId) !== undefined) {
        skipped += 1;
        continue;
      }
      this.#nodes.place(decoded.peerId, new NodeStanding(decoded.state, this.#times), atMs);
      restored += 1;
    }
    return { restored, skipped: skipped + skippedCount };
  }

  /** Writes all that is remembered, all or nothing. Rejects as the store does. */
  async save(store: Store): Promise<void> {
    await saveReputation(store, this.toJSON());
  }

  /** Reads what `save` wrote; parts that are damaged are skipped and counted. Rejects as the store does. */
  async load(store: Store, nowMs?: number): Promise<ReputationRestored> {
    let [restored, skipped] = [0, 0];
    for await (const part of loadReputation(store)) {
      const result = this.restore(part, nowMs);
      restored += result.restored;
      skipped += result.skipped;
    }
    return { restored, skipped };
  }

  #weigh(reporter: string, peerId: string, weight: number, nowMs: number): number {
    if (!isName(reporter)) return badArgument('A reporter is named by a string of 1 to 256 characters.');
    const level = this.getTrustLevel(reporter, nowMs);
    if (reporter === peerId || level === 'suspicious' || level === 'banned') return 0;
    return this.#hearsay.weigh(reporter, peerId, weight, nowMs);
  }

  #standingOf(peerId: string, scope: string | undefined, nowMs: number): NodeStanding {
    if (!isName(peerId)) return badArgument('A peer is named by a string of 1 to 256 characters.');
    const known = this.#nodes.find(peerId);
    known?.settleIn(scope);
    return (
      known ??
      new NodeStanding(newcomerState(this.#scopes.startScore(scope, nowMs), scope, nowMs), this.#times)
    );
  }

  #place(peerId: string, standing: NodeStanding, nowMs: number): void {
    const isKnown = this.#nodes.find(peerId) !== undefined;
    this.#nodes.place(isKnown ? peerId : keptText(peerId), standing, nowMs);
  }
}
