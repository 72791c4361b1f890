import { ML_DSA_65_PUBLIC_KEY_BYTES } from '@yakmesh/crypto';
import { HEAD_FRAME_BYTES, SALT_BYTES, type Parcel } from '../../envelope/batch.js';
import { ENVELOPE_BYTES_MAX } from '../../envelope/envelope.js';
import { FRAGMENT_HEADER_BYTES } from '../../link/reassembly.js';
import {
  FRAME_HEADER_BYTES,
  RECORD_PADDING_BYTES,
  RECORD_PLAINTEXT_BYTES_MAX,
  TAG_BYTES,
} from '../../record/frames.js';

/** KEY, which is free, and HEAD, which credit pays for. */
export const KEY_BYTES = FRAME_HEADER_BYTES + ML_DSA_65_PUBLIC_KEY_BYTES;
export const HEAD_BYTES = FRAME_HEADER_BYTES + HEAD_FRAME_BYTES;
const BLOCK_FIXED_BYTES = FRAME_HEADER_BYTES + 6;
const BLOCK_MESSAGE_BYTES = SALT_BYTES + 3;
const SINGLE_FIXED_BYTES = FRAME_HEADER_BYTES + 26;
const PATH_STEP_BYTES = 32;
/** As the parcel writer has it: a longer parcel goes as single messages. */
const BLOCK_BYTES_MAX = ENVELOPE_BYTES_MAX + 262_144;
/** What each piece of something longer than a record costs more. */
export const PIECE_BYTES = FRAME_HEADER_BYTES + FRAGMENT_HEADER_BYTES;
/** A record that holds CLOSE and padding. */
export const CLOSE_RECORD_BYTES = RECORD_PADDING_BYTES + TAG_BYTES;

/** Whether a parcel travels as one BLOCK; else each of its messages is an ENV. */
export function isBlock({ isWhole, bytes }: Parcel): boolean {
  return isWhole && bytes <= BLOCK_BYTES_MAX;
}

/** Bytes of a parcel's BLOCK or ENV frames. */
export function parcelWireBytes(parcel: Parcel): number {
  const { messages } = parcel;
  if (isBlock(parcel)) {
    let bytes = BLOCK_FIXED_BYTES;
    for (const { core } of messages) bytes += BLOCK_MESSAGE_BYTES + core.length;
    return bytes;
  }
  let bytes = 0;
  for (const { core } of messages) bytes += singleWireBytes(parcel, core.length);
  return bytes;
}

/** Bytes of one message's ENV frame. */
export function singleWireBytes({ batch }: Parcel, coreBytes: number): number {
  return SINGLE_FIXED_BYTES + PATH_STEP_BYTES * batch.head.depth + coreBytes;
}

/** A sealed record around so many bytes of frames, as a WebSocket message. */
export function recordWireBytes(frameBytes: number, isAlone: boolean): number {
  if (isAlone) return frameBytes + TAG_BYTES;
  const padded = Math.ceil(frameBytes / RECORD_PADDING_BYTES) * RECORD_PADDING_BYTES;
  return Math.min(RECORD_PLAINTEXT_BYTES_MAX, padded) + TAG_BYTES;
}
