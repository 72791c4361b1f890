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

/** The messages behind one record, filled in order: a body goes into the last one where it fits whole, else it begins the next. */
class MessageRow<Message extends { readonly length: number }> {
  readonly #make: () => Message;
  readonly #messages: Message[] = [];

  constructor(make: () => Message) {
    this.#make = make;
  }

  get isEmpty(): boolean {
    return this.#messages.length === 0;
  }

  /** Whether a body of so many bytes goes into so many messages, with those that are there. */
  hasRoom(bodyBytes: number, messagesMax = ATTACHMENTS_MAX): boolean {
    return this.#messages.length < messagesMax || this.#lastFor(bodyBytes) !== undefined;
  }

  /** The message for a body. */
  messageFor(bodyBytes: number): Message {
    const last = this.#lastFor(bodyBytes);
    if (last !== undefined) return last;
    const message = this.#make();
    this.#messages.push(message);
    return message;
  }

  shift(): Message | undefined {
    return this.#messages.shift();
  }

  #lastFor(bodyBytes: number): Message | undefined {
    const last = this.#messages.at(-1);
    return last !== undefined && last.length + bodyBytes <= RECORD_WIRE_BYTES_MAX ? last : undefined;
  }
}

interface DraftMessage {
  readonly bytes: Uint8Array<ArrayBuffer>;
  length: number;
}

/** Bodies of flows, sealed by their ends already, that follow a record in messages of their own. */
export class AttachmentDraft {
  readonly #row = new MessageRow<DraftMessage>(() => ({ bytes: recordArrays.take(), length: 0 }));

  get isEmpty(): boolean {
    return this.#row.isEmpty;
  }

  /** Whether a body goes into so many messages, with those that are there. */
  hasRoom(bodyBytes: number, messagesMax: number): boolean {
    return this.#row.hasRoom(bodyBytes, messagesMax);
  }

  /** Copies a FLOW frame's body. So many bytes of it stand in the record: in their place are zeros, so that the other end puts it together where it lies. */
  add(flow: Uint8Array, headBytes: number): void {
    const message = this.#row.messageFor(flow.length - FLOW_OVERHEAD_BYTES);
    const start = message.length + headBytes;
    message.bytes.fill(0, message.length, start);
    message.bytes.set(flow.subarray(FLOW_OVERHEAD_BYTES + headBytes), start);
    message.length += flow.length - FLOW_OVERHEAD_BYTES;
  }

  /** The next message; undefined where there is none to send any more. */
  shift(): Uint8Array | undefined {
    const message = this.#row.shift();
    return message?.bytes.subarray(0, message.length);
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
  readonly #row = new MessageRow<AwaitedMessage>(() => ({ frames: [], length: 0, chargedBytes: 0 }));

  /** True until all have come: the peer's next message is none but one of them. */
  get isAwaited(): boolean {
    return !this.#row.isEmpty;
  }

  /** Takes a frame's body, and what the frame was charged. Undefined where it is malformed or more than the messages hold; else the bytes that it announces. */
  announced(body: Uint8Array, frameBytes: number): number | undefined {
    const frame = decodeFlowAttached(body);
    if (frame === undefined || !this.#row.hasRoom(frame.length)) return undefined;
    const message = this.#row.messageFor(frame.length);
    message.frames.push(frame);
    message.length += frame.length;
    message.chargedBytes += frameBytes + frame.length;
    return frame.length;
  }

  /** Reads the next one, which is written to; undefined where it has another length than announced. */
  take(bytes: Uint8Array): Attachment | undefined {
    const message = this.#row.shift();
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
}
