import type { NodeId } from '@yakmesh/crypto';
import type { Machine, Random } from '../transport/index.js';
import { Announcements, type AnnouncementKind } from './announcements.js';
import { framesOf, type Entry, type TreeMessage } from './messages.js';
import { Missing, type Lacking } from './missing.js';
import { Repairs } from './repairs.js';
import {
  COMPARE_MS,
  COMPARED_AGE_MS_MIN,
  GRAFT_MS_MIN,
  GRAFT_ROUND_TRIPS,
  LEAD_MS,
  LEADS,
  OPTIMISE_MS,
  PRUNE_MS,
  SETTLE_MS,
  SUMMARY_FRAMES_MAX,
  SUMMARY_MS,
  TORN_GRAFT_MS_MIN,
  TORN_MS,
} from './tree-limits.js';

/** What the machine wants done. */
export type TreeAction =
  | { readonly type: 'send'; readonly to: NodeId; readonly message: TreeMessage }
  /** A neighbour asks for messages that may be kept here: `graft` along the tree, `want` as a repair. */
  | {
      readonly type: 'supply';
      readonly to: NodeId;
      readonly kind: 'graft' | 'want';
      readonly sinceMs: number;
      readonly entries: readonly Entry[];
    }
  | { readonly type: 'count'; readonly name: string; readonly count: number };

export interface TreeMachineOptions {
  readonly random: Random;
  /** What of an entry this node has never seen; nothing of its own messages. */
  readonly lacking: Lacking;
  /** All that is kept here. */
  readonly holdings: () => readonly Entry[];
  /** Over what is kept here and was signed some time before `untilMs`. */
  readonly digest: (untilMs: number) => Uint8Array;
  /** Messages signed by then are refused here, whoever sends them. */
  readonly refusedUntilMs: () => number;
  /** Wall clock. */
  readonly wallMs: () => number;
  /** Messages of one origin that this node takes in a second; 0 for no limit. */
  readonly messagesPerSecond: number;
  readonly retentionMs: number;
}

/** A neighbour that speaks tree/1. */
interface Member {
  /** True while it gets broadcasts at once; a lazy one gets announcements. */
  isEager: boolean;
  prunedMs: number;
  /** When either end last pruned the other. */
  changedMs: number;
  summaryMs: number;
  /** Messages in a row that it announced well before they came. */
  leads: number;
}

/**
 * Plumtree: one eager tree for all origins, announcements to the other neighbours, who ask for what the tree has not
 * brought. What was missed altogether is found by comparing what is kept, and fetched. States and inputs: PROTOCOL.md.
 */
export class TreeMachine implements Machine<TreeAction> {
  readonly #options: TreeMachineOptions;
  readonly #members = new Map<NodeId, Member>();
  readonly #announcements = new Announcements();
  readonly #missing: Missing;
  readonly #repairs: Repairs;
  #compareMs: number | undefined;
  #optimisedMs = -Infinity;

  constructor(options: TreeMachineOptions) {
    this.#options = options;
    this.#missing = new Missing(options.lacking);
    this.#repairs = new Repairs(options);
  }

  get deadlineMs(): number | undefined {
    const { deadlineMs } = this.#announcements;
    const times = [deadlineMs, this.#missing.deadlineMs, this.#repairs.deadlineMs, this.#compareMs];
    const soonest = Math.min(...times.map((time) => time ?? Infinity));
    return soonest === Infinity ? undefined : soonest;
  }

  /** Undefined for a neighbour that does not speak tree/1: it gets everything at once. */
  isEager(peer: NodeId): boolean | undefined {
    return this.#members.get(peer)?.isEager;
  }

  /** True while messages are announced that have not come. */
  get isMissing(): boolean {
    return this.#missing.size > 0;
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
    this.#members.set(peer, {
      isEager: true,
      prunedMs: -Infinity,
      changedMs: -Infinity,
      summaryMs: -Infinity,
      leads: 0,
    });
    this.#compareMs ??= this.#nextCompareMs(nowMs);
    // It may not have noticed that an earlier link to us is gone, and so not tell of itself.
    return [...this.#summary(peer, nowMs), { type: 'send', to: peer, message: { type: 'ask' } }];
  }

  // 2.
  disconnected(peer: NodeId, nowMs: number): TreeAction[] {
    const member = this.#members.get(peer);
    if (member === undefined) return [];
    this.#members.delete(peer);
    this.#announcements.forget(peer);
    this.#repairs.forget(peer);
    this.#missing.forget(peer, nowMs);
    if (member.isEager) this.#missing.hurry(nowMs);
    if (this.#members.size === 0) this.#compareMs = undefined;
    return [];
  }

  /** New messages are on their way to the eager neighbours: the lazy ones are told. Offers are for all but their sender. */
  announce(
    kind: AnnouncementKind,
    entries: readonly Entry[],
    except: readonly NodeId[],
    nowMs: number,
  ): TreeAction[] {
    for (const [peer, member] of this.#members) {
      const isTold = kind === 'offer' || !member.isEager;
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
    if (!sender.isEager && nowMs - sender.prunedMs >= PRUNE_MS) sender.isEager = true;
    const [first] = entries;
    const ahead = first === undefined ? undefined : this.#missing.announcerOf(first);
    const announcer = ahead && this.#members.get(ahead.peer);
    if (ahead === undefined || announcer === undefined || ahead.peer === from) return [];
    announcer.leads = nowMs - ahead.atMs >= LEAD_MS ? announcer.leads + 1 : 0;
    if (announcer.leads < LEADS || !sender.isEager || nowMs - this.#optimisedMs < OPTIMISE_MS) return [];
    announcer.leads = 0;
    this.#optimisedMs = nowMs;
    announcer.isEager = true;
    return [this.#graft(ahead.peer, []), ...this.#prune(from, sender, nowMs), count('tree:optimised')];
  }

  // 4.
  /** A neighbour sent along the tree what was here before. */
  duplicate(from: NodeId, nowMs: number): TreeAction[] {
    const member = this.#members.get(from);
    if (member === undefined || nowMs - member.prunedMs < PRUNE_MS) return [];
    // The last way by which messages come is never given up.
    if (member.isEager && this.#eagerCount === 1) return [];
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
        member.isEager = true;
        return this.#supply(from, message);
      // 7.
      case 'prune':
        member.isEager = false;
        member.changedMs = nowMs;
        return [];
      // 8.
      case 'offer':
        return this.#offered(from, message.entries, nowMs);
      // 9.
      case 'want':
        return this.#supply(from, message);
      // 10.
      case 'done':
        this.#repairs.served(from, nowMs);
        return this.#wants(nowMs);
      // 11.
      case 'digest':
        return this.#compared(from, message.untilMs, message.digest, nowMs);
      // 12.
      case 'ask':
        return nowMs - member.summaryMs < SUMMARY_MS ? [] : this.#summary(from, nowMs);
      default:
        return message satisfies never;
    }
  }

  tick(nowMs: number): TreeAction[] {
    const actions: TreeAction[] = this.#announcements
      .take(nowMs)
      .map(({ to, message }) => ({ type: 'send', to, message }));
    // 13.
    for (const { to, entries } of this.#missing.tick(nowMs)) {
      const member = this.#members.get(to);
      if (member === undefined) continue;
      member.isEager = true;
      actions.push(this.#graft(to, entries), count('tree:grafted'));
    }
    actions.push(...this.#wants(nowMs));
    // 14.
    if (this.#compareMs !== undefined && this.#compareMs <= nowMs) {
      this.#compareMs = this.#nextCompareMs(nowMs);
      actions.push(...this.#compare());
    }
    return actions;
  }

  get #eagerCount(): number {
    let eager = 0;
    for (const { isEager } of this.#members.values()) if (isEager) eager += 1;
    return eager;
  }

  #announced(
    from: NodeId,
    member: Member,
    entries: readonly Entry[],
    rttMs: number,
    nowMs: number,
  ): TreeAction[] {
    const { random } = this.#options;
    // Two messages at once may have cut two links of one circle, which leaves a part without the tree.
    const leastMs = nowMs - member.changedMs < TORN_MS ? TORN_GRAFT_MS_MIN : GRAFT_MS_MIN;
    // Spread, so that of many who wait for the same tree the first to ask can supply the others.
    const waitMs = Math.max(leastMs, GRAFT_ROUND_TRIPS * rttMs) * (1 + random.unit() / 2);
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

  #supply(to: NodeId, { type, sinceMs, entries }: Extract<TreeMessage, { type: 'graft' | 'want' }>) {
    const isEmpty = entries.length === 0 && type === 'graft';
    return isEmpty ? [] : [{ type: 'supply', to, kind: type, sinceMs, entries } as const];
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
    member.isEager = false;
    member.prunedMs = nowMs;
    member.changedMs = nowMs;
    return [{ type: 'send', to: peer, message: { type: 'prune' } }];
  }

  #summary(to: NodeId, nowMs: number): TreeAction[] {
    const member = this.#members.get(to);
    if (member !== undefined) member.summaryMs = nowMs;
    const frames = framesOf(this.#options.holdings());
    const told = frames.slice(0, SUMMARY_FRAMES_MAX);
    const actions: TreeAction[] = told.map((entries) => ({
      type: 'send',
      to,
      message: { type: 'offer', entries },
    }));
    return frames.length === told.length ? actions : [...actions, count('tree:summary-cut')];
  }

  #compare(): TreeAction[] {
    const { random, digest, wallMs } = this.#options;
    const members = [...this.#members.keys()];
    const to = members[random.below(members.length)];
    if (to === undefined) return [];
    const untilMs = Math.max(0, wallMs() - COMPARED_AGE_MS_MIN);
    return [{ type: 'send', to, message: { type: 'digest', untilMs, digest: digest(untilMs) } }];
  }

  #compared(from: NodeId, untilMs: number, theirs: Uint8Array, nowMs: number): TreeAction[] {
    const member = this.#members.get(from);
    const own = this.#options.digest(untilMs);
    if (member === undefined || own.every((byte, at) => byte === theirs[at])) return [];
    if (nowMs - member.summaryMs < SUMMARY_MS) return [];
    return [...this.#summary(from, nowMs), { type: 'send', to: from, message: { type: 'ask' } }];
  }

  #nextCompareMs(nowMs: number): number {
    return nowMs + COMPARE_MS * (0.8 + 0.4 * this.#options.random.unit());
  }
}

function count(name: string, by = 1): TreeAction {
  return { type: 'count', name, count: by };
}
