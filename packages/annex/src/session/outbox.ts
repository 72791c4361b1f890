import { ByteWriter } from '@yakmesh/crypto';
import { CONTENT_BYTES_MAX, RECORD_BYTES, RECORD_OVERHEAD_BYTES } from '../record/padding.js';
import type { Acknowledger } from './acknowledger.js';
import { ackBytes, DATAGRAM_HEADER_BYTES, encodeFrame, FrameKind, writeFrame, type Frame } from './frames.js';
import { CONTROL_FRAMES_MAX, DATAGRAMS_QUEUED_MAX } from './limits.js';
import type { SentFrame } from './sent-records.js';
import type { Streams } from './streams.js';

/** The content of a record, and what must arrive of it. */
export interface Content {
  readonly bytes: Uint8Array;
  readonly frames: readonly SentFrame[];
  /** Wants an acknowledgement and counts as in flight. */
  readonly isEliciting: boolean;
}

export interface OutboxRoom {
  /** The largest record that data may fill now; 0 for none. */
  readonly dataBytes: number;
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
    return (
      this.#isProbing || this.#control.length > 0 || this.#datagrams.length > 0 || this.#streams.hasSomething
    );
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
  take({ dataBytes, isControlAllowed, nowMs }: OutboxRoom): Content | undefined {
    const isProbe = this.#isProbing && isControlAllowed;
    const capacity = isProbe ? CONTENT_BYTES_MAX : contentOf(dataBytes);
    const wantsData = capacity > 0 && this.hasSomething;
    const isAckDue = isControlAllowed && this.#acknowledger.isDue(nowMs);
    if (!wantsData && !isAckDue) return undefined;
    const writer = new ByteWriter(512, CONTENT_BYTES_MAX);
    for (const ack of this.#acknowledger.take(nowMs))
      if (writer.length + ackBytes(ack.ranges.length) <= contentOf(1_024)) writeFrame(writer, ack);
    const frames: SentFrame[] = [];
    let isEliciting = wantsData && this.#fill(writer, capacity, frames);
    if (isProbe || (!isEliciting && this.#silent >= SILENT_RECORDS_MAX)) {
      writer.u8(FrameKind.PING);
      isEliciting = true;
    }
    if (isProbe) this.#isProbing = false;
    this.#silent = isEliciting ? 0 : this.#silent + 1;
    return writer.length === 0 ? undefined : { bytes: writer.finish(), frames, isEliciting };
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
  #fill(writer: ByteWriter, capacity: number, sent: SentFrame[]): boolean {
    const before = writer.length;
    const end = capacity - 1; // A PING may have to follow.
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
    for (const frame of this.#streams.take(end - writer.length)) {
      writeFrame(writer, frame);
      const { id, offset, bytes, isEnd } = frame;
      sent.push({ type: 'stream', id, offset, length: bytes.length, isEnd });
    }
    return writer.length > before;
  }
}

/** Frames that fit the largest record of at most so many bytes; 0 where none fits. */
function contentOf(bytes: number): number {
  const record = RECORD_BYTES.findLast((size) => size <= bytes);
  return record === undefined ? 0 : record - RECORD_OVERHEAD_BYTES;
}
