import { BytePool } from '@yakmesh/crypto';
import { FLOW_HEADROOM_BYTES } from '@yakmesh/core/transport';
import { BULK_RECORD_BYTES, RECORD_BYTES_MAX } from './padding.js';

/** Arrays for records of full length that wait for their next use, for all sessions together: more than one turn of a session fills. */
const SPARE_RECORDS_MAX = 16;
/** The same for bulk to neighbours. */
const SPARE_BULK_RECORDS_MAX = 16;

const full = new BytePool(FLOW_HEADROOM_BYTES + RECORD_BYTES_MAX, SPARE_RECORDS_MAX);
const bulk = new BytePool(FLOW_HEADROOM_BYTES + BULK_RECORD_BYTES, SPARE_BULK_RECORDS_MAX);

/** Room for a record of one of the two longest lengths, and in front of it for what its flow writes there. */
export const takeRecordArray = (
  bytes: typeof RECORD_BYTES_MAX | typeof BULK_RECORD_BYTES,
): Uint8Array<ArrayBuffer> =>
  (bytes === BULK_RECORD_BYTES ? bulk : full).take().subarray(FLOW_HEADROOM_BYTES);

/** Nobody has the record any more. Others than those of the two longest lengths are ignored. */
export function giveRecordArray(record: Uint8Array): void {
  if (record.length === BULK_RECORD_BYTES) bulk.give(record);
  else full.give(record);
}
