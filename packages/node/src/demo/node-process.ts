import { CodedError } from '@yakmesh/core/transport';
import { fork, type ChildProcess } from 'node:child_process';
import { NodeError } from '../errors.js';
import { DEMO_WORKER_PATH } from '../package-place.js';
import type { Arrival, CallMessage, CallName, NodeCalls, WorkerMessage } from './messages.js';

/** The end of what a node writes to its standard error, kept to say why it died. */
const COMPLAINT_LENGTH_MAX = 4_096;

/** How a node's process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

interface Waiting {
  readonly resolve: (reply: never) => void;
  readonly reject: (error: Error) => void;
}

/** A node of the demo in a process of its own, as the demo sees it. */
export class NodeProcess {
  /** From 1 on, as people count. */
  readonly number: number;
  /** Settles when the process is gone; never rejects. */
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #complaint = '';
  #lastId = 0;
  #end: string | undefined;

  constructor(number: number, onArrival: (arrival: Arrival) => void) {
    this.number = number;
    // Its identity is its own and fresh: nobody's passphrase has a place there. Nor has a debugger's port of ours.
    const { YAKMESH_PASSPHRASE: _, ...env } = process.env;
    this.#child = fork(DEMO_WORKER_PATH, { env, execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#complaint = (this.#complaint + text).slice(-COMPLAINT_LENGTH_MAX);
    });
    this.#child.on('message', (message: WorkerMessage) => this.#received(message, onArrival));
    this.exited = new Promise((resolve) => {
      this.#child.once('error', (error) => this.#ended(`could not be started: ${error.message}`));
      this.#child.once('close', (code, signal) => {
        this.#ended(signal === null ? `ended with code ${code}` : `was ended by ${signal}`);
        resolve({ code, signal });
      });
    });
  }

  /** Asks the node to do something. Rejects with the node's failure and its code, or with DEMO_NODE_DIED. */
  call<Name extends CallName>(
    name: Name,
    request: NodeCalls[Name]['request'],
  ): Promise<NodeCalls[Name]['reply']> {
    if (this.#end !== undefined) return Promise.reject(this.#died(this.#end));
    this.#lastId += 1;
    const message: CallMessage<Name> = { id: this.#lastId, name, request };
    return new Promise((resolve, reject) => {
      this.#waiting.set(message.id, { resolve, reject });
      // A failure to send means that the process is ending: its end says why.
      this.#child.send(message, () => undefined);
    });
  }

  /** Ends the process at once, if it still runs. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #received(message: WorkerMessage, onArrival: (arrival: Arrival) => void): void {
    if (message.type === 'arrival') return onArrival(message.arrival);
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.type === 'reply') return waiting?.resolve(message.reply as never);
    const { code, message: text } = message;
    waiting?.reject(new CodedError(code, `node ${this.number}: ${text}`));
  }

  #ended(how: string): void {
    this.#end ??= how;
    for (const { reject } of this.#waiting.values()) reject(this.#died(this.#end));
    this.#waiting.clear();
  }

  #died(how: string): NodeError {
    const complaint = this.#complaint.split('\n').find((line) => /error/i.test(line)) ?? '';
    return new NodeError('DEMO_NODE_DIED', `node ${this.number} ${how}. ${complaint}`.trim());
  }
}
