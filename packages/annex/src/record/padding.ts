import { RECORD_HEADER_BYTES } from './header.js';

/** AES-256-GCM's tag. */
const TAG_BYTES = 16;
/** Every record on the wire has one of these lengths, so that its length tells little of what is inside. The last goes to neighbours only, where streams fill it. */
export const RECORD_BYTES = [512, 1_024, 2_048, 4_096, 8_192, 16_384, 65_024] as const;
export const RECORD_BYTES_MIN = 512;
/** Over whatever flow. */
export const RECORD_BYTES_MAX = 16_384;
/** Over a flow whose neighbour is the other end: what `Flow.sealedBytesMax` says there. */
export const BULK_RECORD_BYTES = 65_024;
/** What a record takes besides its content. */
export const RECORD_OVERHEAD_BYTES = RECORD_HEADER_BYTES + TAG_BYTES;
/** Frames that fit one record. */
export const CONTENT_BYTES_MAX = 16_340;
/** Frames that fit the record for bulk. */
export const BULK_CONTENT_BYTES = 64_980;

/** The length on the wire of a record with so much content. */
export function recordBytes(contentBytes: number): number {
  const wanted = contentBytes + RECORD_OVERHEAD_BYTES;
  const length = RECORD_BYTES.find((bytes) => wanted <= bytes);
  if (length === undefined) throw new RangeError(`a record holds at most ${BULK_CONTENT_BYTES} bytes`);
  return length;
}

/** Whether a record may have this length. */
export const isRecordLength = (length: number): boolean => RECORD_BYTES.some((bytes) => bytes === length);
