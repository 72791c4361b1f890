import { DATA_LIMITS, resolveDataLimits, SIZE_OPTION_MAX } from './data-limits.js';
import type { DataLimitOptions, DataLimits } from './data-limits.js';
import { choiceOption, refuseUnknownOptions, wholeOption } from './option-checks.js';

/** Bytes of a text: the largest kind of message. A longer one is refused before it is looked at. */
export const JSON_BYTES_MAX = 524_288;
/** Characters of one number: 25 suffice for every double as JavaScript writes it, other languages write more. Longer is refused. */
export const JSON_NUMBER_LENGTH_MAX = 64;

const DANGEROUS_KEY_CHOICES = ['refuse', 'drop', 'keep'] as const;
const LONE_SURROGATE_CHOICES = ['refuse', 'keep'] as const;
const UNSAFE_INTEGER_CHOICES = ['refuse', 'round'] as const;

/** Options of {@link SafeJsonParser}. Every one has a default; an unknown one is a DefenseArgumentError. */
export interface SafeJsonParserOptions extends DataLimitOptions {
  /** Bytes of the text in UTF-8. @default 524_288 */
  readonly maxBytes?: number | undefined;
  /** Characters of one number. @default 64 */
  readonly maxNumberLength?: number | undefined;
  /**
   * What becomes of the keys `__proto__`, `constructor` and `prototype`, however they are escaped: the text is refused,
   * the key and its value are left out, or it stays as a property like any other. Kept, the parsed value is harmless in
   * itself, but `Object.assign` and merges by assignment would let it set a prototype. @default 'refuse'
   */
  readonly onDangerousKey?: (typeof DANGEROUS_KEY_CHOICES)[number] | undefined;
  /** What becomes of half a surrogate pair, which UTF-8 and CBOR cannot carry. @default 'refuse' */
  readonly onLoneSurrogate?: (typeof LONE_SURROGATE_CHOICES)[number] | undefined;
  /** What becomes of integers beyond ±(2⁵³ − 1), of which two may be read as one (RFC 7493 §2.2). @default 'refuse' */
  readonly onUnsafeInteger?: (typeof UNSAFE_INTEGER_CHOICES)[number] | undefined;
}

/** Options with every default filled in. */
export interface SafeJsonParserConfig extends DataLimits {
  /** Bytes of the text in UTF-8. */
  readonly maxBytes: number;
  /** Characters of one number. */
  readonly maxNumberLength: number;
  /** What becomes of `__proto__`, `constructor` and `prototype`. */
  readonly onDangerousKey: (typeof DANGEROUS_KEY_CHOICES)[number];
  /** What becomes of half a surrogate pair. */
  readonly onLoneSurrogate: (typeof LONE_SURROGATE_CHOICES)[number];
  /** What becomes of integers beyond ±(2⁵³ − 1). */
  readonly onUnsafeInteger: (typeof UNSAFE_INTEGER_CHOICES)[number];
}

const KNOWN_OPTIONS: ReadonlySet<string> = new Set([
  ...Object.keys(DATA_LIMITS),
  ...['maxBytes', 'maxNumberLength', 'onDangerousKey', 'onLoneSurrogate', 'onUnsafeInteger'],
]);

/** Throws DEFENSE_BAD_OPTION for the first option that cannot be used. */
export function resolveJsonOptions(options: SafeJsonParserOptions): SafeJsonParserConfig {
  refuseUnknownOptions(options, KNOWN_OPTIONS);
  const { maxBytes = JSON_BYTES_MAX, maxNumberLength = JSON_NUMBER_LENGTH_MAX } = options;
  const { onDangerousKey = 'refuse', onLoneSurrogate = 'refuse', onUnsafeInteger = 'refuse' } = options;
  return {
    ...resolveDataLimits(options),
    maxBytes: wholeOption('maxBytes', maxBytes, 1, SIZE_OPTION_MAX),
    maxNumberLength: wholeOption('maxNumberLength', maxNumberLength, 1, SIZE_OPTION_MAX),
    onDangerousKey: choiceOption('onDangerousKey', onDangerousKey, DANGEROUS_KEY_CHOICES),
    onLoneSurrogate: choiceOption('onLoneSurrogate', onLoneSurrogate, LONE_SURROGATE_CHOICES),
    onUnsafeInteger: choiceOption('onUnsafeInteger', onUnsafeInteger, UNSAFE_INTEGER_CHOICES),
  };
}
