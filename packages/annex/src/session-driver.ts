import { encodeNodeId, type NodeId } from '@yakmesh/crypto';
import {
  runMachine,
  type FlowMessageInfo,
  type MachineRunner,
  type Payload,
  type ProtocolPort,
} from '@yakmesh/core/transport';
import { closeError } from './close-errors.js';
import { deferred } from './deferred.js';
import { AnnexError } from './errors.js';
import type { FlowLine } from './flow-line.js';
import type { HandshakeOutcome } from './handshake/actions.js';
import { OnceATurn } from './once-a-turn.js';
import { SessionMessages } from './session-messages.js';
import type { SessionDriverOptions } from './session-options.js';
import { SessionStreams } from './session-streams.js';
import { SessionViews } from './session-views.js';
import { SessionWays, type Reopen } from './session-ways.js';
import {
  CloseCode,
  DATAGRAM_BYTES_MAX,
  SESSION_WINDOW_BYTES,
  STREAM_WINDOW_BYTES,
} from './session/limits.js';
import type { SessionAction, SessionFault } from './session/session-actions.js';
import { SessionMachine } from './session/session-machine.js';
import { MESSAGE_STREAM } from './session/streams.js';
import type { AnnexStream } from './stream-pair.js';

/** Runs a session's machine: its records over the session's ways, its streams as messages and Web Streams. */
export class SessionDriver {
  readonly establishedMs: number;
  readonly views = new SessionViews();
  readonly #options: SessionDriverOptions;
  readonly #machine: SessionMachine;
  readonly #runner: MachineRunner<SessionMachine, SessionAction>;
  readonly #ways: SessionWays;
  readonly #streams: SessionStreams;
  readonly #messages: SessionMessages;
  /** All that one turn writes, reads and acknowledges shares records. */
  readonly #sending: OnceATurn;
  readonly #confirmed = deferred();
  readonly #done = deferred();
  #isCut = false;
  #lastWords: Uint8Array | undefined;
  #closeError: AnnexError | undefined;
  #isClosed = false;

  constructor(options: SessionDriverOptions) {
    const { port, outcome, config, line, reopen } = options;
    this.#options = options;
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
    this.#runner = runMachine<SessionAction, SessionMachine>(this.#machine, {
      clock: port.clock,
      perform: (action) => this.#perform(action),
      failed: (error) => port.log.error({ error }, 'a session failed to act'),
    });
    this.#sending = new OnceATurn(port.clock, () => this.#transmit());
    this.#ways = this.#makeWays(port, line, reopen);
    const session = {
      machine: this.#machine,
      pump: () => this.#sending.ask(),
      consumed: (id: number, count: number) => this.#consumed(id, count),
      over: () => (this.#isClosed ? this.#over() : undefined),
    };
    this.#streams = new SessionStreams(session, this.views);
    this.#messages = new SessionMessages(session, this.views, port, config.messageBytesMax);
    if (options.refusal === undefined) this.#sending.ask();
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

  /** Whatever the application was not there to see. */
  get hasWaiting(): boolean {
    return this.#messages.hasWaiting;
  }

  log(error: unknown): void {
    this.#options.port.log.error({ error }, 'a listener of a channel failed');
  }

  take(): Payload | undefined {
    return this.#messages.take();
  }

  takeStream(): AnnexStream | undefined {
    return this.#streams.take();
  }

  receive(bytes: Uint8Array, line: FlowLine, { isCongested }: Pick<FlowMessageInfo, 'isCongested'>): void {
    const path = this.#ways.pathOf(line);
    this.#feed((machine, nowMs) => machine.receive(bytes, path, isCongested, nowMs));
  }

  confirmedAgain(): void {
    this.#machine.confirmedAgain();
    this.#sending.ask();
  }

  send(value: Payload): Promise<void> {
    return this.#messages.send(value);
  }

  datagram(bytes: Uint8Array): boolean {
    if (bytes.length > DATAGRAM_BYTES_MAX)
      throw new RangeError(`A datagram has at most ${DATAGRAM_BYTES_MAX} bytes, not ${bytes.length}.`);
    if (this.#isClosed) return false;
    this.#feed((machine) => machine.datagram(bytes.slice()));
    return true;
  }

  openStream(): AnnexStream {
    if (this.#isClosed) throw this.#over();
    const id = this.#machine.openStream(this.#options.port.clock.monotonicMs());
    if (id === undefined)
      throw new AnnexError('ANNEX_STREAMS_FULL', 'As many streams are open as the other end takes.');
    return this.#streams.add(id);
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

  #makeWays(port: ProtocolPort, line: FlowLine, reopen: Reopen | undefined): SessionWays {
    const machine = this.#machine;
    const session = {
      get activePath() {
        return machine.activePath;
      },
      openPath: (path: number) => {
        this.#runner.feed((_, nowMs) => machine.openPath(path, nowMs));
        this.#transmit();
      },
      closePath: (path: number) => this.#feed(() => machine.closePath(path)),
      drained: () => this.#sending.ask(),
      wayless: () => this.#giveUp(),
    };
    return new SessionWays({ port, session, reopen, line });
  }

  #feed(input: (machine: SessionMachine, nowMs: number) => readonly SessionAction[]): void {
    this.#runner.feed(input);
    this.#sending.ask();
  }

  #transmit(): void {
    this.#runner.feed((machine, nowMs) => machine.transmit(this.#ways.room, nowMs));
  }

  #perform(action: SessionAction): void {
    switch (action.type) {
      case 'send':
        return this.#ways.send(action.path, action.bytes);
      case 'job':
        void this.#options
          .jobs(action.job)
          .then((result) => this.#feed((machine, nowMs) => machine.complete(action.ticket, result, nowMs)));
        return;
      case 'confirmed':
        return this.#confirmed.resolve();
      case 'ready':
        return this.#sending.ask();
      case 'stream':
        return this.#streams.opened(action.id);
      case 'data':
        if (action.id !== MESSAGE_STREAM) return this.#streams.data(action.id, action.bytes);
        return this.#messages.data(action.bytes) ? undefined : this.#fault('message');
      case 'end':
        if (action.id === MESSAGE_STREAM) return this.#messages.ended();
        return this.#streams.tell(action.id, (end) => end.end());
      case 'reset':
        return this.#streams.tell(action.id, (end) => end.wasReset());
      case 'stopped':
        return this.#streams.tell(action.id, (end) => end.wasStopped());
      case 'arrived':
        if (action.id === MESSAGE_STREAM) return this.#messages.arrived(action.offset);
        return this.#streams.tell(action.id, (end) => end.arrived(action.isDone));
      case 'datagram':
        return this.views.datagram(action.bytes);
      case 'ratcheted':
        return this.views.ratcheted(action.epoch);
      case 'path':
        return this.#ways.changed();
      case 'fault':
        return this.#faulted(action.code, action.path);
      case 'datagram-dropped':
        return;
      case 'closed':
        return this.#closed(action);
      case 'ended':
        return this.#finish();
      default:
        action satisfies never;
    }
  }

  #faulted(code: SessionFault, path: number): void {
    const { count } = this.#options;
    count(code);
    if (code === 'PEER_RECORD_DECRYPT' && !this.#ways.forged(path)) count('PEER_RECORD_FORGED');
  }

  #consumed(id: number, count: number): void {
    this.#machine.consumed(id, count, this.#options.port.clock.monotonicMs());
    this.#sending.ask();
  }

  #fault(what: string): void {
    this.#feed((machine, nowMs) => machine.close(CloseCode.PROTOCOL, what, false, nowMs));
  }

  #giveUp(): void {
    this.#closeError = new AnnexError('ANNEX_UNREACHABLE', 'No way to the other end was found for 30 s.');
    this.#feed((machine, nowMs) => machine.close(CloseCode.GONE, '', false, nowMs));
  }

  #closed({ code, reason, isRemote, lastWords }: Extract<SessionAction, { type: 'closed' }>): void {
    this.#isClosed = true;
    this.#lastWords = lastWords;
    this.#closeError ??= closeError(code, reason, isRemote, !isRemote || this.#messages.isWhole);
    this.#messages.closed(this.#over());
    this.#streams.closed();
    this.#confirmed.reject(this.#over());
    this.views.closed(this.#closeError);
    this.#done.resolve();
  }

  #finish(): void {
    if (this.#isCut) return;
    this.#isCut = true;
    this.#runner.stop();
    this.#sending.stop();
    this.#machine.destroy();
    this.#ways.stop();
    this.#options.ended(this, this.#lastWords);
    this.#done.resolve();
  }

  #over(): AnnexError {
    return this.#closeError ?? new AnnexError('ANNEX_CLOSED', 'The channel is closed.');
  }
}
