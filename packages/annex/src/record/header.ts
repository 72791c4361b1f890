import { ByteReader, ByteWriter } from '@yakmesh/crypto';
import { SESSION_BYTES } from '../handshake/messages.js';

/** First byte of every record; handshake messages begin with another. */
const RECORD_TYPE = 1;
/** type u8 · flags u8 · session 16 · epoch u32 · sequence u48, all of it additional data. */
export const RECORD_HEADER_BYTES = 28;

/** What stands before the sealed part of a record. */
export interface RecordHeader {
  /** The receiver's session id. */
  readonly session: Uint8Array;
  readonly epoch: number;
  readonly sequence: number;
}

export function encodeRecordHeader({ session, epoch, sequence }: RecordHeader): Uint8Array {
  const writer = new ByteWriter(RECORD_HEADER_BYTES);
  return writer.u8(RECORD_TYPE).u8(0).bytes(session).u32(epoch).u48(sequence).finish();
}

/** The header at the front of a record; undefined for another type, a flag that is set, or bytes that end within it. */
export function decodeRecordHeader(bytes: Uint8Array): RecordHeader | undefined {
  const reader = new ByteReader(bytes);
  const type = reader.u8();
  const flags = reader.u8();
  const session = reader.bytes(SESSION_BYTES);
  const epoch = reader.u32();
  const sequence = reader.u48();
  if (reader.failed || type !== RECORD_TYPE || flags !== 0) return undefined;
  return { session, epoch, sequence };
}
