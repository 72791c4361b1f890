import { BytePool } from '@yakmesh/crypto';
import { FLOW_HEADROOM_BYTES } from '@yakmesh/core/transport';
import { RECORD_BYTES_MAX } from './padding.js';

/** Arrays for records of full length that wait for their next use, for all sessions together: more than one turn of a session fills. */
const SPARE_RECORDS_MAX = 16;

const arrays = new BytePool(FLOW_HEADROOM_BYTES + RECORD_BYTES_MAX, SPARE_RECORDS_MAX);

/** Room for a record of full length, and in front of it for what its flow writes there. */
export const takeRecordArray = (): Uint8Array<ArrayBuffer> => arrays.take().subarray(FLOW_HEADROOM_BYTES);

/** Nobody has the record any more. Others than those of full length are ignored. */
export const giveRecordArray = (record: Uint8Array): void => arrays.give(record);
