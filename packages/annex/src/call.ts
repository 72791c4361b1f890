import { codeOf, runMachine, type MachineRunner } from '@yakmesh/core/transport';
import type { HandshakeAction, HandshakeOutcome } from './handshake/actions.js';
import {
  HANDSHAKE_TIMEOUT_MS,
  InitiatorMachine,
  type InitiatorOptions,
} from './handshake/initiator-machine.js';
import { padHandshake } from './handshake/messages.js';
import { AnnexError, type AnnexErrorCode } from './errors.js';
import type { FlowLine, LineOwner } from './flow-line.js';
import type { Hub } from './hub.js';
import type { AnnexConfig } from './options.js';
import { CloseCode } from './session/limits.js';
import type { SessionDriver } from './session-driver.js';

/** How long another way is tried for before the next one. */
const REOPEN_MS = 250;

const TEXTS: Readonly<Partial<Record<AnnexErrorCode, string>>> = {
  ANNEX_TIMEOUT:
    'Nobody answered within ten seconds: the other end has no listener, does not know this network, or is not there.',
  ANNEX_PEER_MISMATCH: 'Another node answered than was called.',
  ANNEX_SIGNATURE: 'The signature of whoever answered is wrong.',
  ANNEX_FIN: 'Whoever answered has not bound itself to these keys.',
  ANNEX_SELF: 'A node has no channel with itself.',
  ANNEX_VERSION: 'The other end speaks another version of ANNEX.',
  ANNEX_BUSY: 'The other end takes no further channel now; try again later.',
  ANNEX_PUZZLE: 'The other end demands a puzzle that is too hard.',
};

/** Our side of opening a channel: one handshake, over one flow after the other if need be, until a session is confirmed. */
export class Call implements LineOwner {
  /** Settles with the session: this call's, or the one that the other end opened at the same time. */
  readonly session: Promise<SessionDriver>;
  readonly #hub: Hub;
  readonly #options: InitiatorOptions;
  readonly config: AnnexConfig;
  readonly #machine: InitiatorMachine;
  readonly #runner: MachineRunner<InitiatorMachine, HandshakeAction>;
  #resolve: (session: SessionDriver) => void = () => undefined;
  #reject: (error: AnnexError) => void = () => undefined;
  #line: FlowLine | undefined;
  #own: SessionDriver | undefined;
  #isOpening = false;
  #isOver = false;
  #unsent: Uint8Array | undefined;
  #wayError: unknown;

  constructor(hub: Hub, options: InitiatorOptions, config: AnnexConfig) {
    this.#hub = hub;
    this.#options = options;
    this.config = config;
    this.session = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.session.catch(() => undefined);
    this.#machine = new InitiatorMachine(options);
    this.#runner = runMachine<HandshakeAction, InitiatorMachine>(this.#machine, {
      clock: hub.port.clock,
      perform: (action) => this.#perform(action),
      failed: (error) => hub.port.log.error({ error }, 'a call failed to act'),
    });
    this.#runner.feed((machine) => machine.start());
  }

  get sessionId(): Uint8Array {
    return this.#machine.session;
  }

  get isAnonymous(): boolean {
    return this.#options.isAnonymous;
  }

  /** A handshake message without its padding. */
  receive(message: Uint8Array): void {
    this.#runner.feed((machine, nowMs) => machine.receive(message, nowMs));
  }

  /** The other end's call has become the session; ours is given up. */
  adopt(session: SessionDriver): void {
    if (this.#isOver) return;
    void this.#own?.close(CloseCode.DUPLICATE, '', false);
    this.#end();
    this.#resolve(session);
  }

  fail(error: AnnexError): void {
    if (this.#isOver) return;
    this.#end();
    this.#reject(error);
  }

  drained(): void {
    const unsent = this.#unsent;
    this.#unsent = undefined;
    if (unsent !== undefined) this.#send(unsent);
  }

  lost(line: FlowLine): void {
    line.isOpen = false;
    if (this.#line === line) this.#line = undefined;
  }

  #perform(action: HandshakeAction): void {
    switch (action.type) {
      case 'send':
        return this.#send(padHandshake(action.bytes));
      case 'job':
        void this.#hub.crypto.jobs(action.job).then((result) => {
          this.#runner.feed((machine, nowMs) => machine.complete(action.ticket, result, nowMs));
        });
        return;
      case 'done':
        return this.#done(action.outcome);
      case 'ignored':
        return this.#hub.count(action.code);
      case 'fail':
        return this.#failed(action.code as AnnexErrorCode);
      default:
        action satisfies never;
    }
  }

  #send(bytes: Uint8Array): void {
    if (this.#line?.isOpen === true) {
      if (!this.#line.send(bytes)) this.#unsent = bytes;
      return;
    }
    if (!this.#isOpening) void this.#openFlow(bytes);
  }

  async #openFlow(body: Uint8Array): Promise<void> {
    this.#isOpening = true;
    try {
      const line = await this.#hub.openFlow(this.#options.peer.nodeId, body, this.config.priority);
      if (this.#isOver) return line.close();
      line.owner = this;
      this.#line = line;
    } catch (error) {
      // The machine sends again; the last reason is told if nothing comes of it.
      this.#wayError = error;
      const { clock } = this.#hub.port;
      if (codeOf(error) === 'MESH_STOPPED') this.fail(new AnnexError('ANNEX_CLOSED', 'The mesh is stopped.'));
      else clock.setTimer(REOPEN_MS, () => this.#retry(body));
    } finally {
      this.#isOpening = false;
    }
  }

  #retry(body: Uint8Array): void {
    if (!this.#isOver && this.#line === undefined && !this.#isOpening) void this.#openFlow(body);
  }

  #done(outcome: HandshakeOutcome): void {
    const line = this.#line;
    if (line === undefined) return this.#failed('ANNEX_TIMEOUT');
    const session = this.#hub.addSession(outcome, line, this.config, this.#options.peer.nodeId);
    this.#own = session;
    session.confirmed.then(
      () => this.#confirmed(session),
      (error: AnnexError) => this.#refused(error),
    );
  }

  #confirmed(session: SessionDriver): void {
    if (this.#isOver) return;
    this.#machine.confirmed();
    this.#end();
    this.#resolve(session);
  }

  /** Told to give way to the other end's call, we wait for it as long as ours would have taken. */
  #refused(error: AnnexError): void {
    this.#machine.confirmed();
    if (error.code !== 'ANNEX_DUPLICATE' || this.#isOver) return this.fail(error);
    const { clock } = this.#hub.port;
    clock.setTimer(HANDSHAKE_TIMEOUT_MS, () => this.fail(error));
  }

  #failed(code: AnnexErrorCode): void {
    const cause = this.#wayError;
    const own = this.#own;
    if (own !== undefined) void own.close(CloseCode.DUPLICATE, '', false);
    const isWayless = code === 'ANNEX_TIMEOUT' && this.#line === undefined && cause !== undefined;
    this.fail(
      isWayless
        ? new AnnexError('ANNEX_UNREACHABLE', 'The mesh knows no way to the other end.', { cause })
        : new AnnexError(code, TEXTS[code] ?? 'The handshake failed.', { cause }),
    );
  }

  #end(): void {
    this.#isOver = true;
    this.#runner.stop();
    this.#machine.destroy();
    if (this.#own === undefined) this.#line?.close();
    this.#hub.callEnded(this);
  }
}
