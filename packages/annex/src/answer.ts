import { runMachine, type MachineRunner } from '@yakmesh/core/transport';
import type { FlowLine, LineOwner } from './flow-line.js';
import type { HandshakeAction, HandshakeOutcome } from './handshake/actions.js';
import { padHandshake } from './handshake/messages.js';
import { ResponderMachine, type ResponderOptions } from './handshake/responder-machine.js';
import type { Hub } from './hub.js';

/** Our side of a channel that somebody else opens, until it is proven. */
export class Answer implements LineOwner {
  readonly openedMs: number;
  readonly openHash: string;
  readonly #hub: Hub;
  readonly #machine: ResponderMachine;
  readonly #runner: MachineRunner<ResponderMachine, HandshakeAction>;
  /** The way of the latest message: answers go there. */
  #line: FlowLine;

  constructor(hub: Hub, line: FlowLine, options: ResponderOptions, openHash: string) {
    this.openedMs = options.nowMs;
    this.openHash = openHash;
    this.#hub = hub;
    this.#line = line;
    line.owner = this;
    this.#machine = new ResponderMachine(options);
    this.#runner = runMachine<HandshakeAction, ResponderMachine>(this.#machine, {
      clock: hub.port.clock,
      perform: (action) => this.#perform(action),
      failed: (error) => hub.port.log.error({ error }, 'an answer failed to act'),
    });
    this.#runner.feed((machine) => machine.start());
  }

  get sessionId(): Uint8Array {
    return this.#machine.session;
  }

  get line(): FlowLine {
    return this.#line;
  }

  /** The same OPEN came again, perhaps another way. */
  again(line: FlowLine): void {
    this.#take(line);
    this.#runner.feed((machine) => machine.again());
  }

  /** A CONFIRM without its padding. */
  receive(message: Uint8Array, line: FlowLine): void {
    this.#take(line);
    this.#runner.feed((machine) => machine.receive(message));
  }

  /** Whether this is the CONFIRM that made the session. */
  isConfirmed(message: Uint8Array): boolean {
    return this.#machine.isConfirmed(message);
  }

  stop(): void {
    this.#runner.stop();
    this.#machine.destroy();
  }

  drained(): void {
    // ANSWER is sent again when OPEN comes again.
  }

  lost(line: FlowLine): void {
    line.isOpen = false;
  }

  #take(line: FlowLine): void {
    if (line !== this.#line && this.#line.owner === this) this.#line.close();
    this.#line = line;
    line.owner = this;
  }

  #perform(action: HandshakeAction): void {
    switch (action.type) {
      case 'send':
        this.#line.send(padHandshake(action.bytes));
        return;
      case 'job':
        void this.#hub.crypto.jobs(action.job).then((result) => {
          this.#runner.feed((machine) => machine.complete(action.ticket, result));
        });
        return;
      case 'done':
        return this.#done(action.outcome);
      case 'ignored':
        return this.#hub.count(action.code);
      case 'fail':
        this.#hub.count(action.code);
        this.#line.close();
        this.stop();
        return this.#hub.answerEnded(this);
      default:
        action satisfies never;
    }
  }

  #done(outcome: HandshakeOutcome): void {
    this.#runner.stop();
    void this.#hub.proven(this, outcome);
  }
}
