import type { CryptoJob, JobResult } from '../crypto-job.js';
import type { LinkErrorCode, MeshErrorCode, PeerFaultCode } from '../errors.js';
import type { HandshakeAction, HandshakeOutcome } from '../handshake/actions.js';
import type { HandshakeMachine } from '../handshake/handshake-machine.js';
import type { LinkSecrets } from '../handshake/key-schedule.js';
import { refusalRecord } from '../link/refusal.js';
import type { Clock } from '../transport/index.js';

/** Largest message before a peer is authenticated. */
export const HANDSHAKE_BYTES_MAX = 8_192;

/** What a handshake tells its session. */
export interface HandshakeListener {
  send(bytes: Uint8Array): void;
  done(outcome: HandshakeOutcome): void;
  /** The other end has proven who it is, and is refused. */
  denied(secrets: LinkSecrets, code: LinkErrorCode): void;
  failed(code: MeshErrorCode | PeerFaultCode): void;
}

export interface HandshakeDriverOptions {
  readonly machine: HandshakeMachine;
  readonly clock: Clock;
  readonly jobs: (job: CryptoJob) => Promise<JobResult>;
  readonly listener: HandshakeListener;
}

/** Drives a handshake: brings its messages to the session and its jobs to the crypto, until it is done or has failed. */
export class HandshakeDriver {
  readonly #options: HandshakeDriverOptions;
  #isDone = false;
  #isStopped = false;

  constructor(options: HandshakeDriverOptions) {
    this.#options = options;
  }

  /** Only a side that speaks first has something to say. */
  start(): void {
    const { machine } = this.#options;
    if (machine.start !== undefined) this.#perform(machine.start());
  }

  receive(bytes: Uint8Array): void {
    const { machine, clock, listener } = this.#options;
    if (bytes.length > HANDSHAKE_BYTES_MAX) return listener.failed('PEER_NOT_HANDSHAKE');
    this.#perform(machine.receive(bytes, clock.nowMs()));
  }

  /** Tells a proven other end why it is refused. */
  refuse(secrets: LinkSecrets, code: LinkErrorCode): void {
    const { machine, listener } = this.#options;
    listener.send(machine.refusal?.(code) ?? refusalRecord(secrets, code));
  }

  stop(): void {
    this.#isStopped = true;
    this.#options.machine.destroy();
  }

  #perform(actions: readonly HandshakeAction[]): void {
    const { machine, jobs, listener } = this.#options;
    for (const action of actions) {
      if (this.#isStopped) return;
      switch (action.type) {
        case 'send':
          listener.send(action.bytes);
          break;
        case 'job':
          void jobs(action.job).then((result) => {
            if (!this.#isDone && !this.#isStopped) this.#perform(machine.complete(action.ticket, result));
            else if (result.type === 'generate') result.keyPair.destroy();
          });
          break;
        case 'done':
          this.#isDone = true;
          listener.done(action.outcome);
          break;
        case 'denied':
          listener.denied(action.secrets, action.code);
          break;
        case 'fail':
          listener.failed(action.code);
          break;
      }
    }
  }
}
