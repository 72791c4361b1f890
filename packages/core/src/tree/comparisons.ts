import type { NodeId } from '@yakmesh/crypto';
import type { Random } from '../transport/index.js';
import { framesOf, type Entry, type TreeMessage } from './messages.js';
import { COMPARE_MS, COMPARED_AGE_MS_MIN, SUMMARY_FRAMES_MAX, SUMMARY_MS } from './tree-limits.js';

export interface ComparisonsOptions {
  readonly random: Random;
  /** All that is kept here. */
  readonly holdings: () => readonly Entry[];
  /** Over what is kept here and was signed some time before `untilMs`. */
  readonly digest: (untilMs: number) => Uint8Array;
  readonly wallMs: () => number;
}

/** What is to be sent to one neighbour, and whether all that is kept fitted into it. */
export interface Summary {
  readonly messages: readonly TreeMessage[];
  readonly isCut: boolean;
}

/** Compares what is kept here with what the neighbours keep: by a digest with one of them at a time, by a summary where it differs. */
export class Comparisons {
  readonly #options: ComparisonsOptions;
  /** When each neighbour got its last summary. */
  readonly #summaryMs = new Map<NodeId, number>();
  #dueMs: number | undefined;

  constructor(options: ComparisonsOptions) {
    this.#options = options;
  }

  get deadlineMs(): number | undefined {
    return this.#dueMs;
  }

  /** All that is kept, and the question for theirs. */
  connected(peer: NodeId, nowMs: number): Summary {
    this.#dueMs ??= this.#nextMs(nowMs);
    return asking(this.#summary(peer, nowMs));
  }

  forget(peer: NodeId): void {
    this.#summaryMs.delete(peer);
    if (this.#summaryMs.size === 0) this.#dueMs = undefined;
  }

  /** Undefined for a neighbour that asks too often. */
  asked(from: NodeId, nowMs: number): Summary | undefined {
    const lastMs = this.#summaryMs.get(from);
    return lastMs === undefined || nowMs - lastMs < SUMMARY_MS ? undefined : this.#summary(from, nowMs);
  }

  /** Undefined where nothing differs. */
  compared(from: NodeId, untilMs: number, theirs: Uint8Array, nowMs: number): Summary | undefined {
    const own = this.#options.digest(untilMs);
    if (own.every((byte, at) => byte === theirs[at])) return undefined;
    const summary = this.asked(from, nowMs);
    return summary && asking(summary);
  }

  /** The next comparison, when it is due. */
  tick(nowMs: number): { readonly to: NodeId; readonly message: TreeMessage } | undefined {
    if (this.#dueMs === undefined || this.#dueMs > nowMs) return undefined;
    this.#dueMs = this.#nextMs(nowMs);
    const { random, digest, wallMs } = this.#options;
    const peers = [...this.#summaryMs.keys()];
    const to = peers[random.below(peers.length)];
    if (to === undefined) return undefined;
    const untilMs = Math.max(0, wallMs() - COMPARED_AGE_MS_MIN);
    return { to, message: { type: 'digest', untilMs, digest: digest(untilMs) } };
  }

  #summary(to: NodeId, nowMs: number): Summary {
    this.#summaryMs.set(to, nowMs);
    const frames = framesOf(this.#options.holdings());
    const told = frames.slice(0, SUMMARY_FRAMES_MAX);
    return {
      messages: told.map((entries) => ({ type: 'offer', entries })),
      isCut: told.length < frames.length,
    };
  }

  #nextMs(nowMs: number): number {
    return nowMs + COMPARE_MS * (0.8 + 0.4 * this.#options.random.unit());
  }
}

function asking({ messages, isCut }: Summary): Summary {
  return { messages: [...messages, { type: 'ask' }], isCut };
}
