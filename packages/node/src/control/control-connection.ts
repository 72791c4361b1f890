import { codeOf, systemClock, type Logger, type TimerHandle } from '@yakmesh/core/transport';
import { SafeJsonParser } from '@yakmesh/defense';
import type { Socket } from 'node:net';
import { NodeError } from '../errors.js';
import {
  CONTROL_VERSION,
  GREETING_BYTES_MAX,
  REQUEST_BYTES_MAX,
  requestOf,
  tokenOfGreeting,
  type ControlRequest,
} from './control-protocol.js';
import { LineSplitter } from './line-splitter.js';
import { isSameToken } from './token.js';

/** A client is a program on this machine: its first line comes at once. */
const GREETING_MS_MAX = 2_000;
/** How long a client may say nothing between two requests. */
const IDLE_MS_MAX = 60_000;
/** How long a request may take; one that listens takes as long as it likes. */
const CALL_MS_MAX = 120_000;
/** Requests that wait while one is done. */
const REQUESTS_WAITING_MAX = 16;
/** Bytes of events that a client has not taken yet; further events are left out, and counted. */
const EVENT_BYTES_MAX = 1_048_576;

/** What a handler of requests is given besides. */
export interface CallContext {
  /** Aborts when the client has gone or the node stops. */
  readonly signal: AbortSignal;
  /** Sends an event to the client; false when it is too slow to take it. */
  tell(event: object): boolean;
}

/** Does what is asked, or rejects with a code. */
export type ControlHandler = (request: ControlRequest, context: CallContext) => Promise<unknown>;

export interface ConnectionOptions {
  readonly token: Uint8Array;
  readonly handler: ControlHandler;
  readonly log: Logger;
}

type State = 'greeting' | 'idle' | 'busy' | 'closed';

/** One client at the control socket: a greeting with the token, then requests, one after the other. */
export class ControlConnection {
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #lines = new LineSplitter();
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  readonly #json = new SafeJsonParser({ maxBytes: REQUEST_BYTES_MAX, maxStringLength: REQUEST_BYTES_MAX });
  readonly #gone = new AbortController();
  #state: State = 'greeting';
  #deadline: TimerHandle;
  #call: Promise<void> = Promise.resolve();
  readonly #closed: Promise<void>;
  #isEnding = false;

  constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#deadline = this.#closeAfter(GREETING_MS_MAX);
    socket.on('data', (bytes: Buffer) => this.#received(bytes));
    socket.on('error', () => this.#close());
    this.#closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('close', () => this.#close());
    socket.on('end', () => this.#close());
  }

  /** Answers what is under way, then ends. */
  async end(): Promise<void> {
    this.#isEnding = true;
    this.#gone.abort(new NodeError('NODE_NOT_RUNNING', 'The node stops.'));
    // A call that goes on for ever ends with its socket.
    await Promise.race([this.#call, this.#closed]);
    this.#socket.end();
    this.#close();
  }

  #received(bytes: Uint8Array): void {
    if (this.#state === 'closed') return;
    for (const line of this.#lines.push(bytes)) {
      this.#waiting.push(line);
      this.#waitingBytes += line.length;
    }
    this.#next();
    const bytesMax = this.#stateNow() === 'greeting' ? GREETING_BYTES_MAX : REQUEST_BYTES_MAX;
    const isTooMuch = this.#waitingBytes + this.#lines.pendingBytes > bytesMax;
    if (isTooMuch || this.#waiting.length > REQUESTS_WAITING_MAX) {
      this.#refuse(
        'NODE_CONTROL_BAD_REQUEST',
        `At most ${REQUESTS_WAITING_MAX} requests of ${bytesMax} bytes together may wait.`,
      );
    }
  }

  #next(): void {
    while (this.#state === 'greeting' || this.#state === 'idle') {
      const line = this.#waiting.shift();
      if (line === undefined) return;
      this.#waitingBytes -= line.length;
      if (this.#state === 'greeting') this.#greeted(line);
      else this.#requested(line);
    }
  }

  #greeted(line: Uint8Array): void {
    const token = line.length > GREETING_BYTES_MAX ? undefined : tokenOfGreeting(this.#json.parse(line).data);
    if (token === undefined || !isSameToken(token, this.#options.token)) {
      this.#options.log.warn({}, 'Somebody without the token was turned away from the control socket.');
      return this.#refuse(
        'NODE_CONTROL_DENIED',
        `Begin with {"yakmesh":${CONTROL_VERSION},"token":"…"} and the node's token.`,
      );
    }
    this.#become('idle', IDLE_MS_MAX);
    this.#write({ yakmesh: CONTROL_VERSION });
  }

  #requested(line: Uint8Array): void {
    const request = requestOf(this.#json.parse(line).data);
    if (request === undefined)
      return this.#refuse('NODE_CONTROL_BAD_REQUEST', 'A request is {"id":1,"method":"status","params":{}}.');
    this.#become('busy', request.method === 'listen' || request.method === 'stop' ? Infinity : CALL_MS_MAX);
    this.#call = this.#answer(request);
  }

  async #answer(request: ControlRequest): Promise<void> {
    const { id } = request;
    const tell = (event: object): boolean => {
      if (this.#state === 'closed' || this.#socket.writableLength > EVENT_BYTES_MAX) return false;
      this.#write({ id, event });
      return true;
    };
    try {
      const result = await this.#options.handler(request, { signal: this.#gone.signal, tell });
      this.#write({ id, result: result ?? {} });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#write({ id, error: { code: codeOf(error) ?? 'UNEXPECTED', message } });
    }
    if (this.#stateNow() === 'closed' || this.#isEnding) return;
    this.#become('idle', IDLE_MS_MAX);
    this.#next();
  }

  /** Asked again after a wait, which the compiler does not see. */
  #stateNow(): State {
    return this.#state;
  }

  #become(state: State, forMs: number): void {
    this.#state = state;
    systemClock.clearTimer(this.#deadline);
    if (forMs !== Infinity) this.#deadline = this.#closeAfter(forMs);
  }

  #closeAfter(ms: number): TimerHandle {
    return systemClock.setTimer(ms, () =>
      this.#refuse('NODE_CONTROL_TIMEOUT', `The connection was ended after ${ms} ms.`),
    );
  }

  #refuse(code: string, message: string): void {
    this.#write({ error: { code, message } });
    this.#socket.end();
    this.#close();
  }

  #write(value: Readonly<Record<string, unknown>>): void {
    if (this.#socket.writable) this.#socket.write(`${JSON.stringify(value)}\n`);
  }

  #close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
    systemClock.clearTimer(this.#deadline);
    this.#gone.abort(new NodeError('NODE_CONTROL_FAILED', 'The client has gone.'));
    // What was answered last still leaves; a client that does not take it is cut off with the node.
    if (!this.#socket.writableEnded) this.#socket.end();
  }
}
