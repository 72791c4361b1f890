import type { NodeId } from '@yakmesh/crypto';
import type { PeerFaultCode } from '../errors.js';
import type { Endpoint } from './endpoint.js';
import type { UpgradeVerdict } from '../sockets/socket.js';
import {
  KeyedSlidingWindow,
  type Clock,
  type Guard,
  type GuardRequest,
  type GuardVerdict,
  type PeerDirection,
} from '../transport/index.js';
import { addressScope, hostOf } from './address.js';
import type { Counters } from './counters.js';
import { penaltyOf } from './penalties.js';

/** Handshakes under way with strangers, in all and of one address; a further one is told REFUSE(BUSY). */
export const HALF_OPEN_MAX = 256;
export const HALF_OPEN_PER_ADDRESS_MAX = 8;
/** Accepted sockets that have proven nothing yet; a further one gets HTTP 503. Twice the former, so that most are told why. */
export const UNPROVEN_MAX = 2 * HALF_OPEN_MAX;
/** Half-open handshakes beyond which newcomers solve a puzzle first: half of what is admitted. */
const PUZZLE_FROM_HALF_OPEN = 128;
/** Its difficulty in bits: about 0.1 s of JavaScript. */
const PUZZLE_BITS = 16;
/** Plain HTTP requests of one address in a minute: twenty times what a health check asks. For a further one the connection is cut. */
export const REQUESTS_PER_MINUTE_MAX = 240;
/** TCP connections of one address in a minute, whatever becomes of them: twenty times what the default limits let become links. A further one is held against it. */
export const CONNECTS_PER_MINUTE_MAX = 240;
const MINUTE_MS = 60_000;
/** Addresses whose requests, and whose connections, are counted at once; the one that asked longest ago is forgotten. */
const REQUEST_SCOPES_MAX = 4_096;
/** When a full node may be asked again. */
const BUSY_RETRY_MS = 1_000;

export interface AdmissionOptions {
  readonly guard: Guard;
  readonly clock: Clock;
  readonly counters: Counters;
  /** Handshakes of strangers in a second that this node bears without a puzzle. */
  readonly handshakesPerSecond: () => number;
}

/** An accepted socket, by its address. */
export interface Stranger {
  readonly address: string;
}

/** Whether someone may go on: asked at each stage of coming in, the cheapest first, and before we dial. */
export class Admission {
  readonly #guard: Guard;
  readonly #clock: Clock;
  readonly #counters: Counters;
  readonly #handshakesPerSecond: () => number;
  /** Accepted sockets whose peer has not proven itself, with their address's scope. */
  readonly #halfOpen = new Map<Stranger, string>();
  readonly #perScope = new Map<string, number>();
  readonly #requests = new KeyedSlidingWindow(REQUESTS_PER_MINUTE_MAX, MINUTE_MS, REQUEST_SCOPES_MAX);
  readonly #connects = new KeyedSlidingWindow(CONNECTS_PER_MINUTE_MAX, MINUTE_MS, REQUEST_SCOPES_MAX);

  constructor({ guard, clock, counters, handshakesPerSecond }: AdmissionOptions) {
    this.#guard = guard;
    this.#clock = clock;
    this.#counters = counters;
    this.#handshakesPerSecond = handshakesPerSecond;
  }

  /** Accepted sockets whose peer has not proven itself. */
  get halfOpenCount(): number {
    return this.#halfOpen.size;
  }

  /** Whether a TCP connection from there is worth reading. */
  admits(remoteAddress: string): boolean {
    const nowMs = this.#clock.monotonicMs();
    if (this.#isBanned(remoteAddress, nowMs)) return false;
    if (this.#connects.take(addressScope(remoteAddress), nowMs)) return true;
    // Whether it is too much for this address is the guard's to say: a proxy has many clients.
    this.#blame(remoteAddress, 'PEER_CONNECT_FLOOD');
    return !this.#isBanned(remoteAddress, nowMs);
  }

  /** Whether a plain HTTP request from there is answered. */
  request(remoteAddress: string): boolean {
    const nowMs = this.#clock.monotonicMs();
    if (this.#requests.take(addressScope(remoteAddress), nowMs)) return true;
    this.#blame(remoteAddress, 'PEER_HTTP_FLOOD');
    return false;
  }

  /** What came from there is no HTTP. */
  garbled(remoteAddress: string): void {
    this.#blame(remoteAddress, 'PEER_NOT_HTTP');
  }

  /** Whether a request may become a WebSocket. */
  upgrade(remoteAddress: string, request: GuardRequest): UpgradeVerdict {
    const nowMs = this.#clock.monotonicMs();
    const address = this.#guard.clientAddress?.(remoteAddress, request) ?? remoteAddress;
    if (this.#halfOpen.size >= UNPROVEN_MAX) {
      this.#counters.add('MESH_BUSY');
      return { allowed: false, status: 503, retryAfterMs: BUSY_RETRY_MS };
    }
    const verdict = this.#guard.connection(address, nowMs, request);
    if (verdict.allowed) return { allowed: true, address };
    this.#counters.add(verdict.code);
    const { retryAfterMs } = verdict;
    return { allowed: false, status: retryAfterMs < Infinity ? 429 : 403, retryAfterMs };
  }

  /** A socket was accepted and has proven nothing. */
  opened(stranger: Stranger): void {
    const scope = addressScope(stranger.address);
    this.#halfOpen.set(stranger, scope);
    this.#perScope.set(scope, (this.#perScope.get(scope) ?? 0) + 1);
  }

  /** It has proven itself, or is gone. */
  settled(stranger: Stranger): void {
    const scope = this.#halfOpen.get(stranger);
    if (scope === undefined) return;
    this.#halfOpen.delete(stranger);
    const left = (this.#perScope.get(scope) ?? 1) - 1;
    if (left === 0) this.#perScope.delete(scope);
    else this.#perScope.set(scope, left);
  }

  /** Why a handshake that has sent its HELLO is not worth a key operation: wait a moment, or wait your turn. */
  handshake(address: string): 'MESH_BUSY' | 'MESH_RATE_LIMITED' | undefined {
    // What is half open counts the asking one too.
    const ofAddress = this.#perScope.get(addressScope(address)) ?? 0;
    if (this.#halfOpen.size > HALF_OPEN_MAX || ofAddress > HALF_OPEN_PER_ADDRESS_MAX) return 'MESH_BUSY';
    const verdict = this.#guard.handshake(address, this.#clock.monotonicMs());
    return this.#isAllowed(verdict) ? undefined : 'MESH_RATE_LIMITED';
  }

  /** Bits of the puzzle that a handshake must solve now. */
  puzzleBits(nowMs: number): number {
    const underLoad = this.#halfOpen.size > PUZZLE_FROM_HALF_OPEN ? PUZZLE_BITS : 0;
    return Math.max(underLoad, this.#guard.puzzleBits?.(nowMs, this.#handshakesPerSecond()) ?? 0);
  }

  /** Whether a node may be a neighbour, by the name that it gives. */
  peer(nodeId: NodeId, address: string, direction: PeerDirection): boolean {
    const verdict = this.#guard.peer?.({ nodeId, address, direction }, this.#clock.monotonicMs());
    return this.#isAllowed(verdict);
  }

  /** Whether a node that has proven its name becomes a neighbour. */
  link(nodeId: NodeId, address: string, direction: PeerDirection): boolean {
    const verdict = this.#guard.link?.({ nodeId, address, direction }, this.#clock.monotonicMs());
    return this.#isAllowed(verdict);
  }

  /** Whether that endpoint may be dialled. */
  dial({ url, expected }: Endpoint): boolean {
    const nowMs = this.#clock.monotonicMs();
    const verdict = this.#guard.dial?.({ host: hostOf(url), url, nodeId: expected }, nowMs);
    return this.#isAllowed(verdict);
  }

  #isBanned(address: string, nowMs: number): boolean {
    const isBanned = this.#guard.isBanned?.(address, nowMs) ?? false;
    if (isBanned) this.#counters.add('GUARD_BANNED');
    return isBanned;
  }

  #blame(address: string, code: PeerFaultCode): void {
    this.#counters.add(code);
    this.#guard.report({ address }, code, penaltyOf(code), this.#clock.monotonicMs());
  }

  #isAllowed(verdict: GuardVerdict | undefined): boolean {
    if (verdict === undefined || verdict.allowed) return true;
    this.#counters.add(verdict.code);
    return false;
  }
}
