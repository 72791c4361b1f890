import { bytesKey, type NodeId } from '@yakmesh/crypto';
import {
  BLAME_MS,
  DISTANCE_MS_MAX,
  HOP_MS,
  LINK_MS_DEFAULT,
  NEARER_MS_MIN,
  NEARER_SHARE,
  OWED_MAX,
  ROOT_LIFE_MS,
  ROOT_MS,
  TOLD_MS,
  TORN_MS,
} from './tree-limits.js';

const SEQUENCE_MAX = 2 ** 48 - 1;

/** What a neighbour says of its way to the root. */
export interface RootReport {
  readonly root: Uint8Array;
  /** The root's own, which grows. */
  readonly sequence: number;
  /** Since the root said it. */
  readonly ageMs: number;
  /** `DISTANCE_MS_MAX` for who has lost its way. */
  readonly distanceMs: number;
  /** Whether its way goes through who hears this. */
  readonly isParent: boolean;
}

/** What a neighbour has said, as it counts here. */
interface Word {
  readonly key: string;
  readonly root: Uint8Array;
  readonly sequence: number;
  readonly bornMs: number;
  readonly distanceMs: number;
  readonly isParent: boolean;
  readonly linkMs: number;
  /** Added to its link for messages that it brought late or not at all; halved at each word. */
  blameMs: number;
}

export interface TrunkOptions {
  readonly self: Uint8Array;
  readonly wallMs: () => number;
}

/**
 * The shortest ways to one root, the node with the lowest id: links that the eager tree keeps, whoever speaks. A way is
 * taken from a neighbour only if its word of the root is newer, or its distance below all that we have told of the same
 * word: so ways go in no circle. Who hears of no root is one.
 */
export class Trunk {
  readonly #options: TrunkOptions;
  readonly #selfKey: string;
  readonly #words = new Map<NodeId, Word>();
  #root: Uint8Array;
  #key: string;
  #sequence = 0;
  #bornMs = -Infinity;
  #parent: NodeId | undefined;
  #distanceMs = 0;
  /** The least distance that was told of this sequence. */
  #leastMs = 0;
  /** When another root was taken. */
  #changedMs = -Infinity;
  #toldMs = -Infinity;
  #isNews = false;
  /** Messages that were asked for elsewhere, and that the trunk has not brought since. */
  #owed = 0;

  constructor(options: TrunkOptions) {
    this.#options = options;
    this.#root = options.self;
    this.#selfKey = bytesKey(options.self);
    this.#key = this.#selfKey;
  }

  /** The neighbour on our way to the root. */
  get parent(): NodeId | undefined {
    return this.#parent;
  }

  get #isRoot(): boolean {
    return this.#key === this.#selfKey;
  }

  get deadlineMs(): number {
    const soonestMs = this.#bornMs + (this.#isRoot ? ROOT_MS : ROOT_LIFE_MS);
    return this.#isNews ? Math.min(soonestMs, this.#toldMs + TOLD_MS) : soonestMs;
  }

  /** Whether the link to a neighbour is on its way to the root, or on ours. */
  has(peer: NodeId): boolean {
    return this.#parent === peer || this.#words.get(peer)?.isParent === true;
  }

  /** Whether what comes from a neighbour has come from the rest of the mesh: it is our parent, or we are the root. */
  isAbove(peer: NodeId): boolean {
    return this.#isRoot ? this.has(peer) : this.#parent === peer;
  }

  /** Whether both ends of a link have ways to the same root, and have had this root for a while. */
  isSettled(peer: NodeId, nowMs: number): boolean {
    const word = this.#words.get(peer);
    if (word?.key !== this.#key || nowMs - this.#changedMs < TORN_MS) return false;
    return word.distanceMs < DISTANCE_MS_MAX && this.#distanceMs < DISTANCE_MS_MAX;
  }

  /** How long a message takes from a neighbour to us along the trunk, at most; 0 where that is not known. */
  detourMs(peer: NodeId, nowMs: number): number {
    const word = this.#words.get(peer);
    return word !== undefined && this.isSettled(peer, nowMs) ? word.distanceMs + this.#distanceMs : 0;
  }

  report(to: NodeId, nowMs: number): RootReport {
    return {
      root: this.#root,
      sequence: this.#sequence,
      ageMs: Math.min(ROOT_LIFE_MS, Math.max(0, Math.round(nowMs - this.#bornMs))),
      distanceMs: this.#distanceMs,
      isParent: this.#parent === to,
    };
  }

  heard(from: NodeId, report: RootReport, rttMs: number | undefined, nowMs: number): void {
    const { root, sequence, ageMs, distanceMs, isParent } = report;
    this.#words.set(from, {
      key: bytesKey(root),
      root,
      sequence,
      bornMs: nowMs - ageMs,
      distanceMs,
      isParent,
      linkMs: HOP_MS + (rttMs === undefined ? LINK_MS_DEFAULT : rttMs / 2),
      blameMs: (this.#words.get(from)?.blameMs ?? 0) / 2,
    });
    // What an earlier start of ours said is still about: we go on from there.
    const isOlder = this.#isRoot && bytesKey(root) === this.#selfKey && sequence > this.#sequence;
    if (isOlder) this.#speak(Math.min(SEQUENCE_MAX, sequence + 1), nowMs);
    else this.#choose(nowMs);
  }

  forget(peer: NodeId, nowMs: number): void {
    this.#words.delete(peer);
    this.#choose(nowMs);
  }

  /** What another neighbour had is asked for there. False once the trunk has failed to bring too many of them: our parent's way counts as longer, then. */
  owes(nowMs: number): boolean {
    this.#owed += 1;
    if (this.#owed <= OWED_MAX) return true;
    if (this.#parent !== undefined) this.blame(this.#parent, nowMs);
    return false;
  }

  /** A neighbour's way counts as longer, if it is ours. */
  blame(peer: NodeId, nowMs: number): void {
    const word = this.#words.get(peer);
    if (word === undefined || this.#parent !== peer) return;
    word.blameMs += BLAME_MS;
    this.#choose(nowMs);
  }

  /** A neighbour brought late what was asked for elsewhere. */
  repaid(peer: NodeId): void {
    if (this.has(peer)) this.#owed = Math.max(0, this.#owed - 1);
  }

  /** True when the neighbours are to be told. */
  tick(nowMs: number): boolean {
    this.#choose(nowMs);
    if (this.#isRoot && nowMs >= this.#bornMs + ROOT_MS)
      this.#speak(Math.max(this.#sequence + 1, Math.floor(this.#options.wallMs())), nowMs);
    if (!this.#isNews || nowMs < this.#toldMs + TOLD_MS) return false;
    this.#isNews = false;
    this.#toldMs = nowMs;
    return true;
  }

  #speak(sequence: number, nowMs: number): void {
    this.#sequence = Math.min(SEQUENCE_MAX, sequence);
    this.#bornMs = nowMs;
    this.#isNews = true;
  }

  #choose(nowMs: number): void {
    const isOver = !this.#isRoot && nowMs >= this.#bornMs + ROOT_LIFE_MS;
    const before = isOver ? this.#selfKey : this.#key;
    let key = before;
    for (const word of this.#words.values())
      if (word.key < key && this.#isUsable(word, nowMs)) key = word.key;
    if (isOver || key !== this.#key) this.#take(key, nowMs);
    if (this.#isRoot) return;
    this.#follow(nowMs);
  }

  /** Another root: our own id, or a neighbour's better one. */
  #take(key: string, nowMs: number): void {
    this.#key = key;
    this.#parent = undefined;
    this.#changedMs = nowMs;
    this.#isNews = true;
    this.#sequence = 0;
    if (!this.#isRoot) return;
    this.#root = this.#options.self;
    this.#distanceMs = 0;
    this.#speak(Math.floor(this.#options.wallMs()), nowMs);
  }

  #follow(nowMs: number): void {
    const parent = this.#parent;
    const current = parent === undefined ? undefined : this.#words.get(parent);
    const isKept = current?.key === this.#key && this.#isUsable(current, nowMs);
    let best: NodeId | undefined;
    let bestMs = isKept ? nearer(wayMs(current)) : Infinity;
    for (const [peer, word] of this.#words) {
      if (peer === parent || word.key !== this.#key || wayMs(word) >= bestMs) continue;
      if (!this.#isUsable(word, nowMs) || !this.#isFeasible(word)) continue;
      best = peer;
      bestMs = wayMs(word);
    }
    const word = best === undefined ? undefined : this.#words.get(best);
    if (word !== undefined) this.#go(best, word);
    else if (isKept) this.#go(parent, current);
    else this.#lose();
  }

  #go(parent: NodeId | undefined, word: Word): void {
    if (word.sequence !== this.#sequence || parent !== this.#parent) this.#isNews = true;
    const distanceMs = Math.min(DISTANCE_MS_MAX - 1, Math.round(wayMs(word)));
    this.#leastMs = word.sequence === this.#sequence ? Math.min(this.#leastMs, distanceMs) : distanceMs;
    if (this.#parent !== parent) this.#owed = 0;
    this.#parent = parent;
    this.#root = word.root;
    this.#sequence = word.sequence;
    this.#bornMs = word.bornMs;
    this.#distanceMs = distanceMs;
  }

  #lose(): void {
    if (this.#distanceMs !== DISTANCE_MS_MAX) this.#isNews = true;
    this.#parent = undefined;
    this.#distanceMs = DISTANCE_MS_MAX;
  }

  #isUsable({ key, bornMs, distanceMs, isParent }: Word, nowMs: number): boolean {
    if (key === this.#selfKey || isParent) return false;
    return distanceMs < DISTANCE_MS_MAX && nowMs < bornMs + ROOT_LIFE_MS;
  }

  #isFeasible({ sequence, distanceMs }: Word): boolean {
    return sequence > this.#sequence || (sequence === this.#sequence && distanceMs < this.#leastMs);
  }
}

function wayMs({ distanceMs, linkMs, blameMs }: Word): number {
  return distanceMs + linkMs + blameMs;
}

/** Below what another way must be: trees that change all the time are none. */
function nearer(ms: number): number {
  return ms - Math.max(NEARER_MS_MIN, NEARER_SHARE * ms);
}
