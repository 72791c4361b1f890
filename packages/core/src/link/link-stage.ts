import type { LinkErrorCode } from '../errors.js';
import type { HandshakeRole } from '../handshake/actions.js';
import { encodeFrame, FrameKind } from '../record/frames.js';
import { decodeInfo, encodeClose, encodeInfo, type LinkInfo } from './control-frames.js';
import type { LinkAction } from './link-actions.js';
import type { QueueItem, SendQueue } from './send-queue.js';

export interface LinkStageOptions {
  readonly role: HandshakeRole;
  readonly queue: SendQueue;
  readonly writer: {
    readonly unsent: readonly QueueItem[];
    /** Queues a frame of the link's own. */
    control(frame: Uint8Array): void;
    stopData(): void;
  };
  readonly info: () => LinkInfo;
  /** Asks the peer, to learn the round trip. */
  readonly ping: (nowMs: number) => void;
  /** True when all that came in is dealt with. */
  readonly isIdle: () => boolean;
}

/** Where a link stands between its handshake and its end, and what its ends say to each other there. "States of a link" in PROTOCOL.md. */
export class LinkStage {
  readonly #options: LinkStageOptions;
  #isDone: boolean;
  #isEstablished = false;
  #isClosed = false;
  #isRetired = false;
  #ending: LinkErrorCode | undefined;

  constructor(options: LinkStageOptions) {
    this.#options = options;
    this.#isDone = options.role === 'responder';
    if (!this.#isDone) return;
    options.writer.control(encodeFrame(FrameKind.HS_DONE));
    this.sendInfo();
  }

  /** True once the responder has accepted. */
  get isDone(): boolean {
    return this.#isDone;
  }

  get isEstablished(): boolean {
    return this.#isEstablished;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** True while the peer has ended the link and what it sent before is still being dealt with. */
  get isEnding(): boolean {
    return this.#ending !== undefined;
  }

  sendInfo(): void {
    this.#options.writer.control(encodeInfo(this.#options.info()));
  }

  /** HS_DONE came. */
  handshakeDone(nowMs: number): LinkAction[] {
    if (this.#isDone) return this.close('LINK_UNEXPECTED');
    this.#isDone = true;
    this.sendInfo();
    this.#options.ping(nowMs);
    return [];
  }

  /** INFO came. */
  informed(body: Uint8Array, nowMs: number): LinkAction[] {
    const info = decodeInfo(body);
    if (info === undefined) return this.close('LINK_BAD_FRAME');
    if (this.#isEstablished) return [{ type: 'info', info }];
    this.#isEstablished = true;
    // The initiator has asked already; patience and credit need the round trip at this end too.
    if (this.#options.role === 'responder') this.#options.ping(nowMs);
    return [{ type: 'established', info }];
  }

  /** Ends the link; the next record tells the peer. */
  close(code: LinkErrorCode): LinkAction[] {
    if (!this.#isClosed && !this.#isRetired) this.#options.writer.control(encodeClose(code));
    return this.fail(code);
  }

  /** Ends a link that cannot be told: its keys or its peer are gone. */
  fail(code: LinkErrorCode): LinkAction[] {
    if (this.#isClosed) return [];
    this.#isClosed = true;
    return [{ type: 'close', code, isRemote: false }];
  }

  /** Another link to the same peer takes over: says so, sends no more, and still receives until the peer has said the same. */
  retire(): QueueItem[] {
    if (this.#isRetired || this.#isClosed) return [];
    this.#isRetired = true;
    this.answerRetirement();
    return this.takeUnsent();
  }

  /** The peer has retired this link: say the same, so that it knows that all before was read. */
  answerRetirement(): void {
    this.#options.writer.stopData();
    this.#options.writer.control(encodeClose('LINK_DUPLICATE'));
  }

  /** What was queued and not wholly sent; the queue is empty afterwards. */
  takeUnsent(): QueueItem[] {
    const { writer, queue } = this.#options;
    return [...writer.unsent, ...queue.drain()];
  }

  /** The peer is gone without a word. What it sent before is dealt with first, then the link closes. */
  peerGone(): LinkAction[] {
    return this.#isClosed || this.isEnding ? [] : this.peerEnded('LINK_CLOSED');
  }

  /** CLOSE came. */
  peerEnded(code: LinkErrorCode): LinkAction[] {
    this.#ending = code;
    return this.endOnceIdle();
  }

  /** Closes an ending link as soon as all that came before is dealt with. */
  endOnceIdle(): LinkAction[] {
    const code = this.#ending;
    if (code === undefined || this.#isClosed || !this.#options.isIdle()) return [];
    this.#isClosed = true;
    this.#ending = undefined;
    return [{ type: 'close', code, isRemote: true }];
  }

  /** Nothing may follow. */
  destroy(): void {
    this.#isClosed = true;
  }
}
