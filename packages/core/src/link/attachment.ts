import { RECORD_WIRE_BYTES_MAX } from '../record/frames.js';
import {
  decodeFlowAttached,
  FLOW_OVERHEAD_BYTES,
  type FlowAttachedFrame,
  type FlowFrame,
} from './flow-frames.js';
import { recordArrays } from './record-arrays.js';

/** Messages that may follow one record. What is urgent waits for them, so a sender uses them only where the line takes all at once. */
export const ATTACHMENTS_MAX = 4;

/** Whether a body of so many bytes goes into the last of the messages, begins the next one, or has to wait. */
function placeOf(
  bytes: number,
  count: number,
  lastBytes: number,
  countMax = ATTACHMENTS_MAX,
): 'last' | 'next' | undefined {
  if (count > 0 && lastBytes + bytes <= RECORD_WIRE_BYTES_MAX) return 'last';
  return count < countMax ? 'next' : undefined;
}

interface DraftMessage {
  readonly bytes: Uint8Array<ArrayBuffer>;
  length: number;
}

/** Bodies of flows, sealed by their ends already, that follow a record in messages of their own. */
export class AttachmentDraft {
  readonly #messages: DraftMessage[] = [];

  get isEmpty(): boolean {
    return this.#messages.length === 0;
  }

  /** Whether a body goes into so many messages, with those that are there. */
  hasRoom(bodyBytes: number, messagesMax: number): boolean {
    const { length } = this.#messages;
    return placeOf(bodyBytes, length, this.#messages.at(-1)?.length ?? 0, messagesMax) !== undefined;
  }

  /** Copies a FLOW frame's body. So many bytes of it stand in the record: in their place are zeros, so that the other end puts it together where it lies. */
  add(flow: Uint8Array, headBytes: number): void {
    const message = this.#messageFor(flow.length - FLOW_OVERHEAD_BYTES);
    const start = message.length + headBytes;
    message.bytes.fill(0, message.length, start);
    message.bytes.set(flow.subarray(FLOW_OVERHEAD_BYTES + headBytes), start);
    message.length += flow.length - FLOW_OVERHEAD_BYTES;
  }

  /** The next message; undefined where there is none to send any more. */
  shift(): Uint8Array | undefined {
    const message = this.#messages.shift();
    return message?.bytes.subarray(0, message.length);
  }

  #messageFor(bodyBytes: number): DraftMessage {
    const last = this.#messages.at(-1);
    if (last !== undefined && placeOf(bodyBytes, this.#messages.length, last.length) === 'last') return last;
    const message = { bytes: recordArrays.take(), length: 0 };
    this.#messages.push(message);
    return message;
  }
}

interface AwaitedMessage {
  readonly frames: FlowAttachedFrame[];
  length: number;
  chargedBytes: number;
}

/** A message that was awaited. */
export interface Attachment {
  /** The flows' messages, views into this one. */
  readonly flows: readonly FlowFrame[];
  /** What it and its announcements were charged. */
  readonly chargedBytes: number;
}

/** What a record has announced of its attachments. */
export class AttachmentReader {
  readonly #messages: AwaitedMessage[] = [];

  /** True until all have come: the peer's next message is none but one of them. */
  get isAwaited(): boolean {
    return this.#messages.length > 0;
  }

  /** Takes a frame's body, and what the frame was charged. Undefined where it is malformed or more than the messages hold; else the bytes that it announces. */
  announced(body: Uint8Array, frameBytes: number): number | undefined {
    const frame = decodeFlowAttached(body);
    const message = frame && this.#messageFor(frame.length);
    if (frame === undefined || message === undefined) return undefined;
    message.frames.push(frame);
    message.length += frame.length;
    message.chargedBytes += frameBytes + frame.length;
    return frame.length;
  }

  /** Reads the next one, which is written to; undefined where it has another length than announced. */
  take(bytes: Uint8Array): Attachment | undefined {
    const message = this.#messages.shift();
    if (bytes.length !== message?.length) return undefined;
    let at = 0;
    const flows = message.frames.map(({ label, isCongested, length, head }): FlowFrame => {
      const body = bytes.subarray(at, at + length);
      body.set(head);
      at += length;
      return { label, isCongested, body };
    });
    return { flows, chargedBytes: message.chargedBytes };
  }

  #messageFor(bodyBytes: number): AwaitedMessage | undefined {
    const last = this.#messages.at(-1);
    switch (placeOf(bodyBytes, this.#messages.length, last?.length ?? 0)) {
      case 'last':
        return last;
      case 'next': {
        const message = { frames: [], length: 0, chargedBytes: 0 };
        this.#messages.push(message);
        return message;
      }
      case undefined:
        return undefined;
    }
  }
}
