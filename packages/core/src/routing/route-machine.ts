import { bytesKey, equalBytes, nodeIdBytesOf, type NodeId } from '@yakmesh/crypto';
import { earlier, TTL_MAX, type Machine, type Random } from '../transport/index.js';
import { Discoveries, type DiscoverOptions, type Discovery } from './discoveries.js';
import {
  decodeRouteMessage,
  encodeRouteError,
  encodeRouteReply,
  encodeRouteRequest,
  REQUEST_ID_BYTES,
  type RouteReply,
  type RouteRequest,
  type RouteStatement,
} from './messages.js';
import { RouteNeighbours } from './neighbours.js';
import type { RouteAction, StatementVerdict } from './route-actions.js';
import { SeenRequest, SeenRequests } from './requests.js';
import { RouteTable, type NextHop, type Offer, type RouteUse } from './route-table.js';
import { DIRECTED_TTL_MAX, ROUTE_DESTINATIONS_MAX, REPLIES_MAX, VERIFYING_MAX } from './routing-limits.js';
import { Statements } from './statements.js';

export interface RouteMachineOptions {
  /** Our own node id. */
  readonly self: Uint8Array;
  readonly random: Random;
  /** @default ROUTE_DESTINATIONS_MAX */
  readonly destinationsMax?: number | undefined;
}

interface Verifying {
  readonly from: NodeId;
  readonly reply: RouteReply;
  readonly request: SeenRequest;
}

/** Finds ways to nodes on demand, answers those who look for us, and passes both on. Destinations are named by `bytesKey` of their id. */
export class RouteMachine implements Machine<RouteAction> {
  readonly table: RouteTable;
  readonly #options: RouteMachineOptions;
  readonly #self: string;
  readonly #neighbours = new RouteNeighbours();
  readonly #requests = new SeenRequests();
  readonly #discoveries = new Discoveries();
  readonly #statements = new Statements();
  readonly #verifying = new Map<number, Verifying>();
  #ticket = 0;

  constructor(options: RouteMachineOptions) {
    this.#options = options;
    this.#self = bytesKey(options.self);
    this.table = new RouteTable(options.destinationsMax ?? ROUTE_DESTINATIONS_MAX);
  }

  get deadlineMs(): number | undefined {
    return earlier(this.#discoveries.deadlineMs, this.#statements.deadlineMs);
  }

  /** A neighbour that speaks this protocol is there. */
  connected(neighbour: NodeId, nodeIdBytes: Uint8Array, nowMs: number): RouteAction[] {
    this.#neighbours.add(neighbour, nodeIdBytes, nowMs);
    return [];
  }

  /** It is gone, or speaks the protocol no more: no way leads through it. */
  lost(neighbour: NodeId): RouteAction[] {
    if (this.#neighbours.delete(neighbour)) this.table.lost(neighbour);
    return [];
  }

  /** Looks for a way; a `found` or `failed` action follows unless the same search is under way. */
  discover(destination: Uint8Array, options: DiscoverOptions, nowMs: number): RouteAction[] {
    const key = bytesKey(destination);
    const discovery = this.#discoveries.begin(key, destination, options, nowMs);
    if (discovery === undefined) return [];
    if (discovery === 'full') return [{ type: 'failed', key, via: options.via }];
    return this.#widen(discovery, nowMs);
  }

  /** As `discover`, for what a neighbour wants forwarded; it may cause only so many. */
  repair(destination: Uint8Array, from: NodeId, nowMs: number): RouteAction[] {
    const key = bytesKey(destination);
    if (this.#discoveries.has(key, undefined)) return [];
    if (this.#neighbours.get(from)?.repairs.take(nowMs) === true)
      return this.discover(destination, { isRepair: true }, nowMs);
    return [{ type: 'failed', key, via: undefined }];
  }

  receive(from: NodeId, body: Uint8Array, nowMs: number): RouteAction[] {
    const neighbour = this.#neighbours.get(from);
    if (neighbour === undefined) return [];
    const message = decodeRouteMessage(body);
    if (message === undefined) return [{ type: 'fault', from, code: 'ROUTE_BAD_MESSAGE' }];
    switch (message.type) {
      case 'request':
        if (neighbour.requests.take(nowMs)) return this.#request(from, message, nowMs);
        return [{ type: 'fault', from, code: 'ROUTE_TOO_MANY_REQUESTS' }];
      case 'reply':
        return this.#reply(from, message, nowMs);
      case 'error':
        this.table.withdraw(bytesKey(message.destination), from, message.timeMs);
        return [];
      default:
        return message satisfies never;
    }
  }

  /** What became of a `verify` action. */
  verified(ticket: number, verdict: StatementVerdict, nowMs: number): RouteAction[] {
    const verifying = this.#verifying.get(ticket);
    if (verifying === undefined) return [];
    this.#verifying.delete(ticket);
    const { from, reply, request } = verifying;
    if (verdict === 'bad') return [{ type: 'fault', from, code: 'ROUTE_BAD_STATEMENT' }];
    if (verdict === 'stale') return [{ type: 'fault', from, code: 'ROUTE_STALE_STATEMENT' }];
    if (verdict === 'unproven' || !this.#neighbours.has(from)) return [];
    const offer = { via: from, sequence: reply.statement.timeMs, hops: reply.hops };
    this.table.offer(request.key, offer, nowMs, request.isOwn ? nowMs - request.sinceMs : undefined);
    return [...this.#found(request.key, nowMs), ...this.#passOn(from, reply, request, nowMs)];
  }

  /** What became of a `sign` action; undefined where it failed. */
  signed(statement: RouteStatement | undefined, nowMs: number): RouteAction[] {
    return this.#statements
      .signed(statement, nowMs)
      .flatMap(({ id, via }) => (statement === undefined ? [] : this.#answer(via, id, statement)));
  }

  tick(nowMs: number): RouteAction[] {
    const actions = this.#discoveries.due(nowMs).flatMap((discovery) => this.#widen(discovery, nowMs));
    return [...actions, ...this.#sign(nowMs)];
  }

  /**
   * A verified message of a node came with its sender's word that it has taken up the way back. True when we have taken it up too, and may
   * say so to where the message goes on.
   */
  heard(key: string, offer: Offer, isGoingOn: boolean, nowMs: number): boolean {
    if (key === this.#self || !this.#neighbours.has(offer.via) || offer.hops >= TTL_MAX) return false;
    if (isGoingOn && !this.table.isAdoptable(key, offer, nowMs)) return false;
    this.table.offer(key, offer, nowMs);
    if (!isGoingOn || this.table.distance(key, offer.sequence, nowMs) === undefined) return false;
    this.table.saying(key, offer.sequence, offer.hops + 1);
    return true;
  }

  /** Ways to a destination, the best first; the destination itself comes before all where it is a neighbour. */
  nextHops(key: string, use: RouteUse, nowMs: number): readonly NextHop[] {
    return this.table.nextHops(key, use, nowMs);
  }

  /** Tells a neighbour that what it sends to this destination through us does not arrive. */
  refuse(to: NodeId, destination: Uint8Array): RouteAction[] {
    if (!this.#neighbours.has(to)) return [];
    const timeMs = this.table.newest(bytesKey(destination));
    return [{ type: 'send', to, body: encodeRouteError({ destination, timeMs }) }];
  }

  #widen(discovery: Discovery, nowMs: number): RouteAction[] {
    const { key, destination, via } = discovery;
    const ttl = this.#neighbours.size === 0 ? undefined : this.#discoveries.nextRing(discovery, nowMs);
    if (ttl === undefined) {
      this.#discoveries.end(discovery);
      return [{ type: 'failed', key, via }];
    }
    const id = this.#options.random.bytes(REQUEST_ID_BYTES);
    this.#requests.add(bytesKey(id), new SeenRequest(destination, key, true, nowMs));
    const newerThanMs = Math.max(discovery.newerThanMs ?? 0, this.#newerThan(key, via, nowMs));
    const request = { id, destination, ttl: ttl - 1, hops: 0, newerThanMs };
    const targets = via === undefined ? this.#targets(key, undefined, ttl, newerThanMs, nowMs) : [via];
    return targets.map((to) => ({ type: 'send', to, body: encodeRouteRequest(request) }));
  }

  /** What we said of it stands in the way of all that is not newer, unless it is still true. */
  #newerThan(key: string, via: NodeId | undefined, nowMs: number): number {
    const isWayKnown = via === undefined && this.table.nextHops(key, 'relay', nowMs).length > 0;
    return isWayKnown ? 0 : this.table.said(key);
  }

  #request(from: NodeId, message: RouteRequest, nowMs: number): RouteAction[] {
    const { destination, ttl, hops } = message;
    const id = bytesKey(message.id);
    const known = this.#requests.get(id, nowMs);
    if (known?.isOwn === true) return [];
    const key = bytesKey(destination);
    const request = known ?? new SeenRequest(destination, key, false, nowMs);
    request.cameThrough(from, hops);
    if (key === this.#self) return this.#asked(from, message, request, known === undefined, nowMs);
    if (known !== undefined) return [];
    this.#requests.add(id, request);
    if (ttl === 0 || hops + 1 >= TTL_MAX) return [];
    const newerThanMs = Math.max(message.newerThanMs, this.#newerThan(key, undefined, nowMs));
    const body = encodeRouteRequest({ ...message, ttl: ttl - 1, hops: hops + 1, newerThanMs });
    const targets = this.#targets(key, from, ttl + hops + 1, newerThanMs, nowMs);
    return targets.map((to) => ({ type: 'send', to, body }));
  }

  /** Who is asked: the destination itself where it is a neighbour, else those on a known way, else all. */
  #targets(
    key: string,
    from: NodeId | undefined,
    reach: number,
    newerThanMs: number,
    nowMs: number,
  ): readonly NodeId[] {
    const neighbour = this.#neighbours.idOf(key);
    if (neighbour !== undefined) return neighbour === from ? [] : [neighbour];
    const known = this.table
      .nextHops(key, 'relay', nowMs)
      .filter(({ via, sequence }) => via !== from && sequence > newerThanMs);
    if (reach <= DIRECTED_TTL_MAX && known.length > 0) return known.map(({ via }) => via);
    return this.#neighbours.ids.filter((id) => id !== from);
  }

  /** Somebody looks for us. */
  #asked(
    from: NodeId,
    { id, newerThanMs }: RouteRequest,
    request: SeenRequest,
    isNew: boolean,
    nowMs: number,
  ): RouteAction[] {
    if (isNew) this.#requests.add(bytesKey(id), request);
    if (request.answered.length >= REPLIES_MAX || request.answered.includes(from)) return [];
    request.answered.push(from);
    const statement = this.#statements.ask({ id, via: from, newerThanMs }, nowMs);
    return statement === undefined ? this.#sign(nowMs) : this.#answer(from, id, statement);
  }

  #answer(to: NodeId, id: Uint8Array, statement: RouteStatement): RouteAction[] {
    if (!this.#neighbours.has(to)) return [];
    return [{ type: 'send', to, body: encodeRouteReply({ id, hops: 0, statement }) }];
  }

  #sign(nowMs: number): RouteAction[] {
    const wish = this.#statements.due(nowMs);
    return wish === undefined ? [] : [{ type: 'sign', ...wish }];
  }

  #reply(from: NodeId, reply: RouteReply, nowMs: number): RouteAction[] {
    const request = this.#requests.get(bytesKey(reply.id), nowMs);
    if (request === undefined || !request.takesReply(from))
      return [{ type: 'fault', from, code: 'ROUTE_UNKNOWN_REQUEST' }];
    const { destination } = request;
    const { statement } = reply;
    if (!equalBytes(nodeIdBytesOf(statement.publicKey), destination))
      return [{ type: 'fault', from, code: 'ROUTE_WRONG_DESTINATION' }];
    const hasRoom = this.#verifying.size < VERIFYING_MAX;
    if (!hasRoom || this.#neighbours.get(from)?.statements.take(nowMs) !== true)
      return [{ type: 'fault', from, code: 'ROUTE_TOO_MANY_REPLIES' }];
    this.#ticket += 1;
    this.#verifying.set(this.#ticket, { from, reply, request });
    return [{ type: 'verify', ticket: this.#ticket, from, destination, statement }];
  }

  /** Ends the searches for a destination to which there is a way now. */
  #found(key: string, nowMs: number): RouteAction[] {
    const ways = this.table.nextHops(key, 'source', nowMs);
    const actions: RouteAction[] = [];
    for (const discovery of this.#discoveries.of(key)) {
      const { via, isRepair, newerThanMs = 0 } = discovery;
      const usable = isRepair === true ? this.table.nextHops(key, 'relay', nowMs) : ways;
      const isFound = usable.some(
        (way) => (via === undefined || way.via === via) && way.sequence > newerThanMs,
      );
      if (!isFound) continue;
      this.#discoveries.end(discovery);
      actions.push({ type: 'found', key, via });
    }
    return actions;
  }

  /** Passes an answer on towards whoever asked, with our own distance, where we have a way that others may rely on. */
  #passOn(from: NodeId, reply: RouteReply, request: SeenRequest, nowMs: number): RouteAction[] {
    const { statement, id } = reply;
    const hops = this.table.distance(request.key, statement.timeMs, nowMs);
    if (hops === undefined || hops >= TTL_MAX) return [];
    const to = request.nextTarget(from, hops, (neighbour) => this.#neighbours.has(neighbour));
    if (to === undefined) return [];
    request.passed(to, hops);
    this.table.saying(request.key, statement.timeMs, hops);
    return [{ type: 'send', to, body: encodeRouteReply({ id, hops, statement }) }];
  }
}
