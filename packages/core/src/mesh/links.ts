import type { NodeId } from '@yakmesh/crypto';
import type { CryptoJobs } from '../crypto-job.js';
import type { LinkErrorCode, MeshErrorCode, PeerFaultCode } from '../errors.js';
import type { HandshakeOutcome } from '../handshake/actions.js';
import type { LinkInfo } from '../link/control-frames.js';
import type { LinkAction } from '../link/link-actions.js';
import type { LinkEnd } from '../link/link-end.js';
import { LinkMachine, type LinkMachineOptions } from '../link/link-machine.js';
import type { Door, Socket, SocketHandlers, SocketLayer } from '../sockets/socket.js';
import { codeOf, type Clock, type Guard, type Random } from '../transport/index.js';
import type { Admission } from './admission.js';
import { hostOf } from './address.js';
import type { Counters } from './counters.js';
import { abortCode, callerCode, dialError } from './dial-errors.js';
import { Dials, type DialWish } from './dials.js';
import type { Endpoint } from './endpoint.js';
import type { HandshakeMaker } from './handshakes.js';
import type { LinkLayer, LinksEvents } from './link-layer.js';
import { duplicateWinner, Peer } from './peer.js';
import { penaltyOf } from './penalties.js';
import { Room, type DialPurpose, type Yielding } from './room.js';
import type { Session } from './session.js';
import type { SessionListener } from './session-listener.js';
import { Sessions } from './sessions.js';

/** How long `stop` waits at most for queues to empty. */
const FLUSH_MS = 1_000;
const FLUSH_POLL_MS = 5;

type LinkParts = Omit<LinkMachineOptions, 'outcome'>;

export interface LinksOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly sockets: SocketLayer;
  readonly guard: Guard;
  readonly counters: Counters;
  readonly jobs: (neighbour: string) => CryptoJobs;
  readonly admission: Admission;
  readonly handshakes: HandshakeMaker;
  /** Our own node id. */
  readonly self: Uint8Array;
  readonly networkHashes: readonly [Uint8Array, ...Uint8Array[]];
  readonly maxPeers: number;
  /** Who gives a place up when there is no room. */
  readonly yielding: Yielding;
  readonly link: () => LinkParts;
  /** Another end of a proven link than one that seals records: simulations bring one. */
  readonly createLink?: ((options: LinkMachineOptions, nowMs: number) => LinkEnd) | undefined;
  readonly events: LinksEvents;
}

/** All links of a node: accepts, dials, keeps one a peer, and ends them. */
export class Links implements LinkLayer, SessionListener {
  readonly #options: LinksOptions;
  readonly #peers = new Map<NodeId, Peer<Session>>();
  readonly #dials = new Dials();
  readonly #sessions: Sessions;
  readonly #room: Room;
  #isStopping = false;

  constructor(options: LinksOptions) {
    this.#options = options;
    this.#room = new Room(options.maxPeers, () => this.#peers.values(), options.yielding);
    const { clock, random, jobs } = options;
    this.#sessions = new Sessions({ clock, random, jobs, listener: this });
  }

  get peers(): readonly Peer<Session>[] {
    return [...this.#peers.values()];
  }

  get peerCount(): number {
    return this.#peers.size;
  }

  sendInfo(): void {
    this.#sessions.sendInfo();
  }

  peer(nodeId: NodeId): Peer<Session> | undefined {
    return this.#peers.get(nodeId);
  }

  /** How strangers come in. */
  get door(): Door {
    const { admission } = this.#options;
    return {
      admits: (remoteAddress) => !this.#isStopping && admission.admits(remoteAddress),
      request: (remoteAddress) => admission.request(remoteAddress),
      garbled: (remoteAddress) => admission.garbled(remoteAddress),
      upgrade: (remoteAddress, request) => admission.upgrade(remoteAddress, request),
      accept: (socket) => this.#accept(socket),
    };
  }

  /** Dials; resolves when the peer has accepted. Rejects with the code that says why not. */
  async dial(endpoint: Endpoint, purpose: DialPurpose, signal: AbortSignal): Promise<Peer<Session>> {
    const wish = { endpoint, purpose, signal };
    const [own, ...accepted] = this.#options.networkHashes;
    try {
      return await this.#dialAs(own, wish);
    } catch (error) {
      // A peer that knows only an older network which we accept: we speak as a member of that one.
      for (const networkHash of codeOf(error) === 'MESH_NETWORK_MISMATCH' ? accepted : []) {
        const peer = await this.#dialAs(networkHash, wish).catch(() => undefined);
        if (peer !== undefined) return peer;
      }
      throw error;
    }
  }

  /** Ends every session; resolves when the last socket is gone. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const session of this.#dials.sessions) session.close('MESH_STOPPED');
    await this.#flushed();
    await this.#sessions.stop();
  }

  link(session: Session, outcome: HandshakeOutcome): LinkEnd | LinkErrorCode {
    if (this.#isStopping) return 'LINK_CLOSED';
    const { admission } = this.#options;
    admission.settled(session);
    if (session.role === 'responder' && !this.#hasRoom(session, outcome)) return 'LINK_FULL';
    if (!admission.link(outcome.nodeId, session.address, session.direction)) return 'LINK_DENIED';
    session.isLinked = true;
    const parts = { ...this.#options.link(), outcome };
    const nowMs = this.#sessions.runningMs();
    return this.#options.createLink?.(parts, nowMs) ?? new LinkMachine(parts, nowMs);
  }

  established(session: Session, info: LinkInfo): void {
    const { outcome } = session;
    if (outcome === undefined) return;
    const dial = this.#dials.take(session);
    const known = this.#peers.get(outcome.nodeId);
    if (known?.session === session) {
      known.info = info;
      return;
    }
    if (known !== undefined) {
      this.#resolveDuplicate(known, session, outcome, info);
      dial?.resolve(known);
      return;
    }
    const purpose = dial?.purpose ?? outcome.params.purpose;
    const isHeld =
      session.role === 'initiator' ? purpose === 'hold' : this.#room.holds(outcome.params.purpose);
    if (!isHeld && !this.#room.enters(purpose, session.role)) {
      session.close('LINK_FULL');
      dial?.reject('MESH_FULL');
      return;
    }
    const peer = new Peer(session, outcome, info);
    peer.dialled = dial?.endpoint.url;
    peer.isHeld = isHeld;
    this.#peers.set(outcome.nodeId, peer);
    this.#options.events.connected(peer);
    dial?.resolve(peer);
  }

  action(session: Session, action: LinkAction): void {
    const peer = session.nodeId === undefined ? undefined : this.#peers.get(session.nodeId);
    if (peer === undefined) return;
    if (action.type === 'info') peer.info = action.info;
    this.#options.events.action(peer, action, session);
  }

  closed(session: Session, code: MeshErrorCode | PeerFaultCode, isRemote: boolean): void {
    const { counters, events, admission } = this.#options;
    this.#sessions.closed(session);
    admission.settled(session);
    counters.add(isRemote ? `remote:${code}` : code);
    this.#tellGuard(session, isRemote ? 0 : penaltyOf(code), code);
    const dial = this.#dials.take(session);
    dial?.reject(callerCode(code));
    const peer = session.nodeId === undefined ? undefined : this.#peers.get(session.nodeId);
    if (peer === undefined || peer.session !== session) {
      if (peer !== undefined) this.#moveUnsent(session, peer);
      else events.refused(session, code);
      return;
    }
    const survivor = this.#sessions.otherThan(session);
    if (survivor !== undefined) {
      peer.session = survivor;
      this.#moveUnsent(session, peer);
      return;
    }
    this.#peers.delete(peer.nodeId);
    events.disconnected(peer, code);
  }

  gone(session: Session): void {
    this.#sessions.gone(session);
  }

  drained(session: Session): void {
    const peer = session.nodeId === undefined ? undefined : this.#peers.get(session.nodeId);
    if (peer !== undefined) this.#options.events.drained(peer);
  }

  /** What was said before `stop` still leaves, to peers that take it. */
  async #flushed(): Promise<void> {
    const { clock } = this.#options;
    const untilMs = clock.monotonicMs() + FLUSH_MS;
    const isWaiting = (peer: Peer<Session>): boolean => peer.queuedBytes > 0 && !peer.isSuspect;
    while (this.peers.some(isWaiting) && clock.monotonicMs() < untilMs) {
      await new Promise<void>((resolve) => {
        clock.setTimer(FLUSH_POLL_MS, resolve);
      });
    }
  }

  /** Peers that have been accepted and have not said anything yet take room too. */
  #hasRoom(newcomer: Session, { nodeId, params }: HandshakeOutcome): boolean {
    if (this.#peers.has(nodeId)) return true;
    return this.#room.admits(params.purpose, 'responder', this.#sessions.silentBeside(newcomer, nodeId));
  }

  /** Takes an accepted socket. */
  #accept(socket: Socket): SocketHandlers {
    const { handshakes, admission } = this.#options;
    const address = socket.remoteAddress;
    const session = this.#sessions.open('responder', handshakes.responder(address), address);
    admission.opened(session);
    session.attach(socket);
    return session.handlers;
  }

  /** Only a proven node is blamed by name, and only an address that came to us by address. */
  #tellGuard(session: Session, penalty: number, code: string): void {
    const { clock, guard } = this.#options;
    const { direction, address, nodeId, isLinked, openedMs } = session;
    const nowMs = clock.monotonicMs();
    const subject = { nodeId, address: direction === 'inbound' ? address : undefined };
    const isBlamed = subject.nodeId !== undefined || subject.address !== undefined;
    if (penalty > 0 && isBlamed) guard.report(subject, code, penalty, nowMs);
    const proven = isLinked ? nodeId : undefined;
    guard.released?.({ address, direction, nodeId: proven, livedMs: nowMs - openedMs }, nowMs);
  }

  #dialAs(networkHash: Uint8Array, wish: DialWish): Promise<Peer<Session>> {
    const { endpoint, purpose, signal } = wish;
    const fail = (code: MeshErrorCode): Promise<never> => Promise.reject(dialError(code, endpoint));
    if (this.#isStopping) return fail('MESH_STOPPED');
    if (signal.aborted) return fail(abortCode(signal.reason));
    const known = endpoint.expected === undefined ? undefined : this.#peers.get(endpoint.expected);
    if (known !== undefined) return Promise.resolve(known);
    if (!this.#room.admits(purpose, 'initiator')) return fail('MESH_FULL');
    const { handshakes, admission } = this.#options;
    if (!admission.dial(endpoint)) return fail('LINK_DENIED');
    const machine = handshakes.initiator(networkHash, endpoint, purpose === 'swap' ? 'fill' : purpose);
    const session = this.#sessions.open('initiator', machine, hostOf(endpoint.url));
    const dialled = this.#dials.wait(session, wish);
    this.#connect(session, endpoint.url);
    return dialled;
  }

  #connect(session: Session, url: string): void {
    try {
      session.attach(this.#options.sockets.dial(url, session.handlers));
    } catch {
      session.close('MESH_CONNECT_FAILED');
    }
  }

  #resolveDuplicate(peer: Peer<Session>, session: Session, outcome: HandshakeOutcome, info: LinkInfo): void {
    const before = peer.session;
    const { outcome: beforeOutcome } = before;
    if (beforeOutcome === undefined) return;
    const winner = duplicateWinner(this.#options.self, beforeOutcome, outcome);
    if (winner === 'new') {
      peer.session = session;
      peer.info = info;
    }
    const loser = winner === 'new' ? before : session;
    // Dialled twice by the peer: which of the two came last, only the peer knows. It has a while to retire the other.
    const isPeersChoice = beforeOutcome.role === outcome.role && outcome.role === 'responder';
    const isRestart = beforeOutcome.params.bootId.join() !== outcome.params.bootId.join();
    if (isPeersChoice && !isRestart) return loser.retireLater(() => this.#retire(loser, peer));
    this.#retire(loser, peer);
  }

  #retire(loser: Session, peer: Peer<Session>): void {
    // The winner may have ended meanwhile.
    if (peer.session === loser) return;
    for (const item of loser.retire()) peer.session.enqueue(item);
  }

  #moveUnsent(session: Session, peer: Peer<Session>): void {
    for (const item of session.machine?.takeUnsent() ?? []) peer.session.enqueue(item);
  }
}
