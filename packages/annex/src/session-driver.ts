import { encodeNodeId, type NodeId } from '@yakmesh/crypto';
import {
  codeOf,
  runMachine,
  type FlowMessageInfo,
  type MachineRunner,
  type Payload,
  type ProtocolPort,
  type TimerHandle,
} from '@yakmesh/core/transport';
import type { CryptoJobs } from './crypto-job.js';
import { closeError } from './close-errors.js';
import { AnnexError } from './errors.js';
import type { FlowLine, LineOwner } from './flow-line.js';
import type { HandshakeOutcome } from './handshake/actions.js';
import { encodeMessage, MessageKind, MessageReader } from './message-reader.js';
import type { AnnexConfig } from './options.js';
import { RECORD_BYTES_MAX } from './record/padding.js';
import {
  CloseCode,
  DATAGRAM_BYTES_MAX,
  SESSION_WINDOW_BYTES,
  STREAM_WINDOW_BYTES,
} from './session/limits.js';
import type { SessionAction } from './session/session-actions.js';
import { SessionMachine } from './session/session-machine.js';
import { MESSAGE_STREAM } from './session/streams.js';
import { StreamEnd, type AnnexStream } from './stream-pair.js';

/** Bytes that a flow holds before we wait: less than half of what it takes, so that our own queue never looks congested. */
const FLOW_AHEAD_BYTES = 98_304;
/** Until a lost flow is opened again, doubling. */
const REOPEN_MS = 250;
const REOPEN_MS_MAX = 4_000;
/** How long another way is looked for. */
const WAYLESS_MS = 30_000;

/** Whoever shows a session to an application. */
export interface SessionView {
  /** False where nobody listens: the message waits. */
  message(value: Payload): boolean;
  /** A message waits. */
  waiting(): void;
  stream(stream: AnnexStream): boolean;
  datagram(bytes: Uint8Array): void;
  ratcheted(epoch: number): void;
  closed(error: AnnexError | undefined): void;
}

export interface SessionDriverOptions {
  readonly port: ProtocolPort;
  readonly jobs: CryptoJobs;
  readonly outcome: HandshakeOutcome;
  readonly config: AnnexConfig;
  readonly line: FlowLine;
  /** Opens a flow with these first bytes; only the initiator knows where to. */
  readonly reopen: ((body: Uint8Array) => Promise<FlowLine>) | undefined;
  /** The other end is not wanted, and hears of it under the session's keys. */
  readonly refusal?: CloseCode | undefined;
  readonly ended: (session: SessionDriver, lastWords: Uint8Array | undefined) => void;
}

interface Route {
  line: FlowLine | undefined;
  /** Records that wait for the flow to open or to drain. */
  readonly held: Uint8Array[];
}

interface Waiting {
  readonly offset: number;
  readonly resolve: () => void;
  readonly reject: (error: AnnexError) => void;
}

/** Runs a session's machine over flows, and turns its streams into messages and Web Streams. */
export class SessionDriver implements LineOwner {
  readonly establishedMs: number;
  readonly views = new Set<SessionView>();
  readonly #options: SessionDriverOptions;
  readonly #machine: SessionMachine;
  readonly #runner: MachineRunner<SessionMachine, SessionAction>;
  readonly #routes = new Map<number, Route>();
  readonly #streams = new Map<number, StreamEnd>();
  readonly #unseen: AnnexStream[] = [];
  readonly #inbox: Payload[] = [];
  readonly #waits: Waiting[] = [];
  readonly #reader: MessageReader;
  readonly #confirmed = deferred();
  readonly #done = deferred();
  #withheld = 0;
  #nextPath = 1;
  #reopenMs = 0;
  #waylessMs: number | undefined;
  #timer: TimerHandle | undefined;
  #isCut = false;
  #lastWords: Uint8Array | undefined;
  #closeError: AnnexError | undefined;
  #isClosed = false;
  #isMessageEnd = false;
  #isPumpScheduled = false;

  constructor(options: SessionDriverOptions) {
    const { port, outcome, config, line } = options;
    this.#options = options;
    this.#reader = new MessageReader(config.messageBytesMax);
    this.establishedMs = port.clock.monotonicMs();
    this.#machine = new SessionMachine({
      outcome,
      random: port.random,
      nowMs: this.establishedMs,
      path: 0,
      streamWindow: STREAM_WINDOW_BYTES,
      sessionWindow: SESSION_WINDOW_BYTES,
      idleMs: Math.min(config.idleMs, outcome.params.idleSeconds * 1_000),
      keepAliveMs: config.keepAliveMs,
    });
    this.#routes.set(0, { line, held: [] });
    line.owner = this;
    this.#runner = runMachine<SessionAction, SessionMachine>(this.#machine, {
      clock: port.clock,
      perform: (action) => this.#perform(action),
      failed: (error) => port.log.error({ error }, 'a session failed to act'),
    });
    if (options.refusal === undefined) this.#pump();
    else void this.close(options.refusal, '', false);
  }

  get outcome(): HandshakeOutcome {
    return this.#options.outcome;
  }

  get peerId(): NodeId | null {
    const { peer } = this.#options.outcome;
    return peer === undefined ? null : encodeNodeId(peer.nodeIdBytes);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Why it ended; undefined before, and after an orderly end. */
  get closeError(): AnnexError | undefined {
    return this.#closeError;
  }

  get epoch(): number {
    return this.#machine.epoch;
  }

  get rttMs(): number | undefined {
    return this.#machine.rttMs;
  }

  /** Settles when the other end has the session too; rejects when it ends before. */
  get confirmed(): Promise<void> {
    return this.#confirmed.promise;
  }

  /** Settles when the session is over, however. */
  get done(): Promise<void> {
    return this.#done.promise;
  }

  log(error: unknown): void {
    this.#options.port.log.error({ error }, 'a listener of a channel failed');
  }

  /** Whatever the application was not there to see. */
  take(): Payload | undefined {
    const value = this.#inbox.shift();
    if (this.#inbox.length === 0 && this.#withheld > 0) {
      this.#consumed(MESSAGE_STREAM, this.#withheld);
      this.#withheld = 0;
    }
    return value;
  }

  get hasWaiting(): boolean {
    return this.#inbox.length > 0;
  }

  takeStream(): AnnexStream | undefined {
    return this.#unseen.shift();
  }

  receive(bytes: Uint8Array, line: FlowLine, { isCongested }: Pick<FlowMessageInfo, 'isCongested'>): void {
    const path = this.#pathOf(line);
    this.#feed((machine, nowMs) => machine.receive(bytes, path, isCongested, nowMs));
  }

  confirmedAgain(): void {
    this.#machine.confirmedAgain();
    this.#pump();
  }

  send(value: Payload): Promise<void> {
    const isBytes = value instanceof Uint8Array;
    const content = isBytes ? value : this.#options.port.encode(value);
    const { messageBytesMax } = this.#options.config;
    if (content.length > messageBytesMax) {
      const text = `A message has at most ${messageBytesMax} bytes, not ${content.length}; use openStream().`;
      return Promise.reject(new AnnexError('ANNEX_TOO_LARGE', text));
    }
    if (this.#isClosed) return Promise.reject(this.#isOver());
    if (this.#machine.bufferedOf(MESSAGE_STREAM) > 2 * messageBytesMax)
      return Promise.reject(new AnnexError('ANNEX_QUEUE_FULL', 'Too much waits to be sent; await send().'));
    const kind = isBytes ? MessageKind.BYTES : MessageKind.CBOR;
    if (!this.#machine.write(MESSAGE_STREAM, encodeMessage({ kind, content })))
      return Promise.reject(this.#isOver());
    const offset = this.#machine.writtenOf(MESSAGE_STREAM);
    const arrival = new Promise<void>((resolve, reject) => this.#waits.push({ offset, resolve, reject }));
    this.#pump();
    return arrival;
  }

  datagram(bytes: Uint8Array): boolean {
    if (bytes.length > DATAGRAM_BYTES_MAX)
      throw new RangeError(`A datagram has at most ${DATAGRAM_BYTES_MAX} bytes, not ${bytes.length}.`);
    if (this.#isClosed) return false;
    this.#feed((machine) => machine.datagram(bytes.slice()));
    return true;
  }

  openStream(): AnnexStream {
    if (this.#isClosed) throw this.#isOver();
    const id = this.#machine.openStream(this.#options.port.clock.monotonicMs());
    if (id === undefined)
      throw new AnnexError('ANNEX_STREAMS_FULL', 'As many streams are open as the other end takes.');
    return this.#addStream(id);
  }

  ratchet(): void {
    this.#feed((machine, nowMs) => machine.ratchet(nowMs));
  }

  close(code: CloseCode, reason: string, drains: boolean): Promise<void> {
    this.#feed((machine, nowMs) => machine.close(code, reason, drains, nowMs));
    return this.done;
  }

  /** The network stops: last words now, and not another timer. */
  abandon(): void {
    this.#feed((machine, nowMs) => machine.close(CloseCode.STOPPED, '', false, nowMs));
    this.#finish();
  }

  drained(line: FlowLine): void {
    for (const route of this.#routes.values()) if (route.line === line) this.#flush(route);
    this.#pump();
  }

  lost(line: FlowLine): void {
    line.isOpen = false;
    const path = this.#pathOf(line);
    this.#routes.delete(path);
    this.#feed((machine) => machine.closePath(path));
    this.#findWay();
  }

  #feed(input: (machine: SessionMachine, nowMs: number) => readonly SessionAction[]): void {
    this.#runner.feed(input);
    this.#pump();
  }

  /** Sends in the next turn what waits: all that this one writes, reads and acknowledges shares records. */
  #pump(): void {
    if (this.#isPumpScheduled || this.#isCut) return;
    this.#isPumpScheduled = true;
    this.#options.port.clock.defer(() => {
      this.#isPumpScheduled = false;
      this.#transmit();
    });
  }

  #transmit(): void {
    this.#runner.feed((machine, nowMs) => machine.transmit(this.#roomBytes(), nowMs));
  }

  #roomBytes(): number {
    const path = this.#machine.activePath;
    const route = path === undefined ? undefined : this.#routes.get(path);
    if (route === undefined || route.held.length > 0) return 0;
    // The first record of a new way opens it.
    if (route.line === undefined) return RECORD_BYTES_MAX;
    return Math.max(0, FLOW_AHEAD_BYTES - route.line.flow.queuedBytes);
  }

  #perform(action: SessionAction): void {
    const { jobs, port } = this.#options;
    switch (action.type) {
      case 'send':
        return this.#send(action.path, action.bytes);
      case 'job':
        void jobs(action.job).then((result) =>
          this.#feed((machine, nowMs) => machine.complete(action.ticket, result, nowMs)),
        );
        return;
      case 'confirmed':
        return this.#confirmed.resolve();
      case 'ready':
        return this.#pump();
      case 'stream':
        return this.#streamOpened(action.id);
      case 'data':
        return this.#data(action.id, action.bytes);
      case 'end':
        if (action.id === MESSAGE_STREAM) this.#isMessageEnd = this.#reader.isBetween;
        this.#streams.get(action.id)?.end();
        return this.#forget(action.id);
      case 'reset':
        this.#streams.get(action.id)?.wasReset();
        return this.#forget(action.id);
      case 'stopped':
        this.#streams.get(action.id)?.wasStopped();
        return this.#forget(action.id);
      case 'arrived':
        if (action.id === MESSAGE_STREAM) this.#arrived(action.offset);
        this.#streams.get(action.id)?.arrived(action.isDone);
        return this.#forget(action.id);
      case 'datagram':
        for (const view of this.views) view.datagram(action.bytes);
        return;
      case 'datagram-dropped':
        return;
      case 'ratcheted':
        for (const view of this.views) view.ratcheted(action.epoch);
        return;
      case 'path':
        this.#waylessMs = undefined;
        this.#reopenMs = 0;
        return;
      case 'fault':
        port.log.debug({ code: action.code }, 'a record was dropped');
        return;
      case 'closed':
        return this.#closed(action);
      case 'ended':
        return this.#finish();
      default:
        action satisfies never;
    }
  }

  #send(path: number, bytes: Uint8Array): void {
    const route = this.#routes.get(path);
    if (route === undefined) return;
    const isSent = route.held.length === 0 && route.line?.send(bytes) === true;
    if (!isSent) route.held.push(bytes);
  }

  #flush(route: Route): void {
    for (let bytes = route.held[0]; bytes !== undefined; bytes = route.held[0]) {
      if (route.line?.send(bytes) !== true) return;
      route.held.shift();
    }
  }

  #pathOf(line: FlowLine): number {
    for (const [path, route] of this.#routes) if (route.line === line) return path;
    const path = this.#nextPath;
    this.#nextPath += 1;
    this.#routes.set(path, { line, held: [] });
    line.owner = this;
    return path;
  }

  /** No flow is left: the initiator opens another, the responder waits for it. */
  #findWay(): void {
    const { clock } = this.#options.port;
    if (this.#isCut || this.#machine.activePath !== undefined || this.#timer !== undefined) return;
    const nowMs = clock.monotonicMs();
    this.#waylessMs ??= nowMs;
    if (nowMs - this.#waylessMs > WAYLESS_MS) return this.#giveUp();
    const delayMs = this.#reopenMs;
    this.#reopenMs = Math.min(REOPEN_MS_MAX, Math.max(REOPEN_MS, 2 * delayMs));
    this.#timer = clock.setTimer(delayMs, () => {
      this.#timer = undefined;
      if (this.#options.reopen === undefined) this.#findWay();
      else void this.#reopen(this.#options.reopen);
    });
  }

  async #reopen(open: (body: Uint8Array) => Promise<FlowLine>): Promise<void> {
    if (this.#isCut || this.#machine.activePath !== undefined) return;
    const path = this.#nextPath;
    this.#nextPath += 1;
    const route: Route = { line: undefined, held: [] };
    this.#routes.set(path, route);
    const [waylessMs, reopenMs] = [this.#waylessMs, this.#reopenMs];
    this.#runner.feed((machine, nowMs) => machine.openPath(path, nowMs));
    this.#transmit();
    // That it is the path to take does not mean that it leads anywhere.
    this.#waylessMs = waylessMs;
    this.#reopenMs = reopenMs;
    try {
      const line = await open(route.held.shift() ?? new Uint8Array(0));
      if (this.#isCut) return line.close();
      route.line = line;
      line.owner = this;
      this.#waylessMs = undefined;
      this.#reopenMs = 0;
      this.#flush(route);
      this.#pump();
    } catch (error) {
      this.#options.port.log.debug({ code: codeOf(error) }, 'no way to the other end of a session');
      this.#routes.delete(path);
      this.#feed((machine) => machine.closePath(path));
      this.#findWay();
    }
  }

  #giveUp(): void {
    this.#closeError = new AnnexError('ANNEX_UNREACHABLE', 'No way to the other end was found for 30 s.');
    this.#feed((machine, nowMs) => machine.close(CloseCode.GONE, '', false, nowMs));
  }

  #streamOpened(id: number): void {
    const stream = this.#addStream(id);
    for (const view of this.views) if (view.stream(stream)) return;
    this.#unseen.push(stream);
  }

  #addStream(id: number): AnnexStream {
    const end = new StreamEnd(
      {
        write: (stream, bytes, isEnd) => {
          const isTaken = this.#machine.write(stream, bytes, isEnd);
          this.#pump();
          return isTaken;
        },
        bufferedOf: (stream) => this.#machine.bufferedOf(stream),
        consumed: (stream, count) => this.#consumed(stream, count),
        reset: (stream, code) => {
          this.#machine.reset(stream, code);
          this.#pump();
        },
        stop: (stream, code) => {
          this.#machine.stop(stream, code);
          this.#pump();
        },
      },
      id,
    );
    this.#streams.set(id, end);
    return end.pair;
  }

  #forget(id: number): void {
    if (this.#streams.get(id)?.isDone === true) this.#streams.delete(id);
  }

  #data(id: number, bytes: Uint8Array): void {
    if (id !== MESSAGE_STREAM) return this.#streams.get(id)?.data(bytes);
    const messages = this.#reader.push(bytes);
    if (messages === undefined) return this.#fault('message');
    for (const { kind, content } of messages) {
      const decoded = kind === MessageKind.BYTES ? { payload: content } : this.#decode(kind, content);
      if (decoded === undefined) return this.#fault('message');
      this.#deliver(decoded.payload);
    }
    if (this.#inbox.length > 0) this.#withheld += bytes.length;
    else this.#consumed(MESSAGE_STREAM, bytes.length);
  }

  #decode(kind: number, content: Uint8Array): { readonly payload: Payload } | undefined {
    return kind === MessageKind.CBOR ? this.#options.port.decode(content) : undefined;
  }

  #deliver(value: Payload): void {
    let isTaken = false;
    for (const view of this.views) isTaken = view.message(value) || isTaken;
    if (isTaken) return;
    this.#inbox.push(value);
    for (const view of this.views) view.waiting();
  }

  #consumed(id: number, count: number): void {
    this.#machine.consumed(id, count, this.#options.port.clock.monotonicMs());
    this.#pump();
  }

  #fault(what: string): void {
    this.#feed((machine, nowMs) => machine.close(CloseCode.PROTOCOL, what, false, nowMs));
  }

  #arrived(offset: number): void {
    for (let first = this.#waits[0]; first !== undefined && first.offset <= offset; first = this.#waits[0]) {
      this.#waits.shift();
      first.resolve();
    }
  }

  #closed({ code, reason, isRemote, lastWords }: Extract<SessionAction, { type: 'closed' }>): void {
    this.#isClosed = true;
    this.#lastWords = lastWords;
    const isWhole = !isRemote || this.#isMessageEnd;
    this.#closeError ??= closeError(code, reason, isRemote, isWhole);
    const error = this.#closeError ?? new AnnexError('ANNEX_CLOSED', 'The channel is closed.');
    for (const { reject } of this.#waits.splice(0)) reject(error);
    for (const stream of this.#streams.values()) stream.sessionClosed('ANNEX_TRUNCATED');
    this.#confirmed.reject(error);
    for (const view of this.views) view.closed(this.#closeError);
    this.#done.resolve();
  }

  #finish(): void {
    if (this.#isCut) return;
    this.#isCut = true;
    const { clock } = this.#options.port;
    if (this.#timer !== undefined) clock.clearTimer(this.#timer);
    this.#runner.stop();
    this.#machine.destroy();
    for (const { line } of this.#routes.values()) line?.close();
    this.#routes.clear();
    this.#options.ended(this, this.#lastWords);
    this.#done.resolve();
  }

  #isOver(): AnnexError {
    return this.#closeError ?? new AnnexError('ANNEX_CLOSED', 'The channel is closed.');
  }
}

interface Deferred {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: AnnexError) => void;
}

function deferred(): Deferred {
  let resolve = (): void => undefined;
  let reject: (error: AnnexError) => void = () => undefined;
  const promise = new Promise<void>((settle, fail) => {
    resolve = settle;
    reject = fail;
  });
  // Nobody need wait for it.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
