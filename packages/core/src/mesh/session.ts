import { wipe, type NodeId } from '@yakmesh/crypto';
import type { CryptoJob, CryptoJobs, JobResult } from '../crypto-job.js';
import { MeshError, type LinkErrorCode, type MeshErrorCode, type PeerFaultCode } from '../errors.js';
import type { HandshakeOutcome, HandshakeRole } from '../handshake/actions.js';
import type { HandshakeMachine } from '../handshake/handshake-machine.js';
import type { LinkSecrets } from '../handshake/key-schedule.js';
import type { LinkEnd } from '../link/link-end.js';
import type { QueueItem } from '../link/send-queue.js';
import { RECORD_WIRE_BYTES_MAX } from '../record/frames.js';
import type { Socket, SocketHandlers } from '../sockets/socket.js';
import type { Clock, PeerDirection } from '../transport/index.js';
import { isRefusal, upgradeCode } from './dial-errors.js';
import { HandshakeDriver } from './handshake-driver.js';
import { LinkDriver } from './link-driver.js';
import type { PeerSession } from './link-layer.js';
import type { SessionListener } from './session-listener.js';
import { StepTimer } from './step-timer.js';

/** Why crypto jobs are given up. One for all sessions: without a reason each `abort()` would make an exception with a stack. */
const ENDED = new MeshError('MESH_ABORTED', 'The session has ended.');
const CLOSE_NORMAL = 1_000;
const CLOSE_POLICY = 1_008;

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

/** One socket's life: its handshake first, then its link. Owns the socket, the time that each step may take, and the end of both drivers. */
export class Session implements PeerSession {
  readonly role: HandshakeRole;
  readonly address: string;
  readonly openedMs: number;
  /** Whether the guard has allowed the link, and so is told of its end with the node's name. */
  isLinked = false;
  readonly #options: SessionOptions;
  readonly #abort = new AbortController();
  readonly #step: StepTimer;
  readonly #handshake: HandshakeDriver;
  #phase: Phase = 'opening';
  #socket: Socket | undefined;
  #driver: LinkDriver | undefined;
  #outcome: HandshakeOutcome | undefined;
  /** Why we ended the link, where the peer is told something more general. */
  #closeCode: MeshErrorCode | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.role = options.role;
    this.address = options.address;
    this.openedMs = options.openedMs;
    this.#step = new StepTimer(options.clock);
    this.#handshake = new HandshakeDriver({
      machine: options.machine,
      clock: options.clock,
      jobs: this.#jobs,
      listener: {
        send: (bytes) => this.#socket?.send(bytes),
        done: (outcome) => this.#linked(outcome),
        denied: (secrets, code) => this.#refuse(secrets, code),
        failed: (code) => this.#end(code, isRefusal(code) && this.role === 'initiator'),
      },
    });
  }

  get outcome(): HandshakeOutcome | undefined {
    return this.#outcome;
  }

  get nodeId(): NodeId | undefined {
    return this.#outcome?.nodeId;
  }

  get machine(): LinkEnd | undefined {
    return this.#driver?.link;
  }

  /** Smoothed round trip; undefined until the first one was measured. */
  get rttMs(): number | undefined {
    return this.machine?.liveness.roundTrip.smoothedMs;
  }

  /** True while the peer owes us an answer for too long. */
  get isSuspect(): boolean {
    return this.machine?.liveness.isSuspect ?? true;
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
    const link = this.machine;
    return this.#phase === 'link' && link?.isEstablished === true && !link.isEnding;
  }

  /** True as soon as data may be sent: the accepting side has said all that must come before it. */
  get canQueue(): boolean {
    return this.isUsable || (this.#phase === 'link' && this.role === 'responder');
  }

  /** Bytes that wait in this process for the peer. */
  get queuedBytes(): number {
    return (this.machine?.queue.bytes ?? 0) + (this.#socket?.bufferedBytes ?? 0);
  }

  /** The handlers for the socket; `attach` gives the socket itself. */
  readonly handlers: SocketHandlers = {
    open: () => this.#opened(),
    message: (bytes, receivedMs) => this.#message(bytes, receivedMs),
    drain: () => this.#driver?.pump(),
    close: (code) => this.#socketClosed(code),
  };

  readonly #jobs = (job: CryptoJob): Promise<JobResult> => this.#options.jobs(job, this.#abort.signal);

  attach(socket: Socket): void {
    this.#socket = socket;
    if (this.#options.role === 'responder') this.#opened();
  }

  /** Queues data; false when the queue is full: nothing was taken. */
  enqueue(item: QueueItem): boolean {
    return this.canQueue && this.#driver?.enqueue(item) === true;
  }

  /** Asks to be told by `drained` when the queue has room again. */
  wantDrain(): void {
    this.#driver?.wantDrain();
  }

  /** Writes what waits, after the present turn's work. */
  schedule(): void {
    this.#driver?.schedule();
  }

  /** The regular tick that liveness and the ratchet need. */
  tick(nowMs: number): void {
    this.#driver?.tick(nowMs);
  }

  consumed(bytes: number): void {
    this.#driver?.consumed(bytes);
  }

  /** Ends the session, telling the peer why where that is possible. */
  close(code: MeshErrorCode): void {
    if (this.#phase === 'closed') return;
    if (this.#driver === undefined) return this.#end(code, false);
    this.#closeCode = code;
    this.#driver.close(isLinkCode(code) ? code : 'LINK_CLOSED');
  }

  /** Drops the socket, however far its closing is. */
  terminate(): void {
    this.#socket?.terminate();
  }

  /** Another link to the same peer is there and the peer is to choose: decides for it when it has not in time. */
  retireLater(retire: () => void): void {
    if (this.#phase !== 'link') return;
    this.#step.forChoice(retire);
  }

  /** Another link to the same peer takes over; answers what was not sent. */
  retire(): QueueItem[] {
    if (this.#driver === undefined || this.#phase !== 'link') return [];
    const unsent = this.#driver.link.retire();
    this.#phase = 'retired';
    this.#step.forRetirement(() => this.#end('LINK_DUPLICATE', false));
    this.#driver.pump();
    return unsent;
  }

  #opened(): void {
    if (this.#phase !== 'opening') return;
    this.#phase = 'handshake';
    this.#armStep();
    this.#handshake.start();
  }

  #message(bytes: Uint8Array, receivedMs: number): void {
    switch (this.#phase) {
      case 'handshake':
        this.#armStep();
        return this.#handshake.receive(bytes);
      case 'link':
      case 'retired':
        if (bytes.length > RECORD_WIRE_BYTES_MAX) return this.#end('LINK_BAD_FRAME', false);
        return this.#driver?.receive(bytes, receivedMs);
      default:
        return;
    }
  }

  #linked(outcome: HandshakeOutcome): void {
    this.#outcome = outcome;
    const link = this.#options.listener.link(this, outcome);
    if (typeof link === 'string') return this.#refuse(outcome.secrets, link);
    this.#driver = this.#drive(link);
    this.#phase = 'link';
    this.#armStep();
    this.#driver.pump();
  }

  #drive(link: LinkEnd): LinkDriver {
    const { clock, runningMs, listener } = this.#options;
    return new LinkDriver({
      link,
      socket: this.#socket,
      clock,
      runningMs,
      jobs: this.#jobs,
      listener: {
        established: (info) => {
          this.#step.clear();
          listener.established(this, info);
        },
        closed: (code, isRemote) => this.#linkClosed(code, isRemote),
        action: (action) => listener.action(this, action),
        drained: () => listener.drained(this),
      },
    });
  }

  #refuse(secrets: LinkSecrets, code: LinkErrorCode): void {
    if (this.role === 'responder') this.#handshake.refuse(secrets, code);
    wipe(secrets.root, secrets.exporter);
    this.#end(code, false);
  }

  #linkClosed(code: LinkErrorCode, isRemote: boolean): void {
    const isFirstRetirement = isRemote && code === 'LINK_DUPLICATE' && this.#phase === 'link';
    if (isFirstRetirement) this.machine?.answerRetirement();
    this.#driver?.sayLast();
    this.#end(isRemote ? code : (this.#closeCode ?? code), isRemote);
  }

  #socketClosed(code: number): void {
    this.#socket = undefined;
    if (this.#phase === 'closed') return this.#options.listener.gone(this);
    if (this.#driver !== undefined) return this.#driver.peerGone();
    this.#end(this.#phase === 'opening' ? upgradeCode(code) : 'LINK_CLOSED', true);
  }

  #end(code: MeshErrorCode | PeerFaultCode, isRemote: boolean): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    this.#abort.abort(ENDED);
    this.#step.clear();
    this.#driver?.stop();
    this.#handshake.stop();
    const isDead = code === 'LINK_TIMEOUT' || code === 'MESH_ABORTED' || code === 'MESH_TIMEOUT';
    if (isDead) this.#socket?.terminate();
    else this.#socket?.close(code === 'LINK_CLOSED' ? CLOSE_NORMAL : CLOSE_POLICY, '');
    this.#options.listener.closed(this, code, isRemote);
    this.machine?.destroy();
    if (this.#socket === undefined) this.#options.listener.gone(this);
  }

  /** Each step of a handshake has its time, up to the peer's first word after it. */
  #armStep(): void {
    this.#step.forStep(() => {
      this.#socket?.terminate();
      this.#end('MESH_TIMEOUT', false);
    });
  }
}

function isLinkCode(code: MeshErrorCode): code is LinkErrorCode {
  return code.startsWith('LINK_');
}
