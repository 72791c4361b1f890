import type { LinkErrorCode } from '../errors.js';
import { FrameKind } from '../record/frames.js';
import { Acknowledger } from './acknowledger.js';
import { decodeCredit, decodePing } from './control-frames.js';
import { CreditUser } from './credit.js';
import type { LinkAction } from './link-actions.js';
import { PINGS_BURST, PINGS_PER_SECOND } from './link-limits.js';
import { Liveness } from './liveness.js';
import { Pinger } from './pinger.js';
import { TokenBucket } from './token-bucket.js';

export interface LinkPulseOptions {
  readonly pingIntervalMs: number;
  /** Data bytes that the peer takes at first. */
  readonly creditBytes: number;
  /** Queues a small frame. */
  readonly write: (frame: Uint8Array) => void;
  readonly nowMs: number;
}

/** Credit, pings and liveness of one link: how each end knows that the other lives and keeps up. */
export class LinkPulse {
  readonly liveness: Liveness;
  readonly credit: CreditUser;
  readonly #write: (frame: Uint8Array) => void;
  readonly #acknowledger = new Acknowledger();
  readonly #pinger = new Pinger();
  readonly #pings: TokenBucket;

  constructor(options: LinkPulseOptions) {
    this.#write = options.write;
    this.credit = new CreditUser(options.creditBytes);
    this.#pings = new TokenBucket(PINGS_PER_SECOND, PINGS_BURST, options.nowMs);
    this.liveness = new Liveness(options.pingIntervalMs, options.nowMs);
  }

  /** When an acknowledgement is due. */
  get deadlineMs(): number | undefined {
    return this.#acknowledger.deadlineMs;
  }

  /** Counts charged bytes that came in; false when the peer had no credit for them. */
  receive(bytes: number, nowMs: number): boolean {
    return this.#acknowledger.receive(bytes, nowMs);
  }

  consume(bytes: number, nowMs: number): void {
    this.#acknowledger.consume(bytes, nowMs, this.liveness.roundTrip.smoothedMs);
  }

  /** So many bytes of frames are being put together. */
  assembling(bytes: number, nowMs: number): void {
    this.#acknowledger.assembling(bytes, nowMs);
  }

  ping(nowMs: number): void {
    this.liveness.sent(nowMs);
    this.#write(this.#pinger.ping(nowMs));
  }

  /** Data that the peer must acknowledge has left. */
  sent(nowMs: number): void {
    this.liveness.sent(nowMs);
  }

  /** Acts on CREDIT, PING and PONG; a code closes the link. */
  frame(kind: number, body: Uint8Array, nowMs: number): LinkAction[] | LinkErrorCode {
    if (kind === FrameKind.CREDIT) return this.#creditReceived(body, nowMs);
    const id = decodePing(body);
    if (id === undefined) return 'LINK_BAD_FRAME';
    if (kind === FrameKind.PONG) return this.#answered(id, nowMs);
    if (!this.#pings.take(nowMs)) return 'LINK_FLOOD';
    this.#pinger.asked(id);
    return [{ type: 'ping' }];
  }

  /** Writes the answers that are due. */
  answer(nowMs: number): void {
    const pong = this.#pinger.takeAnswer();
    if (pong !== undefined) this.#write(pong);
    const credit = this.#acknowledger.frame(nowMs);
    if (credit !== undefined) this.#write(credit);
  }

  /** Asks a silent peer; a code gives it up. */
  tick(nowMs: number): LinkAction[] | LinkErrorCode {
    const verdict = this.liveness.tick(nowMs);
    if (verdict === 'dead') return 'LINK_TIMEOUT';
    if (verdict !== 'alive') this.ping(nowMs);
    return verdict === 'suspect' ? [{ type: 'suspect' }] : [];
  }

  #creditReceived(body: Uint8Array, nowMs: number): LinkAction[] | LinkErrorCode {
    const frame = decodeCredit(body);
    if (frame === undefined || !this.credit.update(frame.receivedBytes, frame.grantedBytes))
      return 'LINK_CREDIT';
    this.liveness.progressed(this.credit.unacknowledgedBytes > 0 || this.#pinger.isOut, nowMs);
    return [];
  }

  #answered(id: number, nowMs: number): LinkAction[] {
    const rttMs = this.#pinger.answered(id, nowMs);
    if (rttMs === undefined) return [];
    this.liveness.roundTrip.sample(rttMs);
    this.liveness.progressed(this.credit.unacknowledgedBytes > 0, nowMs);
    return [{ type: 'pong', rttMs }];
  }
}
