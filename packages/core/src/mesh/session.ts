import { wipe, type NodeId } from '@yakmesh/crypto';
import type { CryptoJobs } from '../crypto-job.js';
import { MeshError, type LinkErrorCode, type MeshErrorCode, type PeerFaultCode } from '../errors.js';
import type { HandshakeAction, HandshakeOutcome, HandshakeRole } from '../handshake/actions.js';
import type { HandshakeMachine } from '../handshake/handshake-machine.js';
import type { LinkSecrets } from '../handshake/key-schedule.js';
import type { LinkInfo } from '../link/control-frames.js';
import type { LinkAction } from '../link/link-actions.js';
import { SOCKET_BYTES_MAX } from '../link/link-limits.js';
import type { LinkEnd } from '../link/link-end.js';
import { releaseRecord } from '../link/record-arrays.js';
import { refusalRecord } from '../link/refusal.js';
import type { QueueItem } from '../link/send-queue.js';
import { RECORD_WIRE_BYTES_MAX } from '../record/frames.js';
import type { Socket, SocketHandlers } from '../sockets/socket.js';
import type { Clock, PeerDirection, TimerHandle } from '../transport/index.js';
import type { PeerSession } from './link-layer.js';

/** Largest message before a peer is authenticated. */
export const HANDSHAKE_BYTES_MAX = 8_192;
/** How long each step of a handshake may take at the accepting side. */
export const HANDSHAKE_STEP_MS = 5_000;
/** How long a retired link waits for the other end to retire it too. */
const RETIRE_MS = 2_000;
/** How long a peer that dialled twice may take to retire one of the two links. */
const CHOICE_MS = 5_000;
const SETTLED = Promise.resolve();
/** Why crypto jobs are given up. One for all sessions: without a reason each `abort()` would make an exception with a stack. */
const ENDED = new MeshError('MESH_ABORTED', 'The session has ended.');
const CLOSE_NORMAL = 1_000;
const CLOSE_POLICY = 1_008;

/** What a session tells its network. */
export interface SessionListener {
  /** Makes the link of a proven handshake; a code refuses it. */
  link(session: Session, outcome: HandshakeOutcome): LinkEnd | LinkErrorCode;
  action(session: Session, action: LinkAction): void;
  established(session: Session, info: LinkInfo): void;
  /** Once for each session. `code` says why; before `established` it is why the handshake failed. */
  closed(session: Session, code: MeshErrorCode | PeerFaultCode, isRemote: boolean): void;
  /** Once for each session, after `closed`: its socket is gone too. */
  gone(session: Session): void;
  drained(session: Session): void;
}

export interface SessionOptions {
  readonly role: HandshakeRole;
  readonly machine: HandshakeMachine;
  readonly jobs: CryptoJobs;
  readonly clock: Clock;
  /** Monotonic time without what our own loop stood still. */
  readonly runningMs: () => number;
  readonly listener: SessionListener;
  readonly address: string;
  readonly openedMs: number;
}

type Phase = 'opening' | 'handshake' | 'link' | 'retired' | 'closed';

/** Drives one socket: handshake machine first, then the link machine. Owns the socket, its timers and its crypto jobs. */
export class Session implements PeerSession {
  readonly role: HandshakeRole;
  readonly address: string;
  readonly openedMs: number;
  /** Whether the guard has allowed the link, and so is told of its end with the node's name. */
  isLinked = false;
  readonly #options: SessionOptions;
  readonly #abort = new AbortController();
  #phase: Phase = 'opening';
  #socket: Socket | undefined;
  #link: LinkEnd | undefined;
  #outcome: HandshakeOutcome | undefined;
  #stepTimer: TimerHandle | undefined;
  #deadlineTimer: TimerHandle | undefined;
  #deadlineAtMs = Infinity;
  #isPumpScheduled = false;
  /** As long as nothing comes in or goes out. */
  #restsUntilMs = 0;
  /** Why we ended the link, where the peer is told something more general. */
  #closeCode: MeshErrorCode | undefined;
  /** Bytes that the queue held when someone began to wait for it to drain. */
  #isDrainWanted = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.role = options.role;
    this.address = options.address;
    this.openedMs = options.openedMs;
  }

  get outcome(): HandshakeOutcome | undefined {
    return this.#outcome;
  }

  get nodeId(): NodeId | undefined {
    return this.#outcome?.nodeId;
  }

  get machine(): LinkEnd | undefined {
    return this.#link;
  }

  /** Smoothed round trip; undefined until the first one was measured. */
  get rttMs(): number | undefined {
    return this.#link?.liveness.roundTrip.smoothedMs;
  }

  /** True while the peer owes us an answer for too long. */
  get isSuspect(): boolean {
    return this.#link?.liveness.isSuspect ?? true;
  }

  get isClosed(): boolean {
    return this.#phase === 'closed';
  }

  /** Who dialled. */
  get direction(): PeerDirection {
    return this.role === 'initiator' ? 'outbound' : 'inbound';
  }

  /** True while the session can carry data. */
  get isUsable(): boolean {
    return this.#phase === 'link' && this.#link?.isEstablished === true && !this.#link.isEnding;
  }

  /** True as soon as data may be sent: the accepting side has said all that must come before it. */
  get canQueue(): boolean {
    return this.isUsable || (this.#phase === 'link' && this.role === 'responder');
  }

  /** Bytes that wait in this process for the peer. */
  get queuedBytes(): number {
    return (this.#link?.queue.bytes ?? 0) + (this.#socket?.bufferedBytes ?? 0);
  }

  /** The handlers for the socket; `attach` gives the socket itself. */
  readonly handlers: SocketHandlers = {
    open: () => this.#opened(),
    message: (bytes, receivedMs) => this.#message(bytes, receivedMs),
    drain: () => this.pump(),
    close: (code) => this.#socketClosed(code),
  };

  readonly #pumpScheduled = (): void => {
    this.#isPumpScheduled = false;
    this.pump();
  };

  attach(socket: Socket): void {
    this.#socket = socket;
    if (this.#options.role === 'responder') this.#opened();
  }

  /** Queues data; false when the queue is full: nothing was taken. */
  enqueue(item: QueueItem): boolean {
    if (!this.canQueue || this.#link === undefined) return false;
    const isTaken = this.#link.queue.push(item);
    if (isTaken) this.schedule();
    else this.#isDrainWanted = true;
    return isTaken;
  }

  /** Asks to be told by `drained` when the queue has room again. */
  wantDrain(): void {
    this.#isDrainWanted = true;
  }

  /** Writes what waits, after the present turn's work so that small frames share a record. */
  schedule(): void {
    if (this.#isPumpScheduled) return;
    this.#isPumpScheduled = true;
    // Node's queueMicrotask makes an object of its own for each call; this runs for every message and link.
    void SETTLED.then(this.#pumpScheduled);
  }

  pump(): void {
    this.#restsUntilMs = 0;
    const socket = this.#socket;
    const link = this.#link;
    if (socket === undefined || link === undefined || this.#phase === 'closed') return;
    const write = (): void => this.#write(socket, link);
    if (socket.together === undefined) write();
    else socket.together(write);
    this.#armDeadline(link);
    if (!this.#isDrainWanted) return;
    this.#isDrainWanted = false;
    this.#options.listener.drained(this);
  }

  #write(socket: Socket, link: LinkEnd): void {
    while (socket.bufferedBytes < SOCKET_BYTES_MAX) {
      const wire = link.nextRecord(this.#options.runningMs());
      if (wire === undefined) break;
      socket.send(wire, releaseRecord);
      this.#perform(link.takeActions());
    }
  }

  /** The regular tick that liveness and the ratchet need. */
  tick(nowMs: number): void {
    const link = this.#link;
    if (link === undefined || nowMs < this.#restsUntilMs) return;
    this.#perform(link.tick(nowMs));
    const { restsUntilMs } = link;
    if (restsUntilMs === undefined) this.schedule();
    this.#restsUntilMs = restsUntilMs ?? 0;
  }

  consumed(bytes: number): void {
    this.#link?.consumed(bytes, this.#options.runningMs());
    this.schedule();
  }

  /** Ends the session, telling the peer why where that is possible. */
  close(code: MeshErrorCode): void {
    if (this.#phase === 'closed') return;
    const link = this.#link;
    if (link === undefined) return this.#end(code, false);
    this.#closeCode = code;
    this.#perform(link.close(isLinkCode(code) ? code : 'LINK_CLOSED'));
  }

  /** Drops the socket, however far its closing is. */
  terminate(): void {
    this.#socket?.terminate();
  }

  /** Another link to the same peer is there and the peer is to choose: decides for it when it has not in time. */
  retireLater(retire: () => void): void {
    if (this.#phase !== 'link') return;
    this.#clearStep();
    this.#stepTimer = this.#options.clock.setTimer(CHOICE_MS, retire);
  }

  /** Another link to the same peer takes over; answers what was not sent. */
  retire(): QueueItem[] {
    if (this.#link === undefined || this.#phase !== 'link') return [];
    const unsent = this.#link.retire();
    this.#phase = 'retired';
    this.#clearStep();
    this.#stepTimer = this.#options.clock.setTimer(RETIRE_MS, () => this.#end('LINK_DUPLICATE', false));
    this.pump();
    return unsent;
  }

  #opened(): void {
    if (this.#phase !== 'opening') return;
    this.#phase = 'handshake';
    const { machine } = this.#options;
    this.#armStep();
    if (machine.start !== undefined) this.#performHandshake(machine.start());
  }

  #message(bytes: Uint8Array, receivedMs: number): void {
    const { machine, clock, runningMs } = this.#options;
    switch (this.#phase) {
      case 'handshake':
        if (bytes.length > HANDSHAKE_BYTES_MAX) return this.#end('PEER_NOT_HANDSHAKE', false);
        this.#armStep();
        return this.#performHandshake(machine.receive(bytes, clock.nowMs()));
      case 'link':
      case 'retired':
        if (bytes.length > RECORD_WIRE_BYTES_MAX || this.#link === undefined)
          return this.#end('LINK_BAD_FRAME', false);
        this.#perform(this.#link.receive(bytes, receivedMs, runningMs()));
        return this.schedule();
      default:
        return;
    }
  }

  #performHandshake(actions: readonly HandshakeAction[]): void {
    for (const action of actions) {
      if (this.#phase === 'closed') return;
      switch (action.type) {
        case 'send':
          this.#socket?.send(action.bytes);
          break;
        case 'job':
          void this.#options.jobs(action.job, this.#abort.signal).then((result) => {
            if (this.#phase === 'handshake')
              this.#performHandshake(this.#options.machine.complete(action.ticket, result));
            else if (result.type === 'generate') result.keyPair.destroy();
          });
          break;
        case 'done':
          this.#linked(action.outcome);
          break;
        case 'denied':
          this.#refuse(action.secrets, action.code);
          break;
        case 'fail':
          this.#end(action.code, isRefusal(action.code) && this.role === 'initiator');
          break;
      }
    }
  }

  #linked(outcome: HandshakeOutcome): void {
    this.#outcome = outcome;
    const link = this.#options.listener.link(this, outcome);
    if (typeof link === 'string') return this.#refuse(outcome.secrets, link);
    this.#link = link;
    this.#phase = 'link';
    this.#armStep();
    this.pump();
  }

  #refuse(secrets: LinkSecrets, code: LinkErrorCode): void {
    const { machine } = this.#options;
    if (this.role === 'responder')
      this.#socket?.send(machine.refusal?.(code) ?? refusalRecord(secrets, code));
    wipe(secrets.root, secrets.exporter);
    this.#end(code, false);
  }

  #perform(actions: readonly LinkAction[]): void {
    for (const action of actions) {
      if (this.#phase === 'closed') return;
      switch (action.type) {
        case 'job':
          void this.#options.jobs(action.job, this.#abort.signal).then((result) => {
            if (this.#link === undefined || this.#phase === 'closed') return;
            this.#perform(this.#link.complete(action.ticket, result, this.#options.runningMs()));
            this.schedule();
          });
          break;
        case 'established':
          this.#clearStep();
          this.#options.listener.established(this, action.info);
          break;
        case 'close':
          this.#linkClosed(action.code, action.isRemote);
          break;
        default:
          this.#options.listener.action(this, action);
      }
    }
  }

  #linkClosed(code: LinkErrorCode, isRemote: boolean): void {
    const link = this.#link;
    const isFirstRetirement = isRemote && code === 'LINK_DUPLICATE' && this.#phase === 'link';
    if (isFirstRetirement) link?.answerRetirement();
    // What the peer was promised behind the last record goes before the last word.
    if (link?.isAttaching === true) this.#sendNext(link);
    if (link !== undefined) this.#sendNext(link);
    this.#end(isRemote ? code : (this.#closeCode ?? code), isRemote);
  }

  #sendNext(link: LinkEnd): void {
    const record = link.nextRecord(this.#options.runningMs());
    if (record !== undefined) this.#socket?.send(record);
  }

  #socketClosed(code: number): void {
    this.#socket = undefined;
    if (this.#phase === 'closed') return this.#options.listener.gone(this);
    if (this.#link !== undefined) {
      this.#perform(this.#link.peerGone());
      return;
    }
    const refusal = this.#phase === 'opening' ? (HTTP_REFUSALS[code] ?? 'MESH_CONNECT_FAILED') : undefined;
    this.#end(refusal ?? 'LINK_CLOSED', true);
  }

  #end(code: MeshErrorCode | PeerFaultCode, isRemote: boolean): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    this.#abort.abort(ENDED);
    this.#clearStep();
    if (this.#deadlineTimer !== undefined) this.#options.clock.clearTimer(this.#deadlineTimer);
    this.#options.machine.destroy();
    const isDead = code === 'LINK_TIMEOUT' || code === 'MESH_ABORTED' || code === 'MESH_TIMEOUT';
    if (isDead) this.#socket?.terminate();
    else this.#socket?.close(code === 'LINK_CLOSED' ? CLOSE_NORMAL : CLOSE_POLICY, '');
    this.#options.listener.closed(this, code, isRemote);
    this.#link?.destroy();
    if (this.#socket === undefined) this.#options.listener.gone(this);
  }

  /** Each step of a handshake has its time, up to the peer's first word after it. */
  #armStep(): void {
    this.#clearStep();
    this.#stepTimer = this.#options.clock.setTimer(HANDSHAKE_STEP_MS, () => {
      this.#socket?.terminate();
      this.#end('MESH_TIMEOUT', false);
    });
  }

  #clearStep(): void {
    if (this.#stepTimer !== undefined) this.#options.clock.clearTimer(this.#stepTimer);
    this.#stepTimer = undefined;
  }

  #armDeadline(link: LinkEnd): void {
    const { clock, runningMs } = this.#options;
    const deadlineMs = link.deadlineMs;
    if (deadlineMs === undefined || deadlineMs >= this.#deadlineAtMs) return;
    if (this.#deadlineTimer !== undefined) clock.clearTimer(this.#deadlineTimer);
    this.#deadlineAtMs = deadlineMs;
    this.#deadlineTimer = clock.setTimer(Math.max(1, deadlineMs - runningMs()), () => {
      this.#deadlineAtMs = Infinity;
      this.#deadlineTimer = undefined;
      this.tick(this.#options.runningMs());
    });
  }
}

/** What the HTTP status says with which a listener refuses a WebSocket. */
const HTTP_REFUSALS: Readonly<Record<number, MeshErrorCode>> = {
  403: 'LINK_DENIED',
  429: 'MESH_RATE_LIMITED',
  503: 'MESH_BUSY',
};

const REFUSALS: readonly string[] = [
  'MESH_VERSION_MISMATCH',
  'MESH_NETWORK_MISMATCH',
  'MESH_BUSY',
  'MESH_RATE_LIMITED',
  'MESH_PUZZLE',
];

function isRefusal(code: string): boolean {
  return REFUSALS.includes(code);
}

function isLinkCode(code: MeshErrorCode): code is LinkErrorCode {
  return code.startsWith('LINK_');
}
