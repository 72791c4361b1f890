/**
 * Limits, bans, checks, replay defence, proof of work and reputation for a node that strangers can reach; `createGuard()` puts
 * them in front of a mesh.
 *
 * @packageDocumentation
 */
export { ADDRESS_BLOCKS_MAX } from './address-blocks.js';
export { ADDRESS_BANS_MAX, ADDRESS_BANS_RESERVED, PASSES_PER_MINUTE_MAX } from './address-gate.js';
export { ADDRESSES_MAX, IPV6_SITE_MULTIPLE, SITES_MAX } from './address-limit.js';
export {
  ADDRESS_CACHE_MAX,
  ADDRESS_LENGTH_MAX,
  addressKeys,
  canonicalAddress,
  isLoopback,
  isPrivate,
  type AddressFamily,
  type AddressKeys,
} from './address.js';
export {
  DATA_ARRAY_LENGTH_MAX,
  DATA_DEPTH_MAX,
  DATA_ITEMS_MAX,
  DATA_KEY_LENGTH_MAX,
  DATA_KEYS_MAX,
  DATA_STRING_LENGTH_MAX,
} from './data-limits.js';
export type { DataLimitOptions, DataLimits } from './data-limits.js';
export {
  allowList,
  denyList,
  GATE_NODES_MAX,
  type ConnectionGate,
  type GateList,
} from './connection-gate.js';
export { DefenseArgumentError, DefenseError } from './errors.js';
export type { DefenseErrorCode, JsonRefusalCode, MessageRefusalCode, NavrErrorCode } from './errors.js';
export { EVIDENCE_MAX, type Evidence } from './evidence.js';
export { GOOD_NODE_LIFE_MS, GOOD_NODES_PER_SCOPE_MAX, GOOD_SCOPES_MAX } from './good-nodes.js';
export { JSON_BYTES_MAX, JSON_NUMBER_LENGTH_MAX } from './json-options.js';
export type { SafeJsonParserOptions } from './json-options.js';
export type { LimitAllowed, LimitCode, LimitRefused, LimitVerdict } from './limit-verdict.js';
export {
  DATA_BYTES_MAX,
  GOSSIP_BYTES_MAX,
  HANDSHAKE_BYTES_MAX,
  LISTING_BYTES_MAX,
} from './message-definitions.js';
export type { MessageDefinition } from './message-definitions.js';
export { SCHEMA_DEPTH_MAX, SCHEMA_NODES_MAX } from './message-schema.js';
export type {
  AnySchema,
  ArraySchema,
  BooleanSchema,
  BytesSchema,
  EnumSchema,
  IntegerSchema,
  LiteralSchema,
  MapSchema,
  MessageFields,
  MessageSchema,
  NodeIdSchema,
  NullSchema,
  NumberSchema,
  ObjectSchema,
  SchemaLiteral,
  StringSchema,
  UnionSchema,
} from './message-schema.js';
export { MESSAGE_TYPE_LENGTH_MAX, MESSAGE_TYPES_MAX, MessageValidator } from './message-validator.js';
export type {
  MessageInvalid,
  MessageValid,
  MessageValidatorOptions,
  MessageVerdict,
} from './message-validator.js';
export { decodeChallenge, encodeChallenge, NAVR_CHALLENGE_BYTES_MAX } from './navr-challenge.js';
export type { NavrChallenge, NavrClaims } from './navr-challenge.js';
export type {
  NavrDifficulty,
  NavrOptions,
  NavrPool,
  NavrPresenter,
  NavrScope,
  NavrSolveOptions,
} from './navr-options.js';
export type { NavrAcceptance, NavrRefusal, NavrRefusalCode, NavrVerdict } from './navr-verdict.js';
export { NAVR } from './navr.js';
export { NODE_BANS_MAX, NODE_KEY_LENGTH_MAX, NODES_MAX } from './node-gate.js';
export { BAN_MS_MAX } from './node-standing.js';
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
  RATE_LIMITER_DEFAULTS,
  RATE_MAX,
  type RateLimiterOptions,
  type RateLimits,
} from './rate-limiter-options.js';
export { ConnectionRateLimiter, type RateLimiterStats } from './rate-limiter.js';
export {
  ReplayDefense,
  type Authenticity,
  type ReplayDefenseOptions,
  type ReplayStamp,
} from './replay-defense.js';
export type { ReplayAcceptance, ReplayRefusal, ReplayRefusalCode, ReplayVerdict } from './replay-verdict.js';
export {
  REPUTATION_VERSION,
  type NodeJson,
  type ReputationJson,
  type ReputationRestored,
  type ScopeJson,
} from './reputation-json.js';
export {
  REPORT_WEIGHT_DEFAULT,
  REPORT_WEIGHT_MAX,
  REPUTATION_FIRST_BAN_MS,
  REPUTATION_HALF_LIFE_MS,
  REPUTATION_NODES_MAX,
  ReputationTracker,
  type NodeOrigin,
  type ReportContext,
  type ReputationTrackerOptions,
} from './reputation-tracker.js';
export { SafeJsonParser } from './safe-json-parser.js';
export type { JsonAccepted, JsonRefused, JsonResult, JsonValue } from './safe-json-parser.js';
export { SHARED_WINDOWS_MAX, WINDOW_ENTRIES_MAX } from './scope-windows.js';
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
export { STRIKE_LIFE_MS } from './strikes.js';
export {
  SUBNET_DEFAULTS,
  SUBNET_LIMIT_MAX,
  SUBNET_RETRY_MS,
  SubnetDiversity,
  SUBNETS_MAX,
  type SubnetDiversityOptions,
} from './subnet-diversity.js';
export type { TextFormat } from './text-format.js';
export {
  TimestampValidator,
  TIMESTAMP_AGE_MS_DEFAULT,
  TIMESTAMP_AGE_MS_MAX,
  TIMESTAMP_FUTURE_MS_DEFAULT,
  TIMESTAMP_FUTURE_MS_MAX,
  type TimestampValidatorOptions,
} from './timestamp-validator.js';
export {
  SUSPICIOUS_KEPT_SCORE_MAX,
  SUSPICIOUS_SCORE_MAX,
  TRUSTED_KEPT_SCORE_MIN,
  TRUSTED_SCORE_MIN,
  type TrustLevel,
} from './trust-ladder.js';
export {
  FORWARDED_HOPS_MAX,
  FORWARDED_LENGTH_MAX,
  trustedProxies,
  type ForwardedHeader,
  type TrustedProxies,
  type TrustedProxiesOptions,
} from './trusted-proxies.js';
export {
  ADDRESS_REPORT_WEIGHT_MIN,
  createGuard,
  GOOD_LIFE_MS,
  type DefenseGuard,
  type GuardCode,
  type GuardOptions,
} from './guard.js';
