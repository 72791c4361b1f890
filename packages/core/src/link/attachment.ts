import { RECORD_WIRE_BYTES_MAX } from '../record/frames.js';
import {
  decodeFlowAttached,
  FLOW_OVERHEAD_BYTES,
  type FlowAttachedFrame,
  type FlowFrame,
} from './flow-frames.js';
import { recordArrays } from './record-arrays.js';

/** Bodies of flows, sealed by their ends already, that follow a record in a message of their own. */
export class AttachmentDraft {
  #bytes: Uint8Array<ArrayBuffer> | undefined;
  #length = 0;

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  get roomBytes(): number {
    return RECORD_WIRE_BYTES_MAX - this.#length;
  }

  /** Copies a FLOW frame's body. So many bytes of it stand in the record: in their place are zeros, so that the other end puts it together where it lies. */
  add(flow: Uint8Array, headBytes: number): void {
    this.#bytes ??= recordArrays.take();
    const start = this.#length + headBytes;
    this.#bytes.fill(0, this.#length, start);
    this.#bytes.set(flow.subarray(FLOW_OVERHEAD_BYTES + headBytes), start);
    this.#length += flow.length - FLOW_OVERHEAD_BYTES;
  }

  /** The message; undefined where there is none to send. The draft is empty then. */
  finish(): Uint8Array | undefined {
    const message = this.#bytes?.subarray(0, this.#length);
    this.#bytes = undefined;
    this.#length = 0;
    return message;
  }
}

/** What a record has announced of its attachment. */
export class AttachmentReader {
  #frames: FlowAttachedFrame[] = [];
  #length = 0;

  /** True until the attachment has come: the peer's next message is none but it. */
  get isAwaited(): boolean {
    return this.#frames.length > 0;
  }

  /** Takes a frame's body. Undefined where it is malformed or more than one message holds; else the bytes that it announces. */
  announced(body: Uint8Array): number | undefined {
    const frame = decodeFlowAttached(body);
    if (frame === undefined || this.#length + frame.length > RECORD_WIRE_BYTES_MAX) return undefined;
    this.#frames.push(frame);
    this.#length += frame.length;
    return frame.length;
  }

  /** The flows' messages, views into this one, which is written to; undefined where it has another length than announced. */
  take(message: Uint8Array): readonly FlowFrame[] | undefined {
    if (message.length !== this.#length) return undefined;
    let at = 0;
    const flows = this.#frames.map(({ label, isCongested, length, head }): FlowFrame => {
      const body = message.subarray(at, at + length);
      body.set(head);
      at += length;
      return { label, isCongested, body };
    });
    this.#frames = [];
    this.#length = 0;
    return flows;
  }
}
