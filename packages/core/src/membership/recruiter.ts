import type { NodeId } from '@yakmesh/crypto';
import { BoundedMap, KeyedSlidingWindow, type Random } from '../transport/index.js';
import type { ActiveView } from './active-view.js';
import { FIRST_MS, retryDelayMs } from './backoff.js';
import { outcomeOf } from './dial-outcome.js';
import {
  DENIED_MS,
  FAVOURED,
  FILL_GAP_MS,
  FILL_GAP_MS_MAX,
  FULL_MS,
  HINT_DELAY_MS,
  HINT_DIALS_MAX,
  HINT_DIALS_MS,
  HUNGRY_SHUFFLE_MS,
  LOST_MS,
  MEMBER_DIALS_MAX,
  NEAR_MS,
  PASSIVE_RETRY_MS_MAX,
  PEERS_TURN_MS,
  PROVEN_LIFE_MS,
  RECALL_MS,
  SWAPS,
  UNDIALABLE_MAX,
  UNDIALABLE_MS,
  UNWANTED_MAX,
  type MembershipSizes,
} from './limits.js';
import type { MemberEntry } from './messages.js';
import { PassiveView, type Candidate } from './passive-view.js';

/** How much a dial wants its link: to have one more neighbour, enough of them, any, or to replace one that came in by itself. */
export type DialPurpose = 'fill' | 'need' | 'join' | 'swap';

export interface RecruitAction {
  readonly type: 'dial';
  readonly nodeId: NodeId;
  readonly endpoint: string;
  readonly purpose: DialPurpose;
}

export interface RecruiterOptions {
  readonly random: Random;
  readonly sizes: MembershipSizes;
  readonly active: ActiveView;
  readonly self: NodeId;
  /** What the address of an endpoint belongs to. */
  readonly groupOf: (endpoint: string) => string;
}

/** Finds neighbours: remembers whom it might dial, and decides whom and when. */
export class Recruiter {
  readonly passive: PassiveView;
  readonly #options: RecruiterOptions;
  readonly #dialling = new Set<NodeId>();
  readonly #undialable = new BoundedMap<string, number>(UNDIALABLE_MAX);
  readonly #unwanted = new BoundedMap<NodeId, true>(UNWANTED_MAX);
  readonly #hintDials = new KeyedSlidingWindow(HINT_DIALS_MAX, HINT_DIALS_MS, UNDIALABLE_MAX);
  /** Known peers of earlier times that the passive view had no room for, most recent first. */
  #recalled: MemberEntry[] = [];
  #recallMs = 0;
  #nextFillMs = 0;
  /** Dials in a row that found no room. */
  #refusals = 0;
  #swapsLeft = SWAPS;
  #isSwapDue = false;
  readonly #swaps = new Set<NodeId>();

  constructor(options: RecruiterOptions) {
    this.#options = options;
    this.passive = new PassiveView(options.sizes.passiveMax, options.random);
  }

  get dialCount(): number {
    return this.#dialling.size;
  }

  /** Entries that a neighbour has told us; each is a hint and no more. Answers how many are new. */
  heard(entries: readonly MemberEntry[], teller: NodeId, isNear: boolean, nowMs: number): number {
    const { active, self, random, sizes, groupOf } = this.#options;
    const waitMs = isNear && active.size >= sizes.need ? NEAR_MS : HINT_DELAY_MS;
    let news = 0;
    for (const entry of entries) {
      const { nodeId, endpoint } = entry;
      const isKnown = nodeId === self || active.get(nodeId) !== undefined || this.#unwanted.has(nodeId);
      if (
        isKnown ||
        endpoint === '' ||
        this.passive.get(nodeId) !== undefined ||
        !this.isDialable(entry, nowMs)
      )
        continue;
      this.passive.heard(entry, groupOf(endpoint), teller, isNear, nowMs + random.unit() * waitMs);
      news += 1;
    }
    return news;
  }

  /** Peers of an earlier start, most recent first. */
  restore(peers: readonly MemberEntry[], nowMs: number): void {
    this.#recalled = [...peers];
    this.#recall(nowMs);
    this.alone(nowMs);
  }

  /** The last neighbour is gone. */
  alone(nowMs: number): void {
    this.passive.favour(FAVOURED, nowMs, () => this.#options.random.unit() * FIRST_MS);
    this.#nextFillMs = nowMs;
    this.#swapsLeft = SWAPS;
  }

  /** A new neighbour; true for one that takes the place of another which we had dialled. */
  connected(nodeId: NodeId): boolean {
    this.passive.delete(nodeId);
    this.#refusals = 0;
    return this.#swaps.delete(nodeId);
  }

  /** Distant members have become known: a node that is new in the mesh takes one of them for a neighbour of the first hour. */
  mix(): void {
    this.#isSwapDue = this.#swapsLeft > 0;
  }

  /** The application does not want it any more. */
  forget(nodeId: NodeId): void {
    this.passive.delete(nodeId);
    this.#unwanted.set(nodeId, true);
  }

  /** A neighbour has left. `missed`: it did not mean to; `full`: it had no room for us any more. */
  left(entry: MemberEntry, why: 'missed' | 'full', isInbound: boolean, nowMs: number): void {
    const { random, groupOf } = this.#options;
    const isUnfit = entry.endpoint === '' || this.#unwanted.has(entry.nodeId);
    if (isUnfit || !this.isDialable(entry, nowMs)) return;
    const turnMs = isInbound ? PEERS_TURN_MS : 0;
    const delayMs = why === 'full' ? FULL_MS * (1 + random.unit()) : turnMs + random.unit() * FIRST_MS;
    const candidate = this.passive.proven(entry, groupOf(entry.endpoint), nowMs, nowMs + delayMs);
    if (why === 'missed') candidate.lostMs = nowMs;
  }

  /** How a dial has ended; undefined for a link. */
  dialled(nodeId: NodeId, code: string | undefined, nowMs: number): void {
    const { random, active } = this.#options;
    this.#dialling.delete(nodeId);
    // One that had no room is made up for by another.
    if (this.#swaps.delete(nodeId) && code !== undefined) this.#swapsLeft += 1;
    const candidate = this.passive.get(nodeId);
    if (candidate === undefined || code === undefined || active.get(nodeId) !== undefined) return;
    const outcome = outcomeOf(code);
    if (outcome === 'full') {
      this.#refusals += 1;
      // Its handshake has proven it.
      const { endpoint, group } = candidate;
      this.passive.proven({ nodeId, endpoint }, group, nowMs, nowMs + FULL_MS * (1 + random.unit()));
    } else if (outcome === 'denied') {
      candidate.dueMs = nowMs + DENIED_MS * (1 + random.unit());
    } else if (outcome === 'foreign' || candidate.teller !== undefined) {
      this.#undialable.set(keyOf(candidate), nowMs + UNDIALABLE_MS);
      this.passive.delete(nodeId);
    } else this.#failed(candidate, nowMs);
  }

  /** False while a dial to that endpoint of the node has failed of late. */
  isDialable(entry: MemberEntry, nowMs: number): boolean {
    return (this.#undialable.peek(keyOf(entry)) ?? -Infinity) <= nowMs;
  }

  /** Whom to dial now. */
  fill(nowMs: number): RecruitAction[] {
    const actions: RecruitAction[] = [];
    for (;;) {
      const purpose = this.#purpose(nowMs);
      if (purpose === undefined || nowMs < this.#gapEndMs()) return actions;
      const candidate = this.#pick(nowMs, purpose === 'swap');
      if (candidate === undefined) return actions;
      this.#nextFillMs = nowMs + this.#gapMs();
      if (this.#isSwapDue) this.#swap(candidate, purpose);
      actions.push(this.#dial(candidate, purpose, nowMs));
    }
  }

  /** When `fill` would have something to do. */
  deadlineMs(nowMs: number): number | undefined {
    if (this.#purpose(nowMs) === undefined) return undefined;
    const recallMs = this.#canRecall() ? this.#recallMs : undefined;
    const dueMs = this.passive.dueMs((candidate) => this.#isFit(candidate));
    const firstMs = Math.min(recallMs ?? Infinity, dueMs ?? Infinity);
    if (firstMs === Infinity) return undefined;
    // Whose teller has had its dials waits for a minute to pass: looking now and then is enough.
    return Math.max(firstMs, this.#gapEndMs(), firstMs <= nowMs ? nowMs + RECALL_MS : 0);
  }

  /** True when neighbours are wanted and nobody is there to dial soon that has not failed. */
  isAtALoss(nowMs: number): boolean {
    const { active, sizes } = this.#options;
    const isFresh = (candidate: Candidate): boolean => this.#isFit(candidate) && candidate.failures === 0;
    const soonMs = nowMs + HUNGRY_SHUFFLE_MS;
    return active.size < sizes.target && (this.passive.dueMs(isFresh) ?? Infinity) > soonMs;
  }

  /** A newcomer whose walk ends here is dialled at once while one place stays free for another. */
  welcome(nodeId: NodeId, nowMs: number): RecruitAction[] {
    const { active, sizes } = this.#options;
    const candidate = this.passive.get(nodeId);
    const hasRoom = active.size + this.#dialling.size < sizes.maxPeers - 1;
    if (candidate === undefined || !hasRoom || this.#dialling.size >= MEMBER_DIALS_MAX) return [];
    return this.#mayDial(candidate, nowMs) ? [this.#dial(candidate, 'fill', nowMs)] : [];
  }

  #purpose(nowMs: number): DialPurpose | undefined {
    const { active, sizes } = this.#options;
    const { size } = active;
    if (this.#dialling.size >= MEMBER_DIALS_MAX || sizes.maxPeers === 0) return undefined;
    const expected = size + this.#dialling.size;
    if (expected < sizes.target) return size === 0 ? 'join' : size < sizes.need ? 'need' : 'fill';
    const isSurrounded = active.outbound + this.#dialling.size < sizes.outboundMin;
    if (!isSurrounded) return this.#isSwapDue && this.#dialling.size === 0 ? 'swap' : undefined;
    return size < sizes.maxPeers ? 'fill' : active.spares(sizes.need, nowMs).length > 0 ? 'swap' : undefined;
  }

  #swap({ nodeId }: Candidate, purpose: DialPurpose): void {
    if (purpose !== 'swap') return;
    this.#isSwapDue = false;
    this.#swapsLeft -= 1;
    this.#swaps.add(nodeId);
  }

  #dial({ nodeId, endpoint, teller }: Candidate, purpose: DialPurpose, nowMs: number): RecruitAction {
    if (teller !== undefined) this.#hintDials.take(teller, nowMs);
    this.#dialling.add(nodeId);
    return { type: 'dial', nodeId, endpoint, purpose };
  }

  #pick(nowMs: number, isDistant: boolean): Candidate | undefined {
    const { active } = this.#options;
    const isFit = (candidate: Candidate): boolean =>
      this.#mayDial(candidate, nowMs) && !(isDistant && candidate.isNear);
    const neighboursOf = (group: string): number => active.ofGroup(group);
    const picked = this.passive.pick(nowMs, isFit, neighboursOf);
    // One that has failed waits until another known peer has had its turn.
    if (picked?.failures === 0 || !this.#canRecall() || nowMs < this.#recallMs) return picked;
    this.#recall(nowMs);
    return this.passive.pick(nowMs, isFit, neighboursOf);
  }

  #mayDial(candidate: Candidate, nowMs: number): boolean {
    const { teller } = candidate;
    const isTold = teller !== undefined && this.#hintDials.retryAfterMs(teller, nowMs) > 0;
    return this.#isFit(candidate) && !isTold;
  }

  #isFit({ nodeId }: Candidate): boolean {
    return !this.#dialling.has(nodeId) && this.#options.active.get(nodeId) === undefined;
  }

  #gapEndMs(): number {
    const { active, sizes } = this.#options;
    return active.size < sizes.need ? 0 : this.#nextFillMs;
  }

  /** Where most are full, asking them all again and again would cost each of them a handshake. */
  #gapMs(): number {
    const gapMs = FILL_GAP_MS * 2 ** Math.min(this.#refusals, 16);
    return Math.min(FILL_GAP_MS_MAX, gapMs) * (0.5 + this.#options.random.unit());
  }

  #canRecall(): boolean {
    return this.#options.active.size === 0 && this.#recalled.length > 0;
  }

  /** Known peers take their turn in the passive view, and go to the end of the list. */
  #recall(nowMs: number): void {
    this.#recallMs = nowMs + RECALL_MS;
    const turn = this.#recalled.splice(0, FAVOURED);
    this.#recalled.push(...turn);
    for (const entry of turn) {
      const isPresent = this.passive.get(entry.nodeId) !== undefined || this.#unwanted.has(entry.nodeId);
      if (!isPresent)
        this.passive.proven(entry, this.#options.groupOf(entry.endpoint), -PROVEN_LIFE_MS, nowMs);
    }
  }

  #failed(candidate: Candidate, nowMs: number): void {
    const { random, active } = this.#options;
    candidate.failures += 1;
    const { lostMs, failures, provenMs, nodeId } = candidate;
    const isAlone = active.size === 0;
    const isMissed = lostMs !== undefined && (isAlone || nowMs - lostMs < LOST_MS);
    if (isMissed) candidate.dueMs = nowMs + retryDelayMs(random, failures, nowMs - lostMs);
    else if (!isAlone && nowMs - provenMs > PROVEN_LIFE_MS) this.passive.delete(nodeId);
    else
      candidate.dueMs =
        nowMs + (0.5 + random.unit()) * Math.min(PASSIVE_RETRY_MS_MAX, 500 * 2 ** Math.min(failures, 16));
  }
}

function keyOf({ nodeId, endpoint }: MemberEntry): string {
  return `${nodeId} ${endpoint}`;
}
