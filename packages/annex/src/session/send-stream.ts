import type { ByteWriter } from '@yakmesh/crypto';
import { ByteQueue } from './byte-queue.js';
import { RangeSet } from './ranges.js';

/** Bytes of a stream for one record. */
export interface StreamPart {
  readonly offset: number;
  readonly length: number;
  readonly isEnd: boolean;
  /** Of the bytes, those that were never sent before: they cost credit. */
  readonly newBytes: number;
}

/** The sending half of a stream: keeps what was written until it is acknowledged. */
export class SendStream {
  readonly #queue = new ByteQueue();
  readonly #acknowledged = new RangeSet();
  readonly #lost = new RangeSet();
  /** Offset of the first byte in the queue. */
  #base = 0;
  #next = 0;
  #limit: number;
  #isEnded = false;
  #end: 'open' | 'wanted' | 'sent' | 'acknowledged' = 'open';

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes written, all told. */
  get written(): number {
    return this.#base + this.#queue.length;
  }

  /** Bytes from the front that the other end has. */
  get acknowledgedBytes(): number {
    return this.#base;
  }

  get bufferedBytes(): number {
    return this.#queue.length;
  }

  /** Bytes sent at least once. */
  get sentBytes(): number {
    return this.#next;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Everything, the end included, has arrived. */
  get isDone(): boolean {
    return this.#end === 'acknowledged' && this.#queue.length === 0;
  }

  get hasLost(): boolean {
    return this.#lost.size > 0 || this.#end === 'wanted';
  }

  /** Whether something was written that has not been sent, or must be sent again. */
  get isWaiting(): boolean {
    return this.hasLost || this.#next < this.written;
  }

  get hasNew(): boolean {
    return this.#next < Math.min(this.written, this.#limit);
  }

  /** What `take` would give, one part after the other, with so much credit. */
  sendableBytes(credit: number): number {
    let lostBytes = 0;
    for (const { start, end } of this.#lost.ranges) lostBytes += end - start;
    return lostBytes + Math.max(0, Math.min(this.written, this.#limit, this.#next + credit) - this.#next);
  }

  write(bytes: Uint8Array, isEnd: boolean): void {
    this.#queue.append(bytes);
    if (!isEnd) return;
    this.#isEnded = true;
    this.#end = 'wanted';
  }

  raiseLimit(limit: number): void {
    this.#limit = Math.max(this.#limit, limit);
  }

  /** What to send next in so many bytes; new bytes up to the session's credit. */
  take(bytesMax: number, credit: number): StreamPart | undefined {
    const lost = this.#lost.ranges[0];
    if (lost !== undefined) return this.#takeLost(lost.start, Math.min(lost.end - lost.start, bytesMax));
    const limit = Math.min(this.written, this.#limit, this.#next + credit);
    const length = Math.max(0, Math.min(limit - this.#next, bytesMax));
    const isEnd = this.#isEnded && this.#next + length === this.written;
    if (length === 0 && !(isEnd && this.#end === 'wanted')) return undefined;
    const part = this.#part(this.#next, length, length);
    this.#next += length;
    return part;
  }

  writeTo(writer: ByteWriter, { offset, length }: StreamPart): void {
    this.#queue.writeTo(writer, offset - this.#base, length);
  }

  acknowledged(offset: number, length: number, isEnd: boolean): void {
    this.#acknowledged.add(offset, offset + length);
    this.#lost.remove(offset, offset + length);
    if (isEnd) this.#end = 'acknowledged';
    const prefix = this.#acknowledged.prefix;
    if (prefix <= this.#base) return;
    this.#queue.drop(prefix - this.#base);
    this.#base = prefix;
  }

  lost(offset: number, length: number, isEnd: boolean): void {
    this.#lost.add(Math.max(offset, this.#base), offset + length);
    for (const { start, end } of this.#acknowledged.ranges) this.#lost.remove(start, end);
    if (isEnd && this.#end === 'sent') this.#end = 'wanted';
  }

  #takeLost(offset: number, length: number): StreamPart {
    this.#lost.remove(offset, offset + length);
    return this.#part(offset, length, 0);
  }

  #part(offset: number, length: number, newBytes: number): StreamPart {
    const isEnd = this.#isEnded && offset + length === this.written;
    if (isEnd && this.#end === 'wanted') this.#end = 'sent';
    return { offset, length, isEnd, newBytes };
  }
}
