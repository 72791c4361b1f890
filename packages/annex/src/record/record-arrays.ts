import { BytePool } from '@yakmesh/crypto';
import { RECORD_BYTES_MAX } from './padding.js';

/** Arrays for records of full length that wait for their next use, for all sessions together: more than one turn of a session fills. */
const SPARE_RECORDS_MAX = 16;

/** Records of full length are written in these; whoever has handed one to its flow gives it back. */
export const recordArrays = new BytePool(RECORD_BYTES_MAX, SPARE_RECORDS_MAX);
