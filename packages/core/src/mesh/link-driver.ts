import type { CryptoJob, JobResult } from '../crypto-job.js';
import type { LinkErrorCode } from '../errors.js';
import type { LinkInfo } from '../link/control-frames.js';
import { ATTACHMENTS_MAX } from '../link/attachment.js';
import type { LinkAction } from '../link/link-actions.js';
import type { LinkEnd } from '../link/link-end.js';
import { SOCKET_BYTES_MAX } from '../link/link-limits.js';
import { releaseRecord } from '../link/record-arrays.js';
import type { QueueItem } from '../link/send-queue.js';
import type { Socket } from '../sockets/socket.js';
import type { Clock, TimerHandle } from '../transport/index.js';

const SETTLED = Promise.resolve();

/** What a link tells its session. */
export interface LinkListener {
  established(info: LinkInfo): void;
  closed(code: LinkErrorCode, isRemote: boolean): void;
  action(action: LinkAction): void;
  /** Where someone waits for it: the queue may have room again. */
  drained(): void;
}

export interface LinkDriverOptions {
  readonly link: LinkEnd;
  readonly socket: Socket | undefined;
  readonly clock: Clock;
  /** Monotonic time without what our own loop stood still. */
  readonly runningMs: () => number;
  readonly jobs: (job: CryptoJob) => Promise<JobResult>;
  readonly listener: LinkListener;
}

/** Drives a proven link: brings its records to the socket, what comes in and the time to the machine, and its jobs to the crypto. */
export class LinkDriver {
  readonly link: LinkEnd;
  readonly #options: LinkDriverOptions;
  #socket: Socket | undefined;
  #isStopped = false;
  #deadlineTimer: TimerHandle | undefined;
  #deadlineAtMs = Infinity;
  #isPumpScheduled = false;
  /** As long as nothing comes in or goes out. */
  #restsUntilMs = 0;
  /** Someone waits for the queue to have room. */
  #isDrainWanted = false;
  /** The line took at once what it was given last: long rows hold nobody up. */
  #isQuick = false;

  constructor(options: LinkDriverOptions) {
    this.#options = options;
    this.link = options.link;
    this.#socket = options.socket;
  }

  readonly #pumpScheduled = (): void => {
    this.#isPumpScheduled = false;
    this.pump();
  };

  readonly #write = (): void => {
    const socket = this.#socket;
    if (socket === undefined) return;
    const attachmentsMax = this.#isQuick ? ATTACHMENTS_MAX : 1;
    while (socket.bufferedBytes < SOCKET_BYTES_MAX) {
      const wire = this.link.nextRecord(this.#options.runningMs(), attachmentsMax);
      if (wire === undefined) break;
      socket.send(wire, releaseRecord);
      this.#perform(this.link.takeActions());
    }
  };

  /** Queues data; false when the queue is full: nothing was taken. */
  enqueue(item: QueueItem): boolean {
    const isTaken = this.link.queue.push(item);
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
    if (socket === undefined || this.#isStopped) return;
    if (socket.together === undefined) this.#write();
    else socket.together(this.#write);
    this.#isQuick = socket.bufferedBytes === 0;
    this.#armDeadline();
    if (!this.#isDrainWanted) return;
    this.#isDrainWanted = false;
    this.#options.listener.drained();
  }

  /** The regular tick that liveness and the ratchet need. */
  tick(nowMs: number): void {
    if (nowMs < this.#restsUntilMs) return;
    this.#perform(this.link.tick(nowMs));
    const { restsUntilMs } = this.link;
    if (restsUntilMs === undefined) this.schedule();
    this.#restsUntilMs = restsUntilMs ?? 0;
  }

  consumed(bytes: number): void {
    this.link.consumed(bytes, this.#options.runningMs());
    this.schedule();
  }

  receive(bytes: Uint8Array, receivedMs: number): void {
    const isAttachment = this.link.isAwaitingAttachment === true;
    this.#perform(this.link.receive(bytes, receivedMs, this.#options.runningMs()));
    if (isAttachment) this.#socket?.discard?.(bytes);
    this.schedule();
  }

  close(code: LinkErrorCode): void {
    this.#perform(this.link.close(code));
  }

  /** The socket is gone without a word. */
  peerGone(): void {
    this.#socket = undefined;
    this.#perform(this.link.peerGone());
  }

  /** What the peer was promised behind the last record goes before the last word. */
  sayLast(): void {
    for (let count = 0; this.link.isAttaching === true && count < ATTACHMENTS_MAX; count += 1)
      this.#sendNext();
    this.#sendNext();
  }

  /** Nothing of the link is performed any more. */
  stop(): void {
    this.#isStopped = true;
    if (this.#deadlineTimer !== undefined) this.#options.clock.clearTimer(this.#deadlineTimer);
  }

  #sendNext(): void {
    const record = this.link.nextRecord(this.#options.runningMs());
    if (record !== undefined) this.#socket?.send(record);
  }

  #perform(actions: readonly LinkAction[]): void {
    const { listener, jobs } = this.#options;
    for (const action of actions) {
      if (this.#isStopped) return;
      switch (action.type) {
        case 'job':
          void jobs(action.job).then((result) => {
            if (this.#isStopped) return;
            this.#perform(this.link.complete(action.ticket, result, this.#options.runningMs()));
            this.schedule();
          });
          break;
        case 'established':
          listener.established(action.info);
          break;
        case 'close':
          listener.closed(action.code, action.isRemote);
          break;
        default:
          listener.action(action);
      }
    }
  }

  #armDeadline(): void {
    const { clock, runningMs } = this.#options;
    const { deadlineMs } = this.link;
    if (deadlineMs === undefined || deadlineMs >= this.#deadlineAtMs) return;
    if (this.#deadlineTimer !== undefined) clock.clearTimer(this.#deadlineTimer);
    this.#deadlineAtMs = deadlineMs;
    this.#deadlineTimer = clock.setTimer(Math.max(1, deadlineMs - runningMs()), () => {
      this.#deadlineAtMs = Infinity;
      this.#deadlineTimer = undefined;
      this.tick(runningMs());
    });
  }
}
