import type { NodeId } from '@yakmesh/crypto';
import type { Random } from '../transport/index.js';
import { TELLER_SHARE } from './limits.js';
import type { MemberEntry } from './messages.js';

/** A node that is no neighbour, and where to dial it. */
export interface Candidate {
  readonly nodeId: NodeId;
  readonly endpoint: string;
  /** What its address belongs to: neighbours are wanted from many such groups. */
  readonly group: string;
  /** Who told us of it; undefined for one with which we have shaken hands ourselves. */
  teller: NodeId | undefined;
  /** A neighbour of a neighbour: links to others make a better mesh. */
  readonly isNear: boolean;
  /** When that was last; -Infinity for hearsay. */
  provenMs: number;
  /** Since when it is missed: a neighbour that was lost. */
  lostMs: number | undefined;
  failures: number;
  dueMs: number;
}

/** Nodes to turn to when neighbours are wanted. Hearsay never displaces what is proven, and one teller's never all of it. */
export class PassiveView {
  readonly #entries = new Map<NodeId, Candidate>();
  readonly #random: Random;
  readonly #provenMax: number;
  readonly #hearsayMax: number;

  constructor(capacity: number, random: Random) {
    this.#random = random;
    this.#provenMax = Math.floor(capacity / 2);
    this.#hearsayMax = capacity - this.#provenMax;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(nodeId: NodeId): Candidate | undefined {
    return this.#entries.get(nodeId);
  }

  delete(nodeId: NodeId): void {
    this.#entries.delete(nodeId);
  }

  /** A neighbour has told us of it. Of a node that is known already nothing changes: repetition gains nothing. */
  heard(entry: MemberEntry, group: string, teller: NodeId, isNear: boolean, dueMs: number): void {
    const { nodeId, endpoint } = entry;
    if (this.#entries.has(nodeId)) return;
    const hearsay = this.#all((candidate) => candidate.teller !== undefined);
    const ofTeller = hearsay.filter((candidate) => candidate.teller === teller);
    if (ofTeller.length >= Math.max(1, this.#hearsayMax * TELLER_SHARE)) this.#evictOne(ofTeller);
    else if (hearsay.length >= this.#hearsayMax) this.#evictOne(hearsay);
    this.#entries.set(nodeId, {
      nodeId,
      endpoint,
      group,
      teller,
      isNear,
      provenMs: -Infinity,
      lostMs: undefined,
      failures: 0,
      dueMs,
    });
  }

  /** We have shaken hands with it: the one that did so longest ago leaves when there is no room. */
  proven(entry: MemberEntry, group: string, provenMs: number, dueMs: number): Candidate {
    const { nodeId, endpoint } = entry;
    this.#entries.delete(nodeId);
    const proven = this.#all((candidate) => candidate.teller === undefined);
    if (proven.length >= this.#provenMax) {
      const oldest = proven.reduce((a, b) => (b.provenMs < a.provenMs ? b : a));
      this.#entries.delete(oldest.nodeId);
    }
    const candidate = {
      nodeId,
      endpoint,
      group,
      teller: undefined,
      isNear: false,
      provenMs,
      lostMs: undefined,
      failures: 0,
      dueMs,
    };
    this.#entries.set(nodeId, candidate);
    return candidate;
  }

  /** The ones with which we shook hands last are missed from now on. */
  favour(count: number, nowMs: number, delayMs: () => number): void {
    const proven = this.#all((candidate) => candidate.teller === undefined);
    for (const candidate of proven.sort((a, b) => b.provenMs - a.provenMs).slice(0, count)) {
      candidate.lostMs ??= nowMs;
      candidate.failures = 0;
      candidate.dueMs = Math.min(candidate.dueMs, nowMs + delayMs());
    }
  }

  /** Neighbours enough: nobody is missed any more. */
  settle(): void {
    for (const candidate of this.#entries.values()) candidate.lostMs = undefined;
  }

  /** Whom to dial now: one that has not failed, and of a group that few neighbours are of, and no neighbour's neighbour, where there is one. */
  pick(
    nowMs: number,
    isFit: (candidate: Candidate) => boolean,
    neighboursOf: (group: string) => number,
  ): Candidate | undefined {
    let best: Candidate | undefined;
    let bestRank = Infinity;
    for (const candidate of this.#entries.values()) {
      if (candidate.dueMs > nowMs || !isFit(candidate)) continue;
      const hasFailed = candidate.failures > 0 ? 1 : 0;
      const rank =
        65_536 * hasFailed + neighboursOf(candidate.group) + (candidate.isNear ? 1 : 0) + this.#random.unit();
      if (rank >= bestRank) continue;
      best = candidate;
      bestRank = rank;
    }
    return best;
  }

  /** When the next one is due. */
  dueMs(isFit: (candidate: Candidate) => boolean): number | undefined {
    let dueMs: number | undefined;
    for (const candidate of this.#entries.values()) {
      if (isFit(candidate) && (dueMs === undefined || candidate.dueMs < dueMs)) dueMs = candidate.dueMs;
    }
    return dueMs;
  }

  /** A random few with which we have shaken hands ourselves and that have not failed since: only they are told on. */
  sample(count: number): MemberEntry[] {
    const fit = this.#all(({ teller, failures }) => teller === undefined && failures === 0);
    return takeRandom(fit, count, this.#random).map(({ nodeId, endpoint }) => ({ nodeId, endpoint }));
  }

  #all(isWanted: (candidate: Candidate) => boolean): Candidate[] {
    return [...this.#entries.values()].filter(isWanted);
  }

  #evictOne(candidates: readonly Candidate[]): void {
    const [evicted] = takeRandom(candidates, 1, this.#random);
    if (evicted !== undefined) this.#entries.delete(evicted.nodeId);
  }
}

/** A random few of a list, in random order. */
export function takeRandom<T>(list: readonly T[], count: number, random: Random): T[] {
  const left = [...list];
  const taken: T[] = [];
  while (taken.length < count && left.length > 0) taken.push(...left.splice(random.below(left.length), 1));
  return taken;
}
