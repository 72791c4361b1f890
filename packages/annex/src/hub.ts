import {
  bytesKey,
  decodeNodeId,
  kemOfSuite,
  wipe,
  type Kem,
  type NodeId,
  type SigningIdentity,
} from '@yakmesh/crypto';
import type { MeshTransport, Priority, ProtocolPort } from '@yakmesh/core/transport';
import type { Answer } from './answer.js';
import { Answers } from './answers.js';
import { Call } from './call.js';
import { AnnexError } from './errors.js';
import { Dispatcher } from './dispatcher.js';
import type { FlowLine } from './flow-line.js';
import type { HandshakeOutcome, HandshakeSelf } from './handshake/actions.js';
import { encodeParams } from './handshake/params.js';
import { Tickets } from './handshake/resumption.js';
import { HubCrypto } from './hub-crypto.js';
import { hasAccess, type HubListener } from './hub-listener.js';
import { LiveSessions } from './live-sessions.js';
import { ANNEX_DEFAULTS, type AnnexConfig } from './options.js';
import { SessionDriver } from './session-driver.js';
import type { SessionDriverOptions } from './session-options.js';
import { CloseCode, SESSION_WINDOW_BYTES, STREAM_WINDOW_BYTES } from './session/limits.js';
import { Tombstones } from './tombstones.js';

/** The protocol under which flows are opened. */
const PROTOCOL = 'annex/1';
/** Everything that the channels of one mesh share: one protocol, one listener, the calls, answers and sessions. */
export class Hub {
  readonly port: ProtocolPort;
  readonly crypto: HubCrypto;
  readonly #mesh: MeshTransport;
  readonly #identity: SigningIdentity;
  readonly #kem: Kem;
  readonly #calls = new Map<string, Call>();
  readonly #callsByPeer = new Map<NodeId, Call>();
  readonly #answers: Answers;
  readonly #sessions = new LiveSessions();
  readonly #tickets = new Tickets();
  readonly #tombstones: Tombstones;
  readonly #dispatcher: Dispatcher;
  readonly #counters = new Map<string, number>();
  #listener: HubListener | undefined;
  #isStopped = false;

  constructor(mesh: MeshTransport, identity: SigningIdentity, released: () => void) {
    const kem = kemOfSuite(mesh.network.suite);
    if (kem === undefined) throw new TypeError('This network has a suite that is not known here.');
    this.#mesh = mesh;
    this.#identity = identity;
    this.#kem = kem;
    this.port = mesh.open(PROTOCOL, {
      flow: (flow, info) => this.#dispatcher.opened(flow, info),
      stop: () => {
        this.#stop();
        released();
      },
    });
    this.crypto = new HubCrypto(this.port, identity);
    this.#tombstones = new Tombstones(this.port.clock);
    this.#answers = new Answers({
      hub: this,
      kem,
      networkHashes: () => mesh.network.hashes,
      self: () => this.#self(this.#listener?.config ?? this.#defaultConfig(undefined), false),
      tickets: this.#tickets,
      tombstones: this.#tombstones,
    });
    this.#dispatcher = new Dispatcher({
      answers: this.#answers,
      sessions: this.#sessions,
      calls: this.#calls,
      tombstones: this.#tombstones,
      isAnswering: () => this.#listener !== undefined || this.#callsByPeer.size > 0,
      count: (code) => this.count(code),
    });
  }

  /** What others sent that was dropped, by code. */
  get counters(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counters);
  }

  count(code: string): void {
    this.#counters.set(code, (this.#counters.get(code) ?? 0) + 1);
  }

  /** Answers how to stop listening. */
  listen(listener: HubListener): () => void {
    if (this.#listener !== undefined)
      throw new AnnexError('ANNEX_LISTENING', 'This mesh has a listener already; close it first.');
    this.#listener = listener;
    return () => {
      if (this.#listener === listener) this.#listener = undefined;
    };
  }

  /** The session with a peer: the one that is there, the one that is being opened, or a new one. */
  call(peerId: NodeId, isAnonymous: boolean, config: AnnexConfig): Promise<SessionDriver> {
    const live = isAnonymous ? undefined : this.#sessions.with(peerId);
    if (live !== undefined && !live.isClosed) return Promise.resolve(live);
    const pending = isAnonymous ? undefined : this.#callsByPeer.get(peerId);
    if (pending !== undefined) return pending.session;
    const nodeIdBytes = decodeNodeId(peerId);
    const networkHash = this.#mesh.network.hashes[0];
    if (nodeIdBytes === undefined || networkHash === undefined)
      throw new TypeError('peerId is a node id: yak1…');
    const { clock, random } = this.port;
    const nowMs = clock.monotonicMs();
    const call = new Call(
      this,
      {
        kem: this.#kem,
        networkHash,
        self: this.#self(config, isAnonymous),
        peer: { nodeId: peerId, nodeIdBytes },
        isAnonymous,
        ticket: isAnonymous || config.resumeMs === 0 ? undefined : this.#tickets.take(peerId, nowMs),
        random,
        nowMs,
      },
      config,
    );
    this.#calls.set(bytesKey(call.sessionId), call);
    if (!isAnonymous) this.#callsByPeer.set(peerId, call);
    return call.session;
  }

  callEnded(call: Call): void {
    this.#calls.delete(bytesKey(call.sessionId));
    for (const [peer, known] of this.#callsByPeer) if (known === call) this.#callsByPeer.delete(peer);
  }

  answerEnded(answer: Answer): void {
    this.#answers.remove(answer);
  }

  async openFlow(to: NodeId, body: Uint8Array, priority: Priority): Promise<FlowLine> {
    return this.#dispatcher.attach(await this.port.openFlow(to, { body, priority }));
  }

  /** A session from a proven handshake. With `reopenTo` it finds another way when its flow is lost. */
  addSession(
    outcome: HandshakeOutcome,
    line: FlowLine,
    config: AnnexConfig,
    reopenTo: NodeId,
  ): SessionDriver {
    const session = this.#session(outcome, line, config, {
      reopen: (body) => this.openFlow(reopenTo, body, config.priority),
    });
    const { peerId } = session;
    const enter = (): void => {
      if (peerId === null || outcome.isAnonymous) return wipe(outcome.secrets.psk);
      this.#sessions.enter(peerId, session);
      this.#keepTicket(outcome, config);
    };
    session.confirmed.then(enter, () => wipe(outcome.secrets.psk));
    return session;
  }

  /** For the next session with this peer; the signatures of this one, or of the one that it resumed, go on ageing. */
  #keepTicket({ peer, secrets, resumed }: HandshakeOutcome, { resumeMs }: AnnexConfig): void {
    const nowMs = this.port.clock.monotonicMs();
    const endMs = Math.min(nowMs + resumeMs, resumed?.endMs ?? Infinity);
    if (peer === undefined || endMs <= nowMs) return wipe(secrets.psk);
    this.#tickets.keep({ id: secrets.ticketId, psk: secrets.psk, peer, endMs }, nowMs);
  }

  #session(
    outcome: HandshakeOutcome,
    line: FlowLine,
    config: AnnexConfig,
    further: Pick<SessionDriverOptions, 'reopen' | 'refusal'>,
  ): SessionDriver {
    const session = new SessionDriver({
      port: this.port,
      jobs: this.crypto.jobs,
      outcome,
      config,
      line,
      count: (code) => this.count(code),
      ended: (ended, lastWords) => this.#sessionEnded(ended, lastWords),
      ...further,
    });
    this.#sessions.add(session);
    return session;
  }

  /** Somebody has proven who it is: whether it is wanted, and which of two sessions stays. */
  async proven(answer: Answer, outcome: HandshakeOutcome): Promise<void> {
    const sid = bytesKey(outcome.ownSession);
    const code = await this.#verdict(answer, outcome);
    this.answerEnded(answer);
    if (this.#isStopped) return;
    this.#tombstones.bury(answer.openHash, undefined);
    this.#sessions.answeredBy(sid, answer);
    const { peer } = outcome;
    const call = peer === undefined ? undefined : this.#callsByPeer.get(peer.nodeId);
    const config = this.#listener?.config ?? this.#defaultConfig(call);
    const refusal = code ?? (this.#sessions.isFull ? CloseCode.LIMIT : undefined);
    const previous = peer === undefined ? undefined : this.#sessions.with(peer.nodeId);
    const session = this.#session(outcome, answer.line, config, { reopen: undefined, refusal });
    if (refusal !== undefined) return wipe(outcome.secrets.psk);
    if (peer !== undefined) this.#sessions.enter(peer.nodeId, session);
    this.#keepTicket(outcome, config);
    if (previous !== undefined && !previous.isClosed) void previous.close(CloseCode.REPLACED, '', false);
    if (call !== undefined) call.adopt(session);
    else this.#listener?.accepted(session);
  }

  async #verdict(answer: Answer, outcome: HandshakeOutcome): Promise<CloseCode | undefined> {
    const { peer } = outcome;
    const listener = this.#listener;
    if (peer === undefined) return listener?.allowAnonymous === true ? undefined : CloseCode.DENIED;
    if (this.#callsByPeer.has(peer.nodeId))
      return this.#isOurs(peer.nodeIdBytes) ? CloseCode.DUPLICATE : undefined;
    const live = this.#sessions.with(peer.nodeId);
    // An OPEN from before the live session is the loser of a simultaneous one; a later one says that the other end lost it.
    if (live !== undefined && !live.isClosed && answer.openedMs < live.establishedMs)
      return CloseCode.DUPLICATE;
    if (listener === undefined) return CloseCode.DENIED;
    return (await hasAccess(this.port, listener, peer.nodeId)) ? undefined : CloseCode.DENIED;
  }

  /** Of two calls at once the one of the smaller id stays. */
  #isOurs(peer: Uint8Array): boolean {
    const own = this.#identity.nodeIdBytes;
    const at = own.findIndex((byte, index) => byte !== peer[index]);
    return (own[at] ?? 0) < (peer[at] ?? 0);
  }

  #sessionEnded(session: SessionDriver, lastWords: Uint8Array | undefined): void {
    this.#tombstones.bury(this.#sessions.remove(session), lastWords);
  }

  #self(config: AnnexConfig, isAnonymous: boolean): HandshakeSelf {
    const { nodeId, nodeIdBytes, publicKey } = this.#identity;
    const params = encodeParams({
      isAnonymous,
      idleSeconds: Math.ceil(config.idleMs / 1_000),
      sessionWindow: SESSION_WINDOW_BYTES,
      streamWindow: STREAM_WINDOW_BYTES,
    });
    return { nodeId, nodeIdBytes, publicKey, params };
  }

  #defaultConfig(call: Call | undefined): AnnexConfig {
    const any = call ?? this.#callsByPeer.values().next().value;
    return any?.config ?? ANNEX_DEFAULTS;
  }

  #stop(): void {
    this.#isStopped = true;
    for (const call of [...this.#calls.values()])
      call.fail(new AnnexError('ANNEX_CLOSED', 'The mesh was stopped.'));
    this.#answers.stop();
    this.#sessions.abandon();
    this.#tickets.clear();
    this.crypto.close();
  }
}

const hubs = new WeakMap<MeshTransport, { readonly hub: Hub; readonly identity: SigningIdentity }>();

/** The hub of a mesh, shared by all its channels. @throws TypeError for another identity than the mesh's. */
export function hubOf(mesh: MeshTransport, identity: SigningIdentity): Hub {
  if (identity.nodeId !== mesh.nodeId)
    throw new TypeError('A channel shows the identity of the mesh that it runs over; give that one.');
  const known = hubs.get(mesh);
  if (known !== undefined) return known.hub;
  const hub = new Hub(mesh, identity, () => void hubs.delete(mesh));
  hubs.set(mesh, { hub, identity });
  return hub;
}
