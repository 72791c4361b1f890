import {
  bytesKey,
  concatBytes,
  decodeBatchHead,
  equalBytes,
  leafHash,
  nodeIdBytesOf,
  proofPath,
  rootFromPath,
  utf8ToBytes,
  type BatchProof,
  type NodeId,
} from '@yakmesh/crypto';
import type { CryptoJobs } from '../crypto-job.js';
import { knownKey, type KeyCache } from '../link/key-cache.js';
import { networkOf, networkPrefix } from '../network-hash.js';
import type { DiscoverOptions } from '../routing/discoveries.js';
import { statementBytes, type RouteStatement } from '../routing/messages.js';
import type { RouteAction, RouteFaultCode, StatementVerdict } from '../routing/route-actions.js';
import { RouteMachine } from '../routing/route-machine.js';
import type { NextHop, RouteUse } from '../routing/route-table.js';
import { CLOCK_STEP_MS_MAX, STATEMENT_SKEW_MS_MAX } from '../routing/routing-limits.js';
import {
  PRIORITY,
  runMachine,
  TTL_MAX,
  type Clock,
  type MachineRunner,
  type ProtocolHandlers,
  type ProtocolPort,
  type Random,
} from '../transport/index.js';
import type { Counters } from './counters.js';
import type { Peer } from './peer.js';

/** The protocol in which neighbours look for ways. */
export const ROUTE_PROTOCOL = 'route/1';

/** What the guard hears of a fault; what a restart, a lost link or a crowd can do to an honest neighbour weighs nothing. */
function weightOf(code: RouteFaultCode): number {
  switch (code) {
    // Nothing goes on unverified: a false signature convicts whoever brought it.
    case 'ROUTE_BAD_STATEMENT':
      return 100;
    case 'ROUTE_WRONG_DESTINATION':
      return 50;
    case 'ROUTE_BAD_MESSAGE':
      return 20;
    default:
      return 0;
  }
}

export interface RouteFinderOptions {
  readonly self: Uint8Array;
  readonly clock: Clock;
  readonly random: Random;
  readonly counters: Counters;
  readonly keys: KeyCache;
  readonly jobs: (neighbour: string) => CryptoJobs;
  /** Networks whose statements we accept, our own first. */
  readonly networkHashes: readonly [Uint8Array, ...Uint8Array[]];
  readonly publicKey: Uint8Array;
}

interface Waiter {
  readonly via: NodeId | undefined;
  readonly settle: (isFound: boolean) => void;
}

/** Drives the routing machine over the port `route/1`, and lets callers wait for ways. */
export class RouteFinder {
  readonly handlers: ProtocolHandlers = {
    frame: (body, { via }) => this.#feed((machine, nowMs) => machine.receive(via, body, nowMs)),
  };
  readonly #options: RouteFinderOptions;
  readonly #machine: RouteMachine;
  readonly #runner: MachineRunner<RouteMachine, RouteAction>;
  readonly #waiters = new Map<string, Waiter[]>();
  /** All neighbours by their keys, also those that do not speak the protocol. */
  readonly #neighbours = new Map<string, NodeId>();
  readonly #abort = new AbortController();
  #port: ProtocolPort | undefined;

  constructor(options: RouteFinderOptions) {
    this.#options = options;
    const { self, random, clock, counters } = options;
    this.#machine = new RouteMachine({ self, random });
    this.#runner = runMachine(this.#machine, {
      clock,
      perform: (action) => this.#perform(action),
      failed: () => counters.add('handler:failed'),
    });
  }

  /** The port exists only when all parts of the mesh do. */
  attach(port: ProtocolPort): void {
    this.#port = port;
  }

  /** A peer is there, or has told anew which protocols it speaks. */
  peerChanged(peer: Peer): void {
    const { nodeId, outcome, info } = peer;
    this.#neighbours.set(bytesKey(outcome.nodeIdBytes), nodeId);
    const isSpeaking = info.protocols.includes(ROUTE_PROTOCOL);
    this.#feed((machine, nowMs) =>
      isSpeaking ? machine.connected(nodeId, outcome.nodeIdBytes, nowMs) : machine.lost(nodeId),
    );
  }

  peerLost(peer: Peer): void {
    this.#neighbours.delete(bytesKey(peer.outcome.nodeIdBytes));
    this.#feed((machine) => machine.lost(peer.nodeId));
  }

  /** The neighbour that is itself the destination of this key. */
  neighbour(key: string): NodeId | undefined {
    return this.#neighbours.get(key);
  }

  /** Ways to a destination now, the best first. */
  nextHops(key: string, use: RouteUse): readonly NextHop[] {
    return this.#machine.nextHops(key, use, this.#options.clock.monotonicMs());
  }

  /** Whether a way was found; false at the latest after all rings have waited, and at once where nobody can be asked. */
  find(destination: Uint8Array, options: DiscoverOptions): Promise<boolean> {
    if (equalBytes(destination, this.#options.self)) return Promise.resolve(false);
    return this.#wait(destination, options.via, () =>
      this.#feed((machine, nowMs) => machine.discover(destination, options, nowMs)),
    );
  }

  /** As `find`, nearby, for what a neighbour wants forwarded. */
  repair(destination: Uint8Array, from: NodeId): Promise<boolean> {
    return this.#wait(destination, undefined, () =>
      this.#feed((machine, nowMs) => machine.repair(destination, from, nowMs)),
    );
  }

  /** A verified message came; true when what it teaches may be told where it goes on to. */
  heard(origin: Uint8Array, sequence: number, ttl: number, via: NodeId, isGoingOn: boolean): boolean {
    const offer = { via, sequence, hops: Math.max(0, TTL_MAX - 1 - ttl) };
    const nowMs = this.#options.clock.monotonicMs();
    return this.#machine.heard(bytesKey(origin), offer, isGoingOn, nowMs);
  }

  used(key: string, via: NodeId, rttMs?: number): void {
    this.#machine.table.used(key, via, this.#options.clock.monotonicMs(), rttMs);
  }

  /** The newest statement on which ways to a destination rest. */
  newest(key: string): number {
    return this.#machine.table.newest(key);
  }

  /** Tells a neighbour that its messages to a destination do not arrive through us. */
  refuse(to: NodeId, destination: Uint8Array): void {
    this.#feed((machine) => machine.refuse(to, destination));
  }

  stop(): void {
    this.#abort.abort();
    this.#runner.stop();
    for (const waiters of this.#waiters.values()) for (const { settle } of waiters) settle(false);
    this.#waiters.clear();
  }

  #feed(input: (machine: RouteMachine, nowMs: number) => readonly RouteAction[]): void {
    this.#runner.feed(input);
  }

  #wait(destination: Uint8Array, via: NodeId | undefined, begin: () => void): Promise<boolean> {
    if (this.#abort.signal.aborted) return Promise.resolve(false);
    const key = bytesKey(destination);
    return new Promise((resolve) => {
      const waiters = this.#waiters.get(key) ?? [];
      waiters.push({ via, settle: resolve });
      this.#waiters.set(key, waiters);
      begin();
    });
  }

  #settle(key: string, via: NodeId | undefined, isFound: boolean): void {
    const waiters = this.#waiters.get(key) ?? [];
    const left = waiters.filter((waiter) => waiter.via !== via);
    if (left.length === 0) this.#waiters.delete(key);
    else this.#waiters.set(key, left);
    for (const waiter of waiters) if (waiter.via === via) waiter.settle(isFound);
  }

  #perform(action: RouteAction): void {
    const { counters } = this.#options;
    switch (action.type) {
      case 'send':
        counters.add('routes:frames');
        if (this.#port?.frame(action.to, action.body, { priority: PRIORITY.priority }) !== true)
          counters.add('routes:unsent');
        return;
      case 'sign':
        return void this.#sign(action.afterMs, action.wantedAfterMs);
      case 'verify':
        return void this.#verify(action);
      case 'found':
      case 'failed':
        counters.add(`routes:${action.type}`);
        return this.#settle(action.key, action.via, action.type === 'found');
      case 'fault':
        if (weightOf(action.code) > 0) this.#port?.report(action.from, action.code, weightOf(action.code));
        else counters.add(`${ROUTE_PROTOCOL}:${action.code}`);
        return;
      default:
        return action satisfies never;
    }
  }

  async #sign(afterMs: number, wantedAfterMs: number): Promise<void> {
    const { clock, self } = this.#options;
    const nowMs = clock.nowMs();
    const wantedMs = wantedAfterMs <= nowMs + CLOCK_STEP_MS_MAX ? wantedAfterMs + 1 : 0;
    const timeMs = Math.max(nowMs, afterMs + 1, wantedMs);
    const proof = await this.#port?.sign('peer', statementBytes(self, timeMs)).catch(() => undefined);
    this.#feed((machine, atMs) =>
      machine.signed(proof === undefined ? undefined : this.#statement(timeMs, proof), atMs),
    );
  }

  #statement(timeMs: number, proof: BatchProof): RouteStatement {
    const { batch, index } = proof;
    const { networkHashes, publicKey } = this.#options;
    return {
      timeMs,
      networkPrefix: networkPrefix(networkHashes[0]),
      publicKey,
      head: batch.head,
      signature: batch.signature,
      index,
      salt: batch.salts[index] ?? new Uint8Array(16),
      path: proofPath(proof),
    };
  }

  async #verify(action: Extract<RouteAction, { type: 'verify' }>): Promise<void> {
    const { ticket, from, destination, statement } = action;
    const verdict = await this.#verdict(from, destination, statement);
    if (verdict === 'good') {
      const { publicKey } = statement;
      // The verified key serves `keyOf`, and batches that come from there.
      this.#options.keys.add(knownKey(publicKey.slice(), nodeIdBytesOf(publicKey)));
    }
    this.#feed((machine, nowMs) => machine.verified(ticket, verdict, nowMs));
  }

  async #verdict(
    from: NodeId,
    destination: Uint8Array,
    statement: RouteStatement,
  ): Promise<StatementVerdict> {
    const { networkHashes, clock, jobs } = this.#options;
    const { timeMs, publicKey, signature, head } = statement;
    const networkHash = networkOf(networkHashes, statement.networkPrefix);
    if (networkHash === undefined) return 'unproven';
    if (Math.abs(timeMs - clock.nowMs()) > STATEMENT_SKEW_MS_MAX) return 'stale';
    if (!isInBatch(destination, statement)) return 'bad';
    const job = { type: 'verify-head', use: 'peer', publicKey, head, signature, networkHash } as const;
    const result = await jobs(from)(job, this.#abort.signal);
    if (result.type !== 'verify-head') return 'unproven';
    return result.root === undefined ? 'bad' : 'good';
  }
}

/** Whether the head's tree holds the statement; whose head it is, its signature shows. */
function isInBatch(destination: Uint8Array, statement: RouteStatement): boolean {
  const { timeMs, index, salt, path } = statement;
  const head = decodeBatchHead(statement.head);
  if (head === undefined || index >= head.count || path.length !== 32 * head.depth) return false;
  const message = concatBytes(utf8ToBytes(`${ROUTE_PROTOCOL}\0`), statementBytes(destination, timeMs));
  const root = rootFromPath(head.batchId, leafHash(head.batchId, index, salt, message), index, path);
  return root !== undefined && equalBytes(root, head.root);
}
