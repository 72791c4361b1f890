import type { NodeId } from '@yakmesh/crypto';
import { EXTRA_MS, LEAD_MS, LEADS, OPTIMISE_MS } from './tree-limits.js';
import type { Trunk } from './trunk.js';

/** A neighbour that speaks tree/1. */
export interface Member {
  /** True while it gets broadcasts at once; a lazy one gets announcements. */
  isEager: boolean;
  prunedMs: number;
  /** When either end last pruned the other without being sure that the tree holds without their link. */
  changedMs: number;
  /** From when on it may be pruned for being no part of the trunk. */
  extraMs: number;
  /** Messages in a row that it announced well before they came. */
  leads: number;
}

/** The neighbours that speak tree/1, and which of them are in the tree. */
export class Members {
  readonly #members = new Map<NodeId, Member>();
  readonly #trunk: Trunk;
  #overtakenMs = -Infinity;

  constructor(trunk: Trunk) {
    this.#trunk = trunk;
  }

  get size(): number {
    return this.#members.size;
  }

  get ids(): readonly NodeId[] {
    return [...this.#members.keys()];
  }

  /** How many are in the tree. */
  get eagerCount(): number {
    let eager = 0;
    for (const { isEager } of this.#members.values()) if (isEager) eager += 1;
    return eager;
  }

  /** Those in the tree that the trunk does not need. */
  get extras(): readonly [NodeId, Member][] {
    return [...this.#members].filter(([peer, { isEager }]) => isEager && !this.#trunk.has(peer));
  }

  get(peer: NodeId): Member | undefined {
    return this.#members.get(peer);
  }

  has(peer: NodeId): boolean {
    return this.#members.has(peer);
  }

  /** A new one is in the tree until it turns out to be one too many. */
  add(peer: NodeId, nowMs: number): void {
    this.#members.set(peer, {
      isEager: true,
      prunedMs: -Infinity,
      changedMs: -Infinity,
      extraMs: nowMs + EXTRA_MS,
      leads: 0,
    });
  }

  remove(peer: NodeId): void {
    this.#members.delete(peer);
  }

  /** It gets broadcasts at once from now on. */
  admit(member: Member, nowMs: number): void {
    if (!member.isEager) member.extraMs = nowMs;
    member.isEager = true;
  }

  /** It gets announcements from now on. */
  dismiss(peer: NodeId, member: Member, nowMs: number): void {
    member.isEager = false;
    if (this.#trunk.has(peer) || !this.#trunk.isSettled(peer, nowMs)) member.changedMs = nowMs;
  }

  /**
   * Whether who announced so long before the sender brought it takes its place in the tree: one that leads again and again, and only one at
   * a time, so that the tree is not turned over faster than it settles.
   */
  overtakes(announcer: Member, sender: Member, leadMs: number, nowMs: number): boolean {
    announcer.leads = leadMs >= LEAD_MS ? announcer.leads + 1 : 0;
    if (announcer.leads < LEADS || !sender.isEager || nowMs - this.#overtakenMs < OPTIMISE_MS) return false;
    announcer.leads = 0;
    announcer.isEager = true;
    this.#overtakenMs = nowMs;
    return true;
  }
}
