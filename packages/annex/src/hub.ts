import {
  bytesToHex,
  decodeNodeId,
  equalBytes,
  kemOfSuite,
  PuzzleIssuer,
  sha256,
  type Kem,
  type NodeId,
  type SigningIdentity,
} from '@yakmesh/crypto';
import {
  BoundedMap,
  SlidingWindow,
  withAbort,
  combineSignals,
  type Flow,
  type FlowInfo,
  type FlowMessageInfo,
  type MeshTransport,
  type Priority,
  type ProtocolPort,
} from '@yakmesh/core/transport';
import { Answer } from './answer.js';
import { Call } from './call.js';
import { AnnexError } from './errors.js';
import { FlowLine } from './flow-line.js';
import type { HandshakeOutcome, HandshakeSelf } from './handshake/actions.js';
import {
  ANNEX_VERSION,
  decodeHeader,
  decodeOpen,
  decodePadded,
  encodeChallenge,
  encodeRefuse,
  HandshakeType,
  HEADER_BYTES,
  isHandshake,
  NETWORK_PREFIX_BYTES,
  padHandshake,
  RefuseCode,
  SESSION_BYTES,
  type Open,
} from './handshake/messages.js';
import { encodeParams } from './handshake/params.js';
import { HubCrypto } from './hub-crypto.js';
import { ANNEX_DEFAULTS, type AnnexConfig } from './options.js';
import { decodeRecordHeader } from './record/header.js';
import { SessionDriver } from './session-driver.js';
import type { SessionDriverOptions } from './session-options.js';
import { CloseCode, SESSION_WINDOW_BYTES, STREAM_WINDOW_BYTES } from './session/limits.js';

/** The protocol under which flows are opened. */
const PROTOCOL = 'annex/1';
/** Handshakes under way that others opened, in all and through one neighbour. */
const ANSWERS_MAX = 256;
const ANSWERS_PER_NEIGHBOUR_MAX = 64;
/** OPENs that are answered in a second: each costs an encapsulation. */
const ANSWERS_PER_SECOND = 100;
const ANSWERS_WINDOW_MS = 1_000;
/** From so many in a second on, a puzzle is demanded; it grows by a bit with each further share. */
const ANSWERS_PER_SECOND_FREE = 32;
const PUZZLE_BITS = 16;
const PUZZLE_BITS_STEP = 16;
/** Channels at once. */
const SESSIONS_MAX = 4_096;
/** Sessions and OPENs of the past that are remembered. */
const TOMBSTONES_MAX = 8_192;
const TOMBSTONE_MS = 120_000;
/** An access rule may take so long; then the answer is no. */
const ACCESS_MS = 5_000;
const PUZZLE_PARTS = 8;
const PUZZLE_EXPIRY_SECONDS = 60;
const PUZZLE_SECRET_BYTES = 32;

/** Who takes channels that others open. */
export interface HubListener {
  readonly config: AnnexConfig;
  readonly allowAnonymous: boolean;
  access(peerId: NodeId): boolean | Promise<boolean>;
  accepted(session: SessionDriver): void;
}

interface Tombstone {
  readonly endMs: number;
  /** CLOSE, for whoever has not heard it. */
  readonly lastWords: Uint8Array | undefined;
}

/** Everything that the channels of one mesh share: one protocol, one listener, the calls, answers and sessions. */
export class Hub {
  readonly port: ProtocolPort;
  readonly crypto: HubCrypto;
  readonly #mesh: MeshTransport;
  readonly #identity: SigningIdentity;
  readonly #kem: Kem;
  readonly #calls = new Map<string, Call>();
  readonly #callsByPeer = new Map<NodeId, Call>();
  readonly #answers = new Map<string, Answer>();
  readonly #answersByOpen = new Map<string, Answer>();
  readonly #sessions = new Map<string, SessionDriver>();
  readonly #confirmedBy = new Map<string, Answer>();
  readonly #sessionsByPeer = new Map<NodeId, SessionDriver>();
  readonly #tombstones = new BoundedMap<string, Tombstone>(TOMBSTONES_MAX);
  readonly #puzzles: PuzzleIssuer;
  readonly #rate: SlidingWindow;
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
      flow: (flow, info) => this.#opened(flow, info),
      stop: () => {
        this.#stop();
        released();
      },
    });
    this.crypto = new HubCrypto(this.port, identity);
    this.#rate = new SlidingWindow(ANSWERS_PER_SECOND, ANSWERS_WINDOW_MS);
    const secret = this.port.random.bytes(PUZZLE_SECRET_BYTES);
    this.#puzzles = new PuzzleIssuer({ secret, bits: (nowMs) => this.#puzzleBits(nowMs) });
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
    const live = isAnonymous ? undefined : this.#sessionsByPeer.get(peerId);
    if (live !== undefined && !live.isClosed) return Promise.resolve(live);
    const pending = isAnonymous ? undefined : this.#callsByPeer.get(peerId);
    if (pending !== undefined) return pending.session;
    const nodeIdBytes = decodeNodeId(peerId);
    const networkHash = this.#mesh.network.hashes[0];
    if (nodeIdBytes === undefined || networkHash === undefined)
      throw new TypeError('peerId is a node id: yak1…');
    const { clock, random } = this.port;
    const call = new Call(
      this,
      {
        kem: this.#kem,
        networkHash,
        self: this.#self(config, isAnonymous),
        peer: { nodeId: peerId, nodeIdBytes },
        isAnonymous,
        random,
        nowMs: clock.monotonicMs(),
      },
      config,
    );
    this.#calls.set(bytesToHex(call.sessionId), call);
    if (!isAnonymous) this.#callsByPeer.set(peerId, call);
    return call.session;
  }

  callEnded(call: Call): void {
    this.#calls.delete(bytesToHex(call.sessionId));
    for (const [peer, known] of this.#callsByPeer) if (known === call) this.#callsByPeer.delete(peer);
  }

  answerEnded(answer: Answer): void {
    this.#answers.delete(bytesToHex(answer.sessionId));
    this.#answersByOpen.delete(answer.openHash);
  }

  async openFlow(to: NodeId, body: Uint8Array, priority: Priority): Promise<FlowLine> {
    return this.#attach(await this.port.openFlow(to, { body, priority }));
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
      if (peerId !== null && !outcome.isAnonymous) this.#enter(peerId, session);
    };
    session.confirmed.then(enter, () => undefined);
    return session;
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
      ended: (ended, lastWords) => this.#sessionEnded(ended, lastWords),
      ...further,
    });
    this.#sessions.set(bytesToHex(outcome.ownSession), session);
    return session;
  }

  /** Somebody has proven who it is: whether it is wanted, and which of two sessions stays. */
  async proven(answer: Answer, outcome: HandshakeOutcome): Promise<void> {
    const sid = bytesToHex(outcome.ownSession);
    const code = await this.#verdict(answer, outcome);
    this.answerEnded(answer);
    if (this.#isStopped) return;
    this.#bury(answer.openHash, undefined);
    this.#confirmedBy.set(sid, answer);
    const { peer } = outcome;
    const call = peer === undefined ? undefined : this.#callsByPeer.get(peer.nodeId);
    const config = this.#listener?.config ?? this.#defaultConfig(call);
    const isFull = this.#sessions.size >= SESSIONS_MAX;
    const refusal = code ?? (isFull ? CloseCode.LIMIT : undefined);
    const previous = peer === undefined ? undefined : this.#sessionsByPeer.get(peer.nodeId);
    const session = this.#session(outcome, answer.line, config, { reopen: undefined, refusal });
    if (refusal !== undefined) return;
    if (peer !== undefined) this.#enter(peer.nodeId, session);
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
    const live = this.#sessionsByPeer.get(peer.nodeId);
    // An OPEN from before the live session is the loser of a simultaneous one; a later one says that the other end lost it.
    if (live !== undefined && !live.isClosed && answer.openedMs < live.establishedMs)
      return CloseCode.DUPLICATE;
    if (listener === undefined) return CloseCode.DENIED;
    return (await this.#hasAccess(listener, peer.nodeId)) ? undefined : CloseCode.DENIED;
  }

  /** Of two calls at once the one of the smaller id stays. */
  #isOurs(peer: Uint8Array): boolean {
    const own = this.#identity.nodeIdBytes;
    const at = own.findIndex((byte, index) => byte !== peer[index]);
    return (own[at] ?? 0) < (peer[at] ?? 0);
  }

  async #hasAccess(listener: HubListener, peerId: NodeId): Promise<boolean> {
    const limit = combineSignals({ clock: this.port.clock, timeoutMs: ACCESS_MS });
    try {
      return await withAbort(limit.signal, Promise.resolve(listener.access(peerId)));
    } catch (error) {
      this.port.log.warn({ error }, 'an access rule failed, which counts as a no');
      return false;
    } finally {
      limit.dispose();
    }
  }

  #enter(peerId: NodeId, session: SessionDriver): void {
    if (!session.isClosed) this.#sessionsByPeer.set(peerId, session);
  }

  #sessionEnded(session: SessionDriver, lastWords: Uint8Array | undefined): void {
    const sid = bytesToHex(session.outcome.ownSession);
    this.#sessions.delete(sid);
    this.#confirmedBy.delete(sid);
    for (const [peer, known] of this.#sessionsByPeer)
      if (known === session) this.#sessionsByPeer.delete(peer);
    this.#bury(sid, lastWords);
  }

  #bury(name: string, lastWords: Uint8Array | undefined): void {
    this.#tombstones.set(name, { endMs: this.port.clock.monotonicMs() + TOMBSTONE_MS, lastWords });
  }

  #tombstone(name: string): Tombstone | undefined {
    const found = this.#tombstones.get(name);
    return found !== undefined && found.endMs > this.port.clock.monotonicMs() ? found : undefined;
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

  #attach(flow: Flow): FlowLine {
    const line = new FlowLine(flow);
    flow.handle({
      message: (body, info) => this.#message(body, line, info),
      drain: () => line.owner?.drained(line),
      close: () => {
        line.isOpen = false;
        line.owner?.lost(line);
      },
    });
    return line;
  }

  /** A flow that somebody opened: it begins with an OPEN, or with a record of a session that comes another way. */
  #opened(flow: Flow, info: FlowInfo): void {
    const { body } = info;
    if (!isHandshake(body)) return this.#recordOpened(flow, body);
    const message = decodePadded(body);
    if (message === undefined || decodeHeader(message)?.type !== HandshakeType.OPEN)
      return this.count('PEER_BAD_MESSAGE');
    if (this.#listener === undefined && this.#callsByPeer.size === 0) return this.count('PEER_UNEXPECTED');
    this.#open(message, this.#attach(flow));
  }

  #recordOpened(flow: Flow, body: Uint8Array): void {
    const header = decodeRecordHeader(body);
    const sid = header === undefined ? '' : bytesToHex(header.session);
    const session = this.#sessions.get(sid);
    const buried = this.#tombstone(sid);
    if (session !== undefined) return session.receive(body, this.#attach(flow), { isCongested: false });
    if (buried?.lastWords === undefined) return this.count('PEER_UNEXPECTED');
    const line = this.#attach(flow);
    line.send(buried.lastWords);
    line.close();
  }

  #message(body: Uint8Array, line: FlowLine, info: FlowMessageInfo): void {
    if (!isHandshake(body)) {
      const header = decodeRecordHeader(body);
      const session = header === undefined ? undefined : this.#sessions.get(bytesToHex(header.session));
      return session === undefined ? this.count('PEER_UNEXPECTED') : session.receive(body, line, info);
    }
    const message = decodePadded(body);
    const type = message === undefined ? undefined : decodeHeader(message)?.type;
    if (message === undefined || type === undefined) return this.count('PEER_BAD_MESSAGE');
    if (type === HandshakeType.OPEN) return this.#open(message, line);
    // Every other message names its receiver's session first.
    const sid = bytesToHex(message.subarray(HEADER_BYTES, HEADER_BYTES + SESSION_BYTES));
    if (type === HandshakeType.CONFIRM) return this.#confirm(message, sid, line);
    const call = this.#calls.get(sid);
    if (call === undefined) return this.count('PEER_UNEXPECTED');
    call.receive(message);
  }

  #confirm(message: Uint8Array, sid: string, line: FlowLine): void {
    const answer = this.#answers.get(sid);
    if (answer !== undefined) return answer.receive(message, line);
    if (this.#confirmedBy.get(sid)?.isConfirmed(message) === true) this.#sessions.get(sid)?.confirmedAgain();
    else this.count('PEER_UNEXPECTED');
  }

  /** PROTOCOL.md "At B, for an OPEN". */
  #open(message: Uint8Array, line: FlowLine): void {
    const nowMs = this.port.clock.monotonicMs();
    // 1. Length, version and suite.
    const header = decodeHeader(message);
    const sid = message.slice(2 * HEADER_BYTES, 2 * HEADER_BYTES + SESSION_BYTES);
    if (header?.version !== ANNEX_VERSION || header.suite !== this.#kem.suite)
      return this.#refuse(line, sid, RefuseCode.VERSION, 'PEER_BAD_VERSION');
    const open = decodeOpen(message);
    if (open === undefined) return this.#drop(line, 'PEER_BAD_MESSAGE');
    // 2. The network, by its prefix; a colliding prefix fails at the tag.
    const networkHash = this.#mesh.network.hashes.find((hash) =>
      equalBytes(hash.subarray(0, NETWORK_PREFIX_BYTES), open.networkPrefix),
    );
    if (networkHash === undefined) return this.#drop(line, 'PEER_BAD_NETWORK');
    // 3. The same OPEN before?
    const openHash = bytesToHex(sha256(message));
    const known = this.#answersByOpen.get(openHash);
    if (known !== undefined) return known.again(line);
    if (this.#tombstone(openHash) !== undefined) return this.count('PEER_UNEXPECTED');
    // 4. A puzzle, where we are under load; 5. room and rate.
    if (!this.#isPuzzleSolved(open, line, nowMs)) return;
    if (!this.#hasRoom(line) || !this.#rate.take(nowMs))
      return this.#refuse(line, sid, RefuseCode.BUSY, 'PEER_UNEXPECTED');
    // 6. Only now the KEM.
    const config = this.#listener?.config ?? this.#defaultConfig(undefined);
    const { random } = this.port;
    const self = this.#self(config, false);
    const options = { kem: this.#kem, networkHash, self, random, open, openBytes: message, nowMs };
    const answer = new Answer(this, line, options, openHash);
    this.#answers.set(bytesToHex(answer.sessionId), answer);
    this.#answersByOpen.set(openHash, answer);
  }

  #isPuzzleSolved(open: Open, line: FlowLine, nowMs: number): boolean {
    const scope = line.via;
    if (line.challengeBits > 0) {
      // The same OPEN without a solution was under way when the challenge went out.
      if (open.puzzle.every((byte) => byte === 0)) return false;
      if (this.#puzzles.check(scope, open, line.challengeBits, nowMs)) return true;
      this.#refuse(line, open.session.slice(), RefuseCode.PUZZLE, 'PEER_PUZZLE');
      return false;
    }
    const bits = this.#puzzles.bitsDemanded(nowMs);
    if (bits === 0) return true;
    line.challengeBits = bits;
    const { seed } = this.#puzzles.issue(scope, bits, nowMs);
    const challenge = { suite: this.#kem.suite, session: open.session, seed, bits, count: PUZZLE_PARTS };
    line.send(padHandshake(encodeChallenge({ ...challenge, expirySeconds: PUZZLE_EXPIRY_SECONDS })));
    return false;
  }

  #puzzleBits(nowMs: number): number {
    const count = ANSWERS_PER_SECOND - this.#rate.remaining(nowMs);
    if (count < ANSWERS_PER_SECOND_FREE) return 0;
    return PUZZLE_BITS + Math.floor((count - ANSWERS_PER_SECOND_FREE) / PUZZLE_BITS_STEP);
  }

  #hasRoom(line: FlowLine): boolean {
    if (this.#answers.size >= ANSWERS_MAX) return false;
    let count = 0;
    for (const answer of this.#answers.values()) if (answer.line.via === line.via) count += 1;
    return count < ANSWERS_PER_NEIGHBOUR_MAX;
  }

  #refuse(line: FlowLine, session: Uint8Array, code: number, why: string): void {
    this.count(why);
    if (session.length !== SESSION_BYTES) return line.close();
    line.send(padHandshake(encodeRefuse({ suite: this.#kem.suite, session, code })));
    line.close();
  }

  #drop(line: FlowLine, why: string): void {
    this.count(why);
    line.close();
  }

  #defaultConfig(call: Call | undefined): AnnexConfig {
    const any = call ?? this.#callsByPeer.values().next().value;
    return any?.config ?? ANNEX_DEFAULTS;
  }

  #stop(): void {
    this.#isStopped = true;
    for (const call of [...this.#calls.values()])
      call.fail(new AnnexError('ANNEX_CLOSED', 'The mesh was stopped.'));
    for (const answer of this.#answers.values()) answer.stop();
    for (const session of [...this.#sessions.values()]) session.abandon();
    this.#answers.clear();
    this.#answersByOpen.clear();
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
