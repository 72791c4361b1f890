import { wholeOption } from './option-checks.js';

/** Nesting of arrays and objects, the outermost being 1; as core's payloads. Deeper is refused. */
export const DATA_DEPTH_MAX = 16;
/** Values and keys in one message; as core's payloads. More are refused: each costs up to about 100 bytes of memory. */
export const DATA_ITEMS_MAX = 65_536;
/** Keys of one object. More are refused: objects are records, and a table of thousands of chosen keys can be made to collide. */
export const DATA_KEYS_MAX = 4_096;
/** Elements of one array: as many as a message has items, so that only a lower setting is met before that bound. */
export const DATA_ARRAY_LENGTH_MAX = 65_536;
/** UTF-16 code units of one string: a message of the largest kind may be one string. Longer is refused. */
export const DATA_STRING_LENGTH_MAX = 524_288;
/** UTF-16 code units of one key: keys are names, and engines keep each in a table of their own. Longer is refused. */
export const DATA_KEY_LENGTH_MAX = 256;

/** The deepest nesting that may be asked for: the walks are recursive, and this depth fits every engine's stack. */
export const DEPTH_OPTION_MAX = 256;
/** The largest count or size that may be asked for, 256 MiB: beyond it engines refuse the string. */
export const SIZE_OPTION_MAX = 268_435_456;

/** Bounds of a value's shape. Each is checked before memory is spent on what exceeds it. */
export interface DataLimits {
  /** Nesting of arrays and objects, 0 (scalars alone) to 256. @default 16 */
  readonly maxDepth: number;
  /** Values and keys together. @default 65_536 */
  readonly maxItems: number;
  /** Keys of one object. @default 4_096 */
  readonly maxKeys: number;
  /** Elements of one array. @default 65_536 */
  readonly maxArrayLength: number;
  /** UTF-16 code units of one string. @default 524_288 */
  readonly maxStringLength: number;
  /** UTF-16 code units of one key. @default 256 */
  readonly maxKeyLength: number;
}

/** The bounds where none is given. */
export const DATA_LIMITS: Readonly<DataLimits> = Object.freeze({
  maxDepth: DATA_DEPTH_MAX,
  maxItems: DATA_ITEMS_MAX,
  maxKeys: DATA_KEYS_MAX,
  maxArrayLength: DATA_ARRAY_LENGTH_MAX,
  maxStringLength: DATA_STRING_LENGTH_MAX,
  maxKeyLength: DATA_KEY_LENGTH_MAX,
});

/** Some of the bounds; the others stay at their defaults. */
export type DataLimitOptions = { readonly [Name in keyof DataLimits]?: number | undefined };

/** The bounds with every default filled in. Throws DEFENSE_BAD_OPTION for one that is no whole number in range. */
export function resolveDataLimits(options: DataLimitOptions): DataLimits {
  const size = (name: keyof DataLimits, least: number) =>
    wholeOption(name, options[name] ?? DATA_LIMITS[name], least, SIZE_OPTION_MAX);
  return {
    maxDepth: wholeOption('maxDepth', options.maxDepth ?? DATA_DEPTH_MAX, 0, DEPTH_OPTION_MAX),
    maxItems: size('maxItems', 1),
    maxKeys: size('maxKeys', 0),
    maxArrayLength: size('maxArrayLength', 0),
    maxStringLength: size('maxStringLength', 0),
    maxKeyLength: size('maxKeyLength', 0),
  };
}
