import { wipe } from '@yakmesh/crypto';
import { RECORD_PADDING_BYTES, RECORD_PLAINTEXT_BYTES_MAX, TAG_BYTES } from '../record/frames.js';
import { recordArrays } from './record-arrays.js';

/** A record from this length on keeps the array that it was written in; a shorter one is copied out of it. */
const OWN_ARRAY_BYTES_MIN = 16_384;

/** The plaintext of a record that is being filled, frame by frame. */
export class RecordDraft {
  #bytes: Uint8Array<ArrayBuffer> | undefined;
  #length = 0;

  /** Bytes of the frames so far. */
  get length(): number {
    return this.#length;
  }

  /** Copies a frame, or a part of one: its owner may use the bytes again. */
  add(frame: Uint8Array): void {
    this.#bytes ??= recordArrays.take();
    this.#bytes.set(frame, this.#length);
    this.#length += frame.length;
  }

  /** The padded plaintext and room for the tag behind it. The draft is empty then. */
  finish(): Uint8Array {
    const bytes = this.#bytes ?? recordArrays.take();
    const length = paddedLength(this.#length) + TAG_BYTES;
    bytes.fill(0, this.#length, length);
    const isOwn = length >= OWN_ARRAY_BYTES_MIN;
    const record = isOwn ? bytes.subarray(0, length) : bytes.slice(0, length);
    if (!isOwn) {
      wipe(bytes.subarray(0, this.#length));
      recordArrays.give(bytes);
    }
    this.#bytes = undefined;
    this.#length = 0;
    return record;
  }
}

/** Frames as a record's plaintext. */
export function padded(frames: readonly Uint8Array[]): Uint8Array {
  const draft = new RecordDraft();
  for (const frame of frames) draft.add(frame);
  const record = draft.finish();
  return record.subarray(0, record.length - TAG_BYTES);
}

function paddedLength(length: number): number {
  const rounded = Math.ceil(length / RECORD_PADDING_BYTES) * RECORD_PADDING_BYTES;
  return Math.min(RECORD_PLAINTEXT_BYTES_MAX, rounded);
}
