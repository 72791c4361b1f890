export {
  DATA_ARRAY_LENGTH_MAX,
  DATA_DEPTH_MAX,
  DATA_ITEMS_MAX,
  DATA_KEY_LENGTH_MAX,
  DATA_KEYS_MAX,
  DATA_STRING_LENGTH_MAX,
} from './data-limits.js';
export type { DataLimitOptions, DataLimits } from './data-limits.js';
export { DefenseArgumentError, DefenseError } from './errors.js';
export type { DefenseErrorCode, JsonRefusalCode, MessageRefusalCode } from './errors.js';
export { JSON_BYTES_MAX, JSON_NUMBER_LENGTH_MAX } from './json-options.js';
export type { SafeJsonParserOptions } from './json-options.js';
export { SafeJsonParser } from './safe-json-parser.js';
export type { JsonAccepted, JsonRefused, JsonResult, JsonValue } from './safe-json-parser.js';
export {
  NonceRegistry,
  NONCE_AGE_MS_DEFAULT,
  NONCE_AGE_MS_MAX,
  NONCE_BYTES_MAX,
  NONCE_BYTES_MIN,
  NONCE_SHARES,
  NONCES_MAX,
  NONCES_MAX_DEFAULT,
  type Nonce,
  type NonceRegistryOptions,
} from './nonce-registry.js';
export {
  ReplayDefense,
  type Authenticity,
  type ReplayDefenseOptions,
  type ReplayStamp,
} from './replay-defense.js';
export type { ReplayAcceptance, ReplayRefusal, ReplayRefusalCode, ReplayVerdict } from './replay-verdict.js';
export { SEQUENCE_MAX } from './sender-windows.js';
export {
  SequenceTracker,
  SEQUENCE_FIRST_MAX,
  SEQUENCE_FUTURE_MS_DEFAULT,
  SEQUENCE_JUMP_MAX,
  SEQUENCE_SENDERS_MAX,
  SEQUENCE_WINDOW_BITS_DEFAULT,
  SEQUENCE_WINDOW_BITS_MAX,
  type OwnSequence,
  type SequenceContext,
  type SequenceTrackerOptions,
} from './sequence-tracker.js';
export {
  TimestampValidator,
  TIMESTAMP_AGE_MS_DEFAULT,
  TIMESTAMP_AGE_MS_MAX,
  TIMESTAMP_FUTURE_MS_DEFAULT,
  TIMESTAMP_FUTURE_MS_MAX,
  type TimestampValidatorOptions,
} from './timestamp-validator.js';
