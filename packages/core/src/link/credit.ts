import { CREDIT_BYTES_MAX } from './link-limits.js';

/** The window doubles when it is used up within this many round trips. */
const GROWTH_ROUND_TRIPS = 2;
/** On links shorter than this, what we take to verify and deliver a window counts more than the round trip. */
const GROWTH_MS_MIN = 50;
/** The peer hears at once of so much of a window. */
const NEWS_SHARE = 1 / 4;

/** What we let the peer send: data bytes that it may have with us unconsumed. */
export class CreditGranter {
  #windowBytes: number;
  #receivedBytes = 0;
  #consumedBytes = 0;
  #grantedBytes: number;
  #announcedBytes: number;
  #windowStartMs = 0;
  #windowStartBytes = 0;
  #assemblingBytes = 0;

  constructor(windowBytes: number) {
    this.#windowBytes = windowBytes;
    this.#grantedBytes = windowBytes;
    this.#announcedBytes = windowBytes;
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  get grantedBytes(): number {
    return this.#grantedBytes;
  }

  /** Bytes of news that do not wait for more. */
  get newsBytes(): number {
    return this.#windowBytes * NEWS_SHARE;
  }

  get unconsumedBytes(): number {
    return this.#receivedBytes - this.#consumedBytes;
  }

  /** Counts charged bytes; false when the peer had no credit for them. */
  receive(bytes: number): boolean {
    this.#receivedBytes += bytes;
    return this.#receivedBytes <= this.#grantedBytes;
  }

  /** A frame larger than the window is being put together: its parts must not use up the credit that its end needs. */
  assembling(bytes: number): void {
    this.#assemblingBytes = bytes;
    this.#extend();
  }

  consume(bytes: number, nowMs: number, rttMs: number | undefined): void {
    this.#consumedBytes += bytes;
    if (this.#consumedBytes - this.#windowStartBytes >= this.#windowBytes) {
      const growthMs = Math.max(GROWTH_MS_MIN, GROWTH_ROUND_TRIPS * (rttMs ?? 0));
      const isLimiting = nowMs - this.#windowStartMs <= growthMs;
      if (isLimiting) this.#windowBytes = Math.min(CREDIT_BYTES_MAX, 2 * this.#windowBytes);
      this.#windowStartMs = nowMs;
      this.#windowStartBytes = this.#consumedBytes;
    }
    this.#extend();
  }

  /** True when the peer should hear of its new credit without delay. */
  get isNewsworthy(): boolean {
    return this.#grantedBytes - this.#announcedBytes >= this.newsBytes;
  }

  /** The grant to announce: cumulative, so a repeated or late one does no harm. */
  announce(): number {
    this.#announcedBytes = this.#grantedBytes;
    return this.#grantedBytes;
  }

  #extend(): void {
    const target = this.#consumedBytes + this.#windowBytes + this.#assemblingBytes;
    this.#grantedBytes = Math.max(this.#grantedBytes, target);
  }
}

/** What the peer lets us send. */
export class CreditUser {
  #grantedBytes: number;
  #sentBytes = 0;
  #acknowledgedBytes = 0;

  constructor(grantedBytes: number) {
    this.#grantedBytes = grantedBytes;
  }

  get availableBytes(): number {
    return this.#grantedBytes - this.#sentBytes;
  }

  get unacknowledgedBytes(): number {
    return this.#sentBytes - this.#acknowledgedBytes;
  }

  use(bytes: number): void {
    this.#sentBytes += bytes;
  }

  /** Takes a CREDIT frame's numbers; false when they are impossible. */
  update(receivedBytes: number, grantedBytes: number): boolean {
    if (receivedBytes > this.#sentBytes || receivedBytes < this.#acknowledgedBytes) return false;
    this.#acknowledgedBytes = receivedBytes;
    this.#grantedBytes = Math.max(this.#grantedBytes, grantedBytes);
    return true;
  }
}
