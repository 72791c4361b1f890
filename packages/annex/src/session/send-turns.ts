import type { ByteWriter } from '@yakmesh/crypto';
import { STREAM_HEADER_BYTES, writeStreamHeader } from './frames.js';
import type { SendStream } from './send-stream.js';
import type { SentFrame } from './sent-records.js';

/** Bytes of a stream worth a frame of their own at the end of a record. */
const PART_BYTES_MIN = 64;

export type SentStreamFrame = Extract<SentFrame, { type: 'stream' }>;

interface SendingStream {
  readonly id: number;
  readonly send: SendStream;
}

/** Streams that may have something to send, in the order of their turns, and the credit that all of them share. */
export class SendTurns {
  readonly #waiting = new Set<SendingStream>();
  #limit: number;
  #sent = 0;

  /** @param limit bytes that the other end takes at first, over all streams */
  constructor(limit: number) {
    this.#limit = limit;
  }

  add(stream: SendingStream): void {
    this.#waiting.add(stream);
  }

  delete(stream: SendingStream): void {
    this.#waiting.delete(stream);
  }

  raiseLimit(limit: number): void {
    this.#limit = Math.max(this.#limit, limit);
  }

  /** Fills so much of a record, fairly by turns; what must be sent again goes first. Answers what it wrote. */
  take(roomBytes: number, writer: ByteWriter): SentStreamFrame[] {
    const frames: SentStreamFrame[] = [];
    let room = roomBytes;
    let turns = this.#waiting.size;
    for (const stream of this.#waiting) {
      if (turns === 0 || room < STREAM_HEADER_BYTES + PART_BYTES_MIN) break;
      turns -= 1;
      const { id, send } = stream;
      const part = send.take(room - STREAM_HEADER_BYTES, this.#limit - this.#sent);
      if (part === undefined && send.isWaiting) continue; // For credit.
      this.#waiting.delete(stream);
      if (part === undefined) continue;
      if (send.isWaiting) this.#waiting.add(stream);
      this.#sent += part.newBytes;
      const { offset, length, isEnd } = part;
      const frame: SentStreamFrame = { type: 'stream', id, offset, length, isEnd };
      writeStreamHeader(writer, frame);
      send.writeTo(writer, part);
      frames.push(frame);
      room -= STREAM_HEADER_BYTES + length;
    }
    return frames;
  }

  /** Whether `take` would give something. */
  get hasSomething(): boolean {
    const credit = this.#limit - this.#sent;
    for (const { send } of this.#waiting) if (send.hasLost || (send.hasNew && credit > 0)) return true;
    return false;
  }

  /** Bytes that frames of streams could fill now, counted no further than to more than so many. */
  waitingBytes(most: number): number {
    let bytes = 0;
    for (const { send } of this.#waiting) {
      const sendable = send.sendableBytes(this.#limit - this.#sent);
      if (sendable > 0 || send.hasLost) bytes += STREAM_HEADER_BYTES + sendable;
      if (bytes > most) break;
    }
    return bytes;
  }
}
