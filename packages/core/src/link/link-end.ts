import type { JobResult } from '../crypto-job.js';
import type { LinkErrorCode } from '../errors.js';
import type { LinkAction } from './link-actions.js';
import type { Liveness } from './liveness.js';
import type { QueueItem, SendQueue } from './send-queue.js';

/** Our end of an authenticated link, as its session drives it. `LinkMachine` seals records; simulations of thousands of nodes bring one that does not. */
export interface LinkEnd {
  readonly queue: SendQueue;
  readonly liveness: Liveness;
  /** True while the peer has ended the link and what it sent before is still being verified. */
  readonly isEnding: boolean;
  readonly isEstablished: boolean;
  /** When `tick` has something to do, apart from the regular ticks that liveness needs. */
  readonly deadlineMs: number | undefined;
  /** Where nothing waits to be sent: before then `tick` has nothing to do unless something comes in or goes out. Undefined where something waits, or where that is not known. */
  readonly restsUntilMs?: number | undefined;
  /** True while the next message is an attachment of the last record: nothing may come between. */
  readonly isAttaching?: boolean;
  /** True while the peer's next message is an attachment of its last record: nobody keeps any of it once it was received. */
  readonly isAwaitingAttachment?: boolean;
  sendInfo(): void;
  consumed(bytes: number, nowMs: number): void;
  close(code: LinkErrorCode): LinkAction[];
  /** Another link to the same peer takes over; answers what was not sent. */
  retire(): QueueItem[];
  answerRetirement(): void;
  takeUnsent(): QueueItem[];
  destroy(): void;
  /** The peer is gone without a word. */
  peerGone(): LinkAction[];
  receive(wire: Uint8Array, receivedMs: number, nowMs: number): LinkAction[];
  complete(ticket: number, result: JobResult, nowMs: number): LinkAction[];
  tick(nowMs: number): LinkAction[];
  /** The next message for the socket, a record with so many attachments at most; undefined when nothing may be sent now. */
  nextRecord(nowMs: number, attachmentsMax?: number): Uint8Array | undefined;
  /** Actions that a written record caused. */
  takeActions(): LinkAction[];
}
