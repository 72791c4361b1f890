import { ByteWriter } from '@yakmesh/crypto';
import { RECORD_HEADER_BYTES } from '../record/header.js';
import {
  BULK_CONTENT_BYTES,
  BULK_RECORD_BYTES,
  CONTENT_BYTES_MAX,
  RECORD_BYTES,
  RECORD_BYTES_MAX,
  RECORD_BYTES_MIN,
  RECORD_OVERHEAD_BYTES,
  recordBytes,
} from '../record/padding.js';
import { takeRecordArray } from '../record/record-arrays.js';
import type { Acknowledger } from './acknowledger.js';
import { ackBytes, DATAGRAM_HEADER_BYTES, encodeFrame, FrameKind, writeFrame, type Frame } from './frames.js';
import { CONTROL_FRAMES_MAX, DATAGRAMS_QUEUED_MAX } from './limits.js';
import type { SentFrame } from './sent-records.js';
import type { Streams } from './streams.js';

/** A record that is not sealed yet, and what must arrive of it. */
export interface Draft {
  /** As long as the record: room for its header, then the content. */
  readonly bytes: Uint8Array;
  readonly frames: readonly SentFrame[];
  /** Wants an acknowledgement and counts as in flight. */
  readonly isEliciting: boolean;
}

export interface OutboxRoom {
  /** The largest record that data may fill now; 0 for none. */
  readonly dataBytes: number;
  /** The largest record that a probe may fill, which no window holds back (RFC 9002, 7.5), but what the way takes does. */
  readonly probeBytes: number;
  /** More room comes by itself: streams that have more than fits now wait for a whole record. */
  readonly isPatient: boolean;
  /** Acknowledgements may go. */
  readonly isControlAllowed: boolean;
  readonly nowMs: number;
}

/** Records without data of which the other end need not know; then a PING makes it say what it has. */
const SILENT_RECORDS_MAX = 32;

/** What waits to be sent besides streams, and how records are filled: acknowledgements, control, datagrams, streams. */
export class Outbox {
  readonly #acknowledger: Acknowledger;
  readonly #streams: Streams;
  readonly #control: Frame[] = [];
  readonly #datagrams: Uint8Array[] = [];
  #isProbing = false;
  #silent = 0;

  constructor(acknowledger: Acknowledger, streams: Streams) {
    this.#acknowledger = acknowledger;
    this.#streams = streams;
  }

  /** Whether data or control waits. */
  get hasSomething(): boolean {
    return this.#hasSmall || this.#streams.hasSomething;
  }

  /** More waits than an honest other end can bring about. */
  get isOverfull(): boolean {
    return this.#control.length > CONTROL_FRAMES_MAX;
  }

  push(frames: readonly Frame[]): void {
    for (const frame of frames) this.#push(frame);
  }

  /** False when an older one had to go for it. */
  pushDatagram(bytes: Uint8Array): boolean {
    this.#datagrams.push(bytes);
    if (this.#datagrams.length <= DATAGRAMS_QUEUED_MAX) return true;
    this.#datagrams.shift();
    return false;
  }

  /** The next record goes even if the window is full, and asks for an answer. */
  probe(): void {
    this.#isProbing = true;
  }

  lost(frame: Exclude<SentFrame, { type: 'path' }>): void {
    if (frame.type === 'stream') this.#streams.lost(frame);
    else this.#push(frame.frame);
  }

  /** The next record; undefined when nothing may or need be sent. */
  take({ dataBytes, probeBytes, isPatient, isControlAllowed, nowMs }: OutboxRoom): Draft | undefined {
    const isProbe = this.#isProbing && isControlAllowed;
    const most = contentOf(isProbe ? probeBytes : dataBytes);
    const waiting = this.#streams.waitingBytes(BULK_CONTENT_BYTES);
    // Padded, the record for bulk would cost more than those that it stands for.
    const capacity = waiting >= most ? most : Math.min(most, CONTENT_BYTES_MAX);
    const isStreamTurn = waiting > 0 && !(isPatient && capacity < CONTENT_BYTES_MAX && waiting > capacity);
    const wantsData = capacity > 0 && (this.#hasSmall || isStreamTurn);
    const isAckDue = isControlAllowed && this.#acknowledger.isDue(nowMs);
    if (!wantsData && !isAckDue) return undefined;
    const writer = recordWriter(isStreamTurn ? recordBytes(Math.min(capacity, waiting)) : RECORD_BYTES_MIN);
    writer.zeros(RECORD_HEADER_BYTES);
    for (const ack of this.#acknowledger.take(nowMs))
      if (contentBytes(writer) + ackBytes(ack.ranges.length) <= contentOf(1_024)) writeFrame(writer, ack);
    const frames: SentFrame[] = [];
    let isEliciting = wantsData && this.#fill(writer, capacity, isStreamTurn, frames);
    if (isProbe || (!isEliciting && this.#silent >= SILENT_RECORDS_MAX)) {
      writer.u8(FrameKind.PING);
      isEliciting = true;
    }
    if (isProbe) this.#isProbing = false;
    this.#silent = isEliciting ? 0 : this.#silent + 1;
    const bytes = contentBytes(writer);
    if (bytes === 0) return undefined;
    // Padding, and room for the tag.
    writer.zeros(recordBytes(bytes) - writer.length);
    return { bytes: writer.finish(), frames, isEliciting };
  }

  /** Whether anything waits besides streams. */
  get #hasSmall(): boolean {
    return this.#isProbing || this.#control.length > 0 || this.#datagrams.length > 0;
  }

  #push(frame: Frame): void {
    // Said once is enough while it waits: a replayer must not make us pile up answers.
    const isPlain = frame.kind === FrameKind.HS_DONE || frame.kind === FrameKind.PING;
    if (isPlain && this.#control.some(({ kind }) => kind === frame.kind)) return;
    // A later window says all that an earlier one says.
    if (frame.kind === FrameKind.WINDOW) {
      const at = this.#control.findIndex((other) => other.kind === FrameKind.WINDOW && other.id === frame.id);
      const known = this.#control[at];
      if (known?.kind === FrameKind.WINDOW) {
        if (known.limit < frame.limit) this.#control[at] = frame;
        return;
      }
    }
    this.#control.push(frame);
  }

  /** Answers whether anything was written. */
  #fill(writer: ByteWriter, capacity: number, isStreamTurn: boolean, sent: SentFrame[]): boolean {
    const before = writer.length;
    const end = RECORD_HEADER_BYTES + capacity - 1; // A PING may have to follow.
    for (let frame = this.#control[0]; frame !== undefined; frame = this.#control[0]) {
      const bytes = encodeFrame(frame);
      if (writer.length + bytes.length > end) break;
      writer.bytes(bytes);
      sent.push({ type: 'control', frame });
      this.#control.shift();
    }
    for (let bytes = this.#datagrams[0]; bytes !== undefined; bytes = this.#datagrams[0]) {
      if (writer.length + DATAGRAM_HEADER_BYTES + bytes.length > end) break;
      writeFrame(writer, { kind: FrameKind.DATAGRAM, bytes });
      this.#datagrams.shift();
    }
    // A large frame that waits for a larger record must not wait for ever behind streams.
    if (this.#control.length > 0 && writer.length > before) return true;
    if (!isStreamTurn) return writer.length > before;
    sent.push(...this.#streams.take(end - writer.length, writer));
    return writer.length > before;
  }
}

/** For a record that will probably be so long. */
function recordWriter(bytes: number): ByteWriter {
  return bytes === RECORD_BYTES_MAX || bytes === BULK_RECORD_BYTES
    ? new ByteWriter(takeRecordArray(bytes))
    : new ByteWriter(bytes, RECORD_BYTES_MAX);
}

const contentBytes = (writer: ByteWriter): number => writer.length - RECORD_HEADER_BYTES;

/** Frames that fit the largest record of at most so many bytes; 0 where none fits. */
function contentOf(bytes: number): number {
  const record = RECORD_BYTES.findLast((size) => size <= bytes);
  return record === undefined ? 0 : record - RECORD_OVERHEAD_BYTES;
}
