import { equalBytes, type NodeId } from '@yakmesh/crypto';
import { isLoopback } from '../mesh/address.js';
import { isAdvertisable } from '../mesh/endpoint.js';
import { nodeName } from '../node-name.js';
import { BoundedMap, SlidingWindow } from '../transport/index.js';
import { fault, send, type MembershipAction, type MembershipOptions } from './actions.js';
import type { ActiveMember, ActiveView, Neighbour } from './active-view.js';
import {
  HUNGRY_SHUFFLE_MS,
  JOINS_MAX,
  JOINS_MS,
  JOIN_WALK_TTL,
  PASSIVE_WALK_TTL,
  QUIET_SHUFFLE_MS,
  SHUFFLE_ACTIVE,
  SHUFFLE_MS,
  SHUFFLE_PASSIVE,
  SHUFFLE_WALK_TTL,
  SHUFFLES_OPEN_MAX,
} from './limits.js';
import {
  encodeMember,
  nextHop,
  rawEntry,
  shuffleId,
  type MemberEntry,
  type MemberMessage,
  type RawEntry,
} from './messages.js';
import type { Recruiter } from './recruiter.js';

type MessageOf<Type extends MemberMessage['type']> = Extract<MemberMessage, { type: Type }>;

/** Names of members on their way through the mesh: newcomers', and samples that neighbours exchange by random walks. */
export class Walks {
  readonly #options: MembershipOptions;
  readonly #active: ActiveView;
  readonly #recruiter: Recruiter;
  /** Where answers to shuffles go: to the neighbour that asked, or undefined for our own. */
  readonly #shuffles = new BoundedMap<string, NodeId | undefined>(SHUFFLES_OPEN_MAX);
  readonly #joins = new SlidingWindow(JOINS_MAX, JOINS_MS);
  #periodMs = HUNGRY_SHUFFLE_MS;
  #shuffleMs = Infinity;

  constructor(options: MembershipOptions, active: ActiveView, recruiter: Recruiter) {
    this.#options = options;
    this.#active = active;
    this.#recruiter = recruiter;
  }

  /** When the next shuffle is due; Infinity without neighbours. */
  get deadlineMs(): number {
    return this.#shuffleMs;
  }

  /** A newcomer's name at this node: it goes on, or ends here, where the newcomer is dialled. */
  join(
    { ttl, entry }: MessageOf<'forward-join'>,
    body: Uint8Array,
    member: ActiveMember,
    nowMs: number,
  ): MembershipAction[] {
    const next = ttl === 0 ? undefined : this.#next(member, [entry]);
    if (next !== undefined) {
      const remembered = ttl === PASSIVE_WALK_TTL ? this.hear([entry].map(readable), member, nowMs) : [];
      return [...remembered, send(next, nextHop(body, ttl - 1))];
    }
    const newcomer = readable(entry);
    const faults = this.hear([newcomer], member, nowMs);
    return [...faults, ...this.#recruiter.welcome(newcomer.nodeId, nowMs)];
  }

  /** Somebody's sample: it goes on, or is answered here with one of our own. */
  shuffled(
    message: MessageOf<'shuffle'>,
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
    return [...this.hear(entries.map(readable), member, nowMs), send(member, reply)];
  }

  /** The answer to a shuffle: to ours, or to one that came by here. */
  answered(
    message: MessageOf<'shuffle-reply'>,
    body: Uint8Array,
    member: ActiveMember,
    nowMs: number,
  ): MembershipAction[] {
    const { id, entries } = message;
    const from = member.neighbour.nodeId;
    if (!this.#shuffles.has(id)) return [fault(from, 'MEMBER_UNKNOWN_SHUFFLE', 0)];
    const asker = this.#shuffles.peek(id);
    this.#shuffles.delete(id);
    if (asker === undefined) {
      const faults = this.hear(entries.map(readable), member, nowMs);
      if (entries.length > 0) this.#recruiter.mix();
      return faults;
    }
    const back = this.#active.get(asker);
    if (back === undefined) return [];
    if (isPassable(entries, member, back)) return [send(back, body.slice())];
    const told = entries.filter(({ endpoint }) => tellable(endpoint, back) === endpoint);
    return [send(back, encodeMember({ ...message, entries: told }))];
  }

  /** Sends a sample of our own on its way. */
  shuffle(nowMs: number): MembershipAction[] {
    const { random } = this.#options;
    const leastMs = this.#recruiter.isAtALoss(nowMs) ? 0 : SHUFFLE_MS;
    const periodMs = Math.max(leastMs, this.#periodMs);
    // Where nothing new is to be heard, less and less is asked.
    this.#periodMs = Math.min(QUIET_SHUFFLE_MS, 2 * this.#periodMs);
    this.#shuffleMs = nowMs + periodMs * (0.8 + 0.4 * random.unit());
    const first = this.#active.random(undefined);
    if (first === undefined) return [];
    const id = shuffleId(random.bytes(8));
    this.#shuffles.set(id, undefined);
    const entries = this.#sample(first, nowMs);
    return [send(first, encodeMember({ type: 'shuffle', id, ttl: SHUFFLE_WALK_TTL, entries }))];
  }

  /** A newcomer is made known: its name walks from each of our neighbours to somewhere in the mesh. */
  introduce(neighbour: Neighbour, nowMs: number): MembershipAction[] {
    const { nodeId, isJoining, isInbound, isHeld } = neighbour;
    if (!isJoining || !isInbound || isHeld || !this.#joins.take(nowMs)) return [];
    const others = this.#active.members.filter(
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

  /** What a neighbour tells; each entry is a hint and no more. */
  hear(
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
    return count === 0 ? [] : [fault(nodeId, 'PEER_BAD_HINT', 0, count)];
  }

  /** Ourselves, some neighbours, and some others with whom we have shaken hands: what we tell of members. */
  #sample(to: ActiveMember, nowMs: number): RawEntry[] {
    const { self, endpoint } = this.#options;
    const others = this.#active.sample(SHUFFLE_ACTIVE, (member) => member !== to);
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
    const next = this.#active.sample(1, isFit)[0];
    return next !== undefined && isPassable(entries, from, next) ? next : undefined;
  }

  /** Neighbours have come or gone: samples are wanted sooner while there are too few. */
  hungry(nowMs: number, target: number): void {
    this.#periodMs = HUNGRY_SHUFFLE_MS;
    const soonMs = nowMs + HUNGRY_SHUFFLE_MS * (0.5 + this.#options.random.unit());
    if (this.#active.size === 0) this.#shuffleMs = Infinity;
    else if (this.#active.size < target) this.#shuffleMs = Math.min(this.#shuffleMs, soonMs);
    else if (this.#shuffleMs === Infinity) this.#shuffleMs = nowMs + SHUFFLE_MS * this.#options.random.unit();
  }
}

function readable({ id, endpoint }: RawEntry): MemberEntry {
  return { nodeId: nodeName(id), endpoint };
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
