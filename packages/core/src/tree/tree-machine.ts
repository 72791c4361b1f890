import type { NodeId } from '@yakmesh/crypto';
import type { Machine } from '../transport/index.js';
import { Announcements, type AnnouncementKind } from './announcements.js';
import { Comparisons } from './comparisons.js';
import { Members, type Member } from './members.js';
import type { Entry, TreeMessage } from './messages.js';
import { Missing } from './missing.js';
import { Patience } from './patience.js';
import { Repairs } from './repairs.js';
import { count, supply, told, type TreeAction, type TreeMachineOptions } from './tree-actions.js';
import { PRUNE_MS, SETTLE_MS, TORN_MS } from './tree-limits.js';
import { Trunk, type RootReport } from './trunk.js';

/**
 * Plumtree: one eager tree for all origins, announcements to the other neighbours, who ask for what the tree has not
 * brought. Of several ways the tree keeps those of the trunk, so that it is as good for one origin as for another. What was
 * missed altogether is found by comparing what is kept, and fetched. States and inputs: PROTOCOL.md.
 */
export class TreeMachine implements Machine<TreeAction> {
  readonly #options: TreeMachineOptions;
  readonly #announcements = new Announcements();
  readonly #missing: Missing;
  readonly #repairs: Repairs;
  readonly #comparisons: Comparisons;
  readonly #trunk: Trunk;
  readonly #members: Members;
  readonly #patience: Patience;

  constructor(options: TreeMachineOptions) {
    this.#options = options;
    this.#patience = new Patience(options.random);
    this.#missing = new Missing(options.lacking);
    this.#repairs = new Repairs(options);
    this.#comparisons = new Comparisons(options);
    this.#trunk = new Trunk(options);
    this.#members = new Members(this.#trunk);
  }

  get deadlineMs(): number | undefined {
    const trunk = this.#members.size === 0 ? undefined : this.#trunk;
    const parts = [this.#announcements, this.#missing, this.#repairs, this.#comparisons, trunk];
    const soonest = Math.min(...parts.map((part) => part?.deadlineMs ?? Infinity));
    return soonest === Infinity ? undefined : soonest;
  }

  /** Undefined for a neighbour that does not speak tree/1: it gets everything at once. */
  isEager(peer: NodeId): boolean | undefined {
    return this.#members.get(peer)?.isEager;
  }

  /**
   * As `isEager`, for what has just come from a neighbour. What a lazy one was asked for, our parent most likely has and has
   * sent: it is told.
   */
  isNext(peer: NodeId, from: NodeId | undefined): boolean | undefined {
    const isPulled = from !== undefined && this.isEager(from) === false;
    return isPulled && this.#trunk.parent === peer ? false : this.isEager(peer);
  }

  /** Whether a message along the tree is as nearly all: nothing to compare it with, its sender where it should be, and no other one too many. */
  isExpected(from: NodeId): boolean {
    if (this.#missing.size > 0 || this.isEager(from) === false) return false;
    return !this.#trunk.isAbove(from) || this.#members.extras.length === 0;
  }

  isAsked(from: NodeId, origin: Uint8Array, epoch: number, sequence: number, nowMs: number): boolean {
    return this.#repairs.isAsked(from, origin, epoch, sequence, nowMs);
  }

  /** Whether a neighbour may be sending what we asked it for. */
  isRepairing(from: NodeId, nowMs: number): boolean {
    return this.#repairs.isUnderWay(from, nowMs);
  }

  // 1.
  connected(peer: NodeId, nowMs: number): TreeAction[] {
    if (this.#members.has(peer)) return [];
    this.#members.add(peer, nowMs);
    // It may not have noticed that an earlier link to us is gone, and so not tell of itself: it is asked.
    const actions = told(peer, this.#comparisons.connected(peer, nowMs));
    return [...actions, ...this.#grow(nowMs), this.#report(peer, nowMs)];
  }

  // 2.
  disconnected(peer: NodeId, nowMs: number): TreeAction[] {
    const member = this.#members.get(peer);
    if (member === undefined) return [];
    this.#members.remove(peer);
    this.#announcements.forget(peer);
    this.#repairs.forget(peer);
    this.#missing.forget(peer, nowMs);
    this.#comparisons.forget(peer);
    this.#trunk.forget(peer, nowMs);
    if (member.isEager) this.#missing.hurry(nowMs);
    return this.#grow(nowMs);
  }

  /** New messages are on their way to the eager neighbours: the lazy ones are told. Offers are for all but their sender, the first of the exceptions. */
  announce(
    kind: AnnouncementKind,
    entries: readonly Entry[],
    except: readonly NodeId[],
    nowMs: number,
  ): TreeAction[] {
    const [from] = except;
    for (const peer of this.#members.ids) {
      const isTold = kind === 'offer' || this.isNext(peer, from) === false;
      if (isTold && !except.includes(peer)) this.#announcements.add(peer, kind, entries, nowMs);
    }
    return [];
  }

  /** A neighbour's queue had no room for these: it is told of them, and asks when it has. */
  refused(peer: NodeId, entries: readonly Entry[], nowMs: number): TreeAction[] {
    if (this.#members.has(peer)) this.#announcements.add(peer, 'have', entries, nowMs);
    return [];
  }

  // 3.
  /** New messages came along the tree. */
  arrived(from: NodeId, entries: readonly Entry[], nowMs: number): TreeAction[] {
    const sender = this.#members.get(from);
    if (sender === undefined) return [];
    // It takes us for its neighbour in the tree; unless that is a copy which was under way when it was pruned.
    if (!sender.isEager && nowMs - sender.prunedMs >= PRUNE_MS) this.#members.admit(sender, nowMs);
    return [...this.#optimised(from, sender, entries, nowMs), ...this.#tidied(from, nowMs)];
  }

  // 4.
  /** A neighbour sent along the tree what was here before. */
  duplicate(from: NodeId, nowMs: number): TreeAction[] {
    const member = this.#members.get(from);
    this.#trunk.repaid(from);
    if (member === undefined || nowMs - member.prunedMs < PRUNE_MS) return [];
    // What brought it sooner is one too many.
    if (this.#trunk.has(from)) return this.#tidied(from, nowMs);
    // The last way by which messages come is never given up.
    if (member.isEager && this.#members.eagerCount === 1) return [];
    return this.#prune(from, member, nowMs);
  }

  /** We have something to say and no neighbour to say it to at once: the nearest one it is. */
  revive(nearest: NodeId): TreeAction[] {
    const member = this.#members.get(nearest);
    if (member === undefined || member.isEager) return [];
    member.isEager = true;
    return [this.#graft(nearest, [])];
  }

  receive(from: NodeId, message: TreeMessage, rttMs: number | undefined, nowMs: number): TreeAction[] {
    const member = this.#members.get(from);
    if (member === undefined) return [];
    switch (message.type) {
      // 5.
      case 'have':
        return this.#announced(from, member, message.entries, rttMs ?? 0, nowMs);
      // 6.
      case 'graft':
        this.#members.admit(member, nowMs);
        return supply(from, message);
      // 7.
      case 'prune':
        this.#members.dismiss(from, member, nowMs);
        return [];
      // 8.
      case 'offer':
        return this.#offered(from, message.entries, nowMs);
      // 9.
      case 'want':
        return supply(from, message);
      // 10.
      case 'done':
        this.#repairs.served(from, nowMs);
        return this.#wants(nowMs);
      // 11.
      case 'digest':
        return told(from, this.#comparisons.compared(from, message.untilMs, message.digest, nowMs));
      // 12.
      case 'ask':
        return told(from, this.#comparisons.asked(from, nowMs));
      // 13.
      case 'root':
        this.#trunk.heard(from, message, rttMs, nowMs);
        return this.#grow(nowMs);
      default:
        return message satisfies never;
    }
  }

  tick(nowMs: number): TreeAction[] {
    const actions: TreeAction[] = this.#announcements
      .take(nowMs)
      .map(({ to, message }) => ({ type: 'send', to, message }));
    // 14.
    for (const { to, entries } of this.#missing.tick(nowMs))
      actions.push(...this.#fetched(to, entries, nowMs));
    actions.push(...this.#wants(nowMs));
    // 15.
    const comparison = this.#comparisons.tick(nowMs);
    if (comparison !== undefined) actions.push({ type: 'send', ...comparison });
    return [...actions, ...this.#grow(nowMs)];
  }

  #announced(
    from: NodeId,
    member: Member,
    entries: readonly Entry[],
    rttMs: number,
    nowMs: number,
  ): TreeAction[] {
    // Two messages at once may have cut two links of one circle, which leaves a part without the tree.
    const isTorn = nowMs - member.changedMs < TORN_MS;
    const detourMs = isTorn ? 0 : this.#trunk.detourMs(from, nowMs);
    const waitMs = this.#patience.waitMs(rttMs, detourMs, isTorn);
    let full = 0;
    for (const entry of entries) {
      const missing = this.#missing.announced(from, entry, waitMs, nowMs);
      if (missing === 0) member.leads = 0;
      else if (missing === 'full') full += 1;
    }
    return full === 0 ? [] : [count('tree:missing-full', full)];
  }

  #offered(from: NodeId, entries: readonly Entry[], nowMs: number): TreeAction[] {
    const refused = this.#repairs.offered(from, entries, SETTLE_MS, nowMs);
    return refused === 0 ? [] : [count('tree:offers-full', refused)];
  }

  #wants(nowMs: number): TreeAction[] {
    return this.#repairs.tick(nowMs).map(({ to, entries }) => {
      const sinceMs = this.#options.refusedUntilMs();
      return { type: 'send', to, message: { type: 'want', sinceMs, entries } };
    });
  }

  #graft(to: NodeId, entries: readonly Entry[]): TreeAction {
    const sinceMs = this.#options.refusedUntilMs();
    return { type: 'send', to, message: { type: 'graft', sinceMs, entries } };
  }

  #prune(peer: NodeId, member: Member, nowMs: number): TreeAction[] {
    this.#members.dismiss(peer, member, nowMs);
    member.prunedMs = nowMs;
    return [{ type: 'send', to: peer, message: { type: 'prune' } }];
  }

  /** What the tree has not brought: the announcer takes a place in it, or just sends it while the trunk is trusted to be late only. */
  #fetched(to: NodeId, entries: readonly Entry[], nowMs: number): TreeAction[] {
    const member = this.#members.get(to);
    if (member === undefined) return [];
    const graft = [this.#graft(to, entries), count('tree:grafted')];
    const isTrusted = this.#trunk.isSettled(to, nowMs) && this.#trunk.owes(nowMs);
    const isStaying = !isTrusted || member.isEager || this.#trunk.has(to);
    this.#members.admit(member, nowMs);
    return isStaying ? graft : [...graft, ...this.#prune(to, member, nowMs), count('tree:pulled')];
  }

  /** Who announced well before the sender brought it takes its place, if that is not just the length of the tree. */
  #optimised(from: NodeId, sender: Member, entries: readonly Entry[], nowMs: number): TreeAction[] {
    const [first] = entries;
    const ahead = first === undefined ? undefined : this.#missing.announcerOf(first);
    const announcer = ahead && this.#members.get(ahead.peer);
    if (ahead === undefined || announcer === undefined) return [];
    const detourMs = this.#trunk.detourMs(ahead.peer, nowMs);
    const leadMs = nowMs - ahead.atMs - detourMs;
    if (detourMs > 0) this.#patience.came(leadMs);
    if (ahead.peer === from) return [];
    if (!this.#members.overtakes(announcer, sender, leadMs, nowMs)) return [];
    this.#trunk.blame(from, nowMs);
    return [this.#graft(ahead.peer, []), ...this.#prune(from, sender, nowMs), count('tree:optimised')];
  }

  /** The trunk brings what there is: eager neighbours outside it only bring copies. */
  #tidied(from: NodeId, nowMs: number): TreeAction[] {
    if (!this.#trunk.isAbove(from) || this.isEager(from) !== true) return [];
    return this.#members.extras.flatMap(([peer, member]) =>
      nowMs < member.extraMs ? [] : [...this.#prune(peer, member, nowMs), count('tree:tidied')],
    );
  }

  /** The neighbours hear of our way to the root when it has changed, and its next hop is in the tree. */
  #grow(nowMs: number): TreeAction[] {
    if (!this.#trunk.tick(nowMs)) return [];
    const actions = this.#members.ids.map((peer) => this.#report(peer, nowMs));
    const { parent } = this.#trunk;
    const member = parent === undefined ? undefined : this.#members.get(parent);
    if (parent === undefined || member === undefined || member.isEager) return actions;
    this.#members.admit(member, nowMs);
    return [...actions, this.#graft(parent, [])];
  }

  #report(to: NodeId, nowMs: number): TreeAction {
    const report: RootReport = this.#trunk.report(to, nowMs);
    return { type: 'send', to, message: { type: 'root', ...report } };
  }
}
