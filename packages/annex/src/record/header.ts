import { bytesKey } from '@yakmesh/crypto';

/** First byte of every record; handshake messages begin with another. */
const RECORD_TYPE = 1;
/** type u8 · flags u8 · session 16 (from byte 2 on) · epoch u32 (18) · sequence u48 (22), all of it additional data. */
export const RECORD_HEADER_BYTES = 28;

/** What stands before the sealed part of a record. */
export interface RecordHeader {
  /** The receiver's session id. */
  readonly session: Uint8Array;
  readonly epoch: number;
  readonly sequence: number;
}

/** Writes the header over the front of a record. */
export function writeRecordHeader(record: Uint8Array, { session, epoch, sequence }: RecordHeader): void {
  record[0] = RECORD_TYPE;
  record[1] = 0;
  record.set(session, 2);
  const view = viewOf(record);
  view.setUint32(18, epoch);
  view.setUint16(22, Math.floor(sequence / 2 ** 32));
  view.setUint32(24, sequence % 2 ** 32);
}

/** The key of the receiver's session in maps (`bytesKey`); empty, which no session's is, where the bytes begin with no header. */
export const recordSession = (record: Uint8Array): string =>
  beginsWithHeader(record) ? bytesKey(record.subarray(2, 18)) : '';

/** The header at the front of a record; undefined for another type, a flag that is set, or bytes that end within it. */
export function decodeRecordHeader(bytes: Uint8Array): RecordHeader | undefined {
  if (!beginsWithHeader(bytes)) return undefined;
  const view = viewOf(bytes);
  return {
    session: bytes.subarray(2, 18),
    epoch: view.getUint32(18),
    sequence: view.getUint16(22) * 2 ** 32 + view.getUint32(24),
  };
}

const beginsWithHeader = (bytes: Uint8Array): boolean =>
  bytes.length >= RECORD_HEADER_BYTES && bytes[0] === RECORD_TYPE && bytes[1] === 0;

/** The header of a record in one view. */
const viewOf = ({ buffer, byteOffset }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, RECORD_HEADER_BYTES);
