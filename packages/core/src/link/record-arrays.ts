import { BytePool } from '@yakmesh/crypto';
import { RECORD_WIRE_BYTES_MAX } from '../record/frames.js';

/** Arrays for records that wait for their next use, for all links together: as many as busy links have in their sockets. */
const SPARE_RECORDS_MAX = 8;

/** Large records and their attachments are written in these. */
export const recordArrays = new BytePool(RECORD_WIRE_BYTES_MAX, SPARE_RECORDS_MAX);

/** A record, or an attachment, has left the process: its array can hold the next one. */
export function releaseRecord(record: Uint8Array): void {
  recordArrays.give(record);
}
