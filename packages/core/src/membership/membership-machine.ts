import { encodeNodeId, equalBytes, type NodeId } from '@yakmesh/crypto';
import { isLoopback } from '../mesh/address.js';
import { isAdvertisable } from '../mesh/endpoint.js';
import { BoundedMap, SlidingWindow, type Machine, type Random } from '../transport/index.js';
import { ActiveView, type ActiveMember, type Neighbour } from './active-view.js';
import {
  HUNGRY_SHUFFLE_MS,
  JOINS_MAX,
  JOINS_MS,
  JOIN_WALK_TTL,
  membershipSizes,
  PASSIVE_WALK_TTL,
  QUIET_SHUFFLE_MS,
  SHUFFLE_ACTIVE,
  SHUFFLE_MS,
  SHUFFLE_PASSIVE,
  SHUFFLE_WALK_TTL,
  SHUFFLES_OPEN_MAX,
  type MembershipSizes,
} from './limits.js';
import {
  decodeMember,
  encodeMember,
  nextHop,
  rawEntry,
  shuffleId,
  type MemberEntry,
  type MemberMessage,
  type RawEntry,
} from './messages.js';
import { Recruiter, type RecruitAction } from './recruiter.js';

/** What neighbours do wrong in this protocol. */
export type MemberFaultCode =
  'MEMBER_BAD_MESSAGE' | 'MEMBER_TOO_MANY' | 'PEER_BAD_HINT' | 'MEMBER_UNKNOWN_SHUFFLE';

export type MembershipAction =
  | RecruitAction
  | { readonly type: 'send'; readonly to: NodeId; readonly body: Uint8Array }
  /** Gives a neighbour up for room: CLOSE(FULL). */
  | { readonly type: 'drop'; readonly nodeId: NodeId }
  /** A weight of 0 is counted and blames nobody: an honest relay may have passed it on. */
  | {
      readonly type: 'fault';
      readonly from: NodeId;
      readonly code: MemberFaultCode;
      readonly weight: number;
      readonly count: number;
    }
  /** No neighbour is left: whoever keeps endpoints of its own is to dial them now. */
  | { readonly type: 'alone' };

export interface MembershipOptions {
  readonly self: NodeId;
  readonly random: Random;
  readonly maxPeers: number;
  /** Where others can dial us; undefined when that is not to be told. */
  readonly endpoint: () => string | undefined;
  /** What the address of an endpoint, or of a socket, belongs to. */
  readonly groupOf: (endpointOrAddress: string) => string;
}

type Shuffle = Extract<MemberMessage, { type: 'shuffle' | 'shuffle-reply' }>;

/** HyParView: who our neighbours are, whom else we know, and what we tell others of them. */
export class MembershipMachine implements Machine<MembershipAction> {
  readonly active: ActiveView;
  readonly #options: MembershipOptions;
  readonly #sizes: MembershipSizes;
  readonly #recruiter: Recruiter;
  /** Where answers to shuffles go: to the neighbour that asked, or undefined for our own. */
  readonly #shuffles = new BoundedMap<string, NodeId | undefined>(SHUFFLES_OPEN_MAX);
  readonly #joins = new SlidingWindow(JOINS_MAX, JOINS_MS);
  #periodMs = HUNGRY_SHUFFLE_MS;
  #shuffleMs = Infinity;
  #nowMs = 0;

  constructor(options: MembershipOptions) {
    const { random, self, maxPeers, groupOf } = options;
    this.#options = options;
    this.#sizes = membershipSizes(maxPeers);
    this.active = new ActiveView(random);
    this.#recruiter = new Recruiter({ random, sizes: this.#sizes, active: this.active, self, groupOf });
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
    const firstMs = Math.min(dialMs ?? Infinity, this.#shuffleMs);
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
    this.#feelHungry(nowMs);
    const actions = [...this.#introduce(neighbour, nowMs), ...this.#settled(nowMs)];
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
    this.#feelHungry(nowMs);
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
    const faults: MembershipAction[] =
      bad === 0 ? [] : [{ type: 'fault', from, code: 'PEER_BAD_HINT', weight: 0, count: bad }];
    return [...faults, ...this.#hear(hints, member, nowMs, true), ...this.#settled(nowMs)];
  }

  receive(from: NodeId, body: Uint8Array, nowMs: number): MembershipAction[] {
    const member = this.active.get(from);
    if (member === undefined) return [];
    if (!member.frames.take(nowMs))
      return [{ type: 'fault', from, code: 'MEMBER_TOO_MANY', weight: 0, count: 1 }];
    const message = decodeMember(body);
    if (message === undefined)
      return [{ type: 'fault', from, code: 'MEMBER_BAD_MESSAGE', weight: 10, count: 1 }];
    return [...this.#act(message, body, member, nowMs), ...this.#settled(nowMs)];
  }

  tick(nowMs: number): MembershipAction[] {
    this.#nowMs = nowMs;
    const shuffle = nowMs >= this.#shuffleMs ? this.#shuffle(nowMs) : [];
    return [...shuffle, ...this.#settled(nowMs)];
  }

  #act(message: MemberMessage, body: Uint8Array, member: ActiveMember, nowMs: number): MembershipAction[] {
    switch (message.type) {
      case 'state':
        member.degree = message.degree;
        member.isHeldByPeer = message.isHeld;
        return [];
      case 'forward-join':
        return this.#walk(message, body, member, nowMs);
      case 'shuffle':
        return this.#shuffled(message, body, member, nowMs);
      case 'shuffle-reply':
        return this.#answered(message, body, member, nowMs);
      default:
        return message satisfies never;
    }
  }

  /** A newcomer's name at this node: it goes on, or ends here, where the newcomer is dialled. */
  #walk(
    { ttl, entry }: Extract<MemberMessage, { type: 'forward-join' }>,
    body: Uint8Array,
    member: ActiveMember,
    nowMs: number,
  ): MembershipAction[] {
    const next = ttl === 0 ? undefined : this.#next(member, [entry]);
    if (next !== undefined) {
      const remembered = ttl === PASSIVE_WALK_TTL ? this.#hear([entry].map(readable), member, nowMs) : [];
      return [...remembered, send(next, nextHop(body, ttl - 1))];
    }
    const newcomer = readable(entry);
    const faults = this.#hear([newcomer], member, nowMs);
    return [...faults, ...this.#recruiter.welcome(newcomer.nodeId, nowMs)];
  }

  #shuffled(
    message: Extract<Shuffle, { type: 'shuffle' }>,
    body: Uint8Array,
    member: ActiveMember,
    nowMs: number,
  ): MembershipAction[] {
    const { id, ttl, entries } = message;
    const from = member.neighbour.nodeId;
    // A walk that comes by again ends here: its answer finds back all the same.
    const isAgain = this.#shuffles.has(id);
    if (isAgain && this.#shuffles.peek(id) === undefined) return [];
    const next = ttl === 0 || isAgain ? undefined : this.#next(member, entries);
    if (next !== undefined) {
      this.#shuffles.set(id, from);
      return [send(next, nextHop(body, ttl - 1))];
    }
    const answer = this.#sample(member, nowMs);
    const reply = encodeMember({ type: 'shuffle-reply', id, entries: answer });
    return [...this.#hear(entries.map(readable), member, nowMs), send(member, reply)];
  }

  #answered(
    message: Extract<Shuffle, { type: 'shuffle-reply' }>,
    body: Uint8Array,
    member: ActiveMember,
    nowMs: number,
  ): MembershipAction[] {
    const { id, entries } = message;
    const from = member.neighbour.nodeId;
    if (!this.#shuffles.has(id))
      return [{ type: 'fault', from, code: 'MEMBER_UNKNOWN_SHUFFLE', weight: 0, count: 1 }];
    const asker = this.#shuffles.peek(id);
    this.#shuffles.delete(id);
    if (asker === undefined) {
      const faults = this.#hear(entries.map(readable), member, nowMs);
      if (entries.length > 0) this.#recruiter.mix();
      return faults;
    }
    const back = this.active.get(asker);
    if (back === undefined) return [];
    if (isPassable(entries, member, back)) return [send(back, body.slice())];
    const told = entries.filter(({ endpoint }) => tellable(endpoint, back) === endpoint);
    return [send(back, encodeMember({ ...message, entries: told }))];
  }

  #shuffle(nowMs: number): MembershipAction[] {
    const { random } = this.#options;
    const leastMs = this.#recruiter.isAtALoss(nowMs) ? 0 : SHUFFLE_MS;
    const periodMs = Math.max(leastMs, this.#periodMs);
    // Where nothing new is to be heard, less and less is asked.
    this.#periodMs = Math.min(QUIET_SHUFFLE_MS, 2 * this.#periodMs);
    this.#shuffleMs = nowMs + periodMs * (0.8 + 0.4 * random.unit());
    const first = this.active.random(undefined);
    if (first === undefined) return [];
    const id = shuffleId(random.bytes(8));
    this.#shuffles.set(id, undefined);
    const entries = this.#sample(first, nowMs);
    return [send(first, encodeMember({ type: 'shuffle', id, ttl: SHUFFLE_WALK_TTL, entries }))];
  }

  /** A newcomer is made known: its name walks from each of our neighbours to somewhere in the mesh. */
  #introduce(neighbour: Neighbour, nowMs: number): MembershipAction[] {
    const { nodeId, isJoining, isInbound, isHeld } = neighbour;
    if (!isJoining || !isInbound || isHeld || !this.#joins.take(nowMs)) return [];
    const others = this.active.members.filter(
      (other) => other.neighbour.speaks && other.neighbour.nodeId !== nodeId,
    );
    return others.map((other) =>
      send(
        other,
        encodeMember({
          type: 'forward-join',
          ttl: JOIN_WALK_TTL,
          entry: rawEntry(this.#entry(neighbour, other, nowMs)),
        }),
      ),
    );
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
    const actions: MembershipAction[] = [];
    for (const member of this.active.all) {
      const { isHeld, speaks } = member.neighbour;
      const told = `${degree > this.#sizes.need} ${isHeld}`;
      if (!speaks || member.told === told) continue;
      member.told = told;
      actions.push(send(member, encodeMember({ type: 'state', degree, isHeld })));
    }
    return [...actions, ...this.#recruiter.fill(nowMs)];
  }

  #hear(
    entries: readonly MemberEntry[],
    teller: ActiveMember,
    nowMs: number,
    isNear = false,
  ): MembershipAction[] {
    const { nodeId, address } = teller.neighbour;
    const named = entries.filter(({ endpoint }) => endpoint !== '');
    const fit = named.filter(({ endpoint }) => isAdvertisable(endpoint, address));
    const news = this.#recruiter.heard(fit, nodeId, isNear, nowMs);
    if (news > 0) this.#periodMs = Math.min(this.#periodMs, SHUFFLE_MS);
    const count = named.length - fit.length;
    return count === 0 ? [] : [{ type: 'fault', from: nodeId, code: 'PEER_BAD_HINT', weight: 0, count }];
  }

  /** Ourselves, some neighbours, and some others with whom we have shaken hands: what we tell of members. */
  #sample(to: ActiveMember, nowMs: number): RawEntry[] {
    const { self, endpoint } = this.#options;
    const others = this.active.sample(SHUFFLE_ACTIVE, (member) => member !== to);
    const own = { nodeId: self, endpoint: tellable(endpoint(), to) };
    const known = this.#recruiter.passive.sample(SHUFFLE_PASSIVE);
    return [
      own,
      ...others.map(({ neighbour }) => this.#entry(neighbour, to, nowMs)),
      ...known.filter((entry) => tellable(entry.endpoint, to) !== ''),
    ].map(rawEntry);
  }

  #entry({ nodeId, endpoint }: Neighbour, to: ActiveMember, nowMs: number): MemberEntry {
    const entry = { nodeId, endpoint: tellable(endpoint, to) };
    return this.#recruiter.isDialable(entry, nowMs) ? entry : { nodeId, endpoint: '' };
  }

  /** Where a walk goes on: not back, and not to whom it is about. It ends here where it would tell others of our own machine. */
  #next(from: ActiveMember, entries: readonly RawEntry[]): ActiveMember | undefined {
    const about = entries[0]?.id;
    const isFit = (member: ActiveMember): boolean =>
      member.neighbour.speaks &&
      member !== from &&
      (about === undefined || !equalBytes(member.idBytes, about));
    const next = this.active.sample(1, isFit)[0];
    return next !== undefined && isPassable(entries, from, next) ? next : undefined;
  }

  #feelHungry(nowMs: number): void {
    this.#periodMs = HUNGRY_SHUFFLE_MS;
    const soonMs = nowMs + HUNGRY_SHUFFLE_MS * (0.5 + this.#options.random.unit());
    if (this.active.size === 0) this.#shuffleMs = Infinity;
    else if (this.active.size < this.#sizes.target) this.#shuffleMs = Math.min(this.#shuffleMs, soonMs);
    else if (this.#shuffleMs === Infinity) this.#shuffleMs = nowMs + SHUFFLE_MS * this.#options.random.unit();
  }
}

function readable({ id, endpoint }: RawEntry): MemberEntry {
  return { nodeId: encodeNodeId(id), endpoint };
}

function send(to: ActiveMember, body: Uint8Array): MembershipAction {
  return { type: 'send', to: to.neighbour.nodeId, body };
}

/** What neighbours on this machine say of its loopback addresses is for others on it only. */
function isPassable(entries: readonly RawEntry[], from: ActiveMember, to: ActiveMember): boolean {
  if (!isLoopback(from.neighbour.address) || isLoopback(to.neighbour.address)) return true;
  return entries.every(({ endpoint }) => tellable(endpoint, to) === endpoint);
}

function tellable(endpoint: string | undefined, to: ActiveMember): string {
  return endpoint !== undefined && endpoint !== '' && isAdvertisable(endpoint, to.neighbour.address)
    ? endpoint
    : '';
}
