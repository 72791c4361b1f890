import type { NodeId } from '@yakmesh/crypto';
import type { Machine } from '../transport/index.js';
import { fault, send, type MembershipAction, type MembershipOptions } from './actions.js';
import { ActiveView, type ActiveMember, type Neighbour } from './active-view.js';
import { membershipSizes, type MembershipSizes } from './limits.js';
import { decodeMember, encodeMember, type MemberEntry, type MemberMessage } from './messages.js';
import { Recruiter } from './recruiter.js';
import { Walks } from './walks.js';

/** HyParView: who our neighbours are, whom else we know, and what we tell others of them. */
export class MembershipMachine implements Machine<MembershipAction> {
  readonly active: ActiveView;
  readonly #options: MembershipOptions;
  readonly #sizes: MembershipSizes;
  readonly #recruiter: Recruiter;
  readonly #walks: Walks;
  #nowMs = 0;

  constructor(options: MembershipOptions) {
    const { random, self, maxPeers, groupOf } = options;
    this.#options = options;
    this.#sizes = membershipSizes(maxPeers);
    this.active = new ActiveView(random);
    this.#recruiter = new Recruiter({ random, sizes: this.#sizes, active: this.active, self, groupOf });
    this.#walks = new Walks(options, this.active, this.#recruiter);
  }

  /** Members that are known besides the neighbours. */
  get passiveSize(): number {
    return this.#recruiter.passive.size;
  }

  /** Whether it is in the passive view. */
  knows(nodeId: NodeId): boolean {
    return this.#recruiter.passive.get(nodeId) !== undefined;
  }

  get deadlineMs(): number | undefined {
    const dialMs = this.#recruiter.deadlineMs(this.#nowMs);
    const firstMs = Math.min(dialMs ?? Infinity, this.#walks.deadlineMs);
    return firstMs === Infinity ? undefined : firstMs;
  }

  /** Neighbours that can be given up for a newcomer, the first one first. */
  spares(nowMs: number): readonly NodeId[] {
    return this.active.spares(this.#sizes.need, nowMs).map(({ neighbour }) => neighbour.nodeId);
  }

  /** False while a dial to that endpoint has failed of late, though its node lives. */
  isDialable(entry: MemberEntry, nowMs: number): boolean {
    return this.#recruiter.isDialable(entry, nowMs);
  }

  /** Peers of an earlier start, most recent first. */
  restore(peers: readonly MemberEntry[], nowMs: number): MembershipAction[] {
    this.#recruiter.restore(peers, nowMs);
    return this.#settled(nowMs);
  }

  /** A new neighbour, or new facts of one. */
  connected(neighbour: Neighbour, nowMs: number): MembershipAction[] {
    const { nodeId, endpoint, address, isHeld } = neighbour;
    const known = this.active.get(nodeId);
    if (known !== undefined) {
      known.neighbour = neighbour;
      const isTooMany = !isHeld && this.active.size > this.#sizes.maxPeers;
      return isTooMany ? [{ type: 'drop', nodeId }] : this.#settled(nowMs);
    }
    this.active.add(neighbour, this.#options.groupOf(endpoint ?? address), nowMs);
    const isSwap = this.#recruiter.connected(nodeId);
    if (this.active.size >= this.#sizes.target) this.#recruiter.passive.settle();
    this.#walks.hungry(nowMs, this.#sizes.target);
    const actions = [...this.#walks.introduce(neighbour, nowMs), ...this.#settled(nowMs)];
    return isSwap ? [...actions, ...this.#giveUpFor(nodeId)] : actions;
  }

  /** A link has ended: by code LINK_FULL to make room, by another of `missed` codes without anyone meaning it. */
  disconnected(nodeId: NodeId, why: 'missed' | 'full' | 'unwanted', nowMs: number): MembershipAction[] {
    const member = this.active.delete(nodeId);
    if (member === undefined) return [];
    const { endpoint, isInbound, isKept } = member.neighbour;
    // What the application keeps is dialled again without us, unless the other end needed the place.
    const isOurs = why === 'full' || (why === 'missed' && !isKept);
    if (isOurs) this.#recruiter.left({ nodeId, endpoint: endpoint ?? '' }, why, isInbound, nowMs);
    const isAlone = this.active.size === 0 && !member.neighbour.isHeld;
    if (isAlone) this.#recruiter.alone(nowMs);
    this.#walks.hungry(nowMs, this.#sizes.target);
    return [...(isAlone ? [{ type: 'alone' } as const] : []), ...this.#settled(nowMs)];
  }

  /** The application does not want that node. */
  forget(nodeId: NodeId): MembershipAction[] {
    this.#recruiter.forget(nodeId);
    return [];
  }

  /** How a dial of ours has ended: with a link, or with a code. */
  dialled(nodeId: NodeId, code: string | undefined, nowMs: number): MembershipAction[] {
    this.#recruiter.dialled(nodeId, code, nowMs);
    return this.#settled(nowMs);
  }

  /** Endpoints that a neighbour has shared outside of this protocol. */
  hinted(from: NodeId, hints: readonly MemberEntry[], nowMs: number): MembershipAction[] {
    const member = this.active.get(from);
    if (member === undefined) return [];
    const bad = hints.filter(({ endpoint }) => endpoint === '').length;
    const faults: MembershipAction[] = bad === 0 ? [] : [fault(from, 'PEER_BAD_HINT', 0, bad)];
    return [...faults, ...this.#walks.hear(hints, member, nowMs, true), ...this.#settled(nowMs)];
  }

  receive(from: NodeId, body: Uint8Array, nowMs: number): MembershipAction[] {
    const member = this.active.get(from);
    if (member === undefined) return [];
    if (!member.frames.take(nowMs)) return [fault(from, 'MEMBER_TOO_MANY', 0)];
    const message = decodeMember(body);
    if (message === undefined) return [fault(from, 'MEMBER_BAD_MESSAGE', 10)];
    return [...this.#act(message, body, member, nowMs), ...this.#settled(nowMs)];
  }

  tick(nowMs: number): MembershipAction[] {
    this.#nowMs = nowMs;
    const shuffle = nowMs >= this.#walks.deadlineMs ? this.#walks.shuffle(nowMs) : [];
    return [...shuffle, ...this.#settled(nowMs)];
  }

  #act(message: MemberMessage, body: Uint8Array, member: ActiveMember, nowMs: number): MembershipAction[] {
    switch (message.type) {
      case 'state':
        member.degree = message.degree;
        member.isHeldByPeer = message.isHeld;
        return [];
      case 'forward-join':
        return this.#walks.join(message, body, member, nowMs);
      case 'shuffle':
        return this.#walks.shuffled(message, body, member, nowMs);
      case 'shuffle-reply':
        return this.#walks.answered(message, body, member, nowMs);
      default:
        return message satisfies never;
    }
  }

  /** One that we dialled ourselves, for another that we have dialled. */
  #giveUpFor(nodeId: NodeId): MembershipAction[] {
    if (this.active.size <= this.#sizes.target) return [];
    const isFit = ({ neighbour, degree, isHeldByPeer }: ActiveMember): boolean =>
      neighbour.nodeId !== nodeId &&
      !neighbour.isInbound &&
      !neighbour.isKept &&
      !isHeldByPeer &&
      (degree ?? 0) > this.#sizes.need;
    return this.active.sample(1, isFit).map(({ neighbour }) => ({ type: 'drop', nodeId: neighbour.nodeId }));
  }

  /** Tells neighbours how we are where that matters to them, and dials who is wanted. */
  #settled(nowMs: number): MembershipAction[] {
    this.#nowMs = nowMs;
    const degree = this.active.size;
    const isEnough = degree > this.#sizes.need;
    const actions: MembershipAction[] = [];
    for (const member of this.active.all) {
      const { isHeld, speaks } = member.neighbour;
      const { told } = member;
      if (!speaks || (told?.isEnough === isEnough && told.isHeld === isHeld)) continue;
      member.told = { isEnough, isHeld };
      actions.push(send(member, encodeMember({ type: 'state', degree, isHeld })));
    }
    return [...actions, ...this.#recruiter.fill(nowMs)];
  }
}
