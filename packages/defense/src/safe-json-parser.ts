import { bytesToUtf8 } from '@yakmesh/crypto';
import { isDangerousKey } from './dangerous-keys.js';
import type { JsonRefusalCode } from './errors.js';
import { resolveJsonOptions } from './json-options.js';
import type { SafeJsonParserConfig, SafeJsonParserOptions } from './json-options.js';
import { JsonScanner } from './json-scanner.js';
import { fitsUtf8 } from './utf8-length.js';

/** What a JSON text means. */
export type JsonValue =
  null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** A text that was read. */
export interface JsonAccepted {
  readonly success: true;
  readonly data: JsonValue;
  readonly error?: undefined;
  readonly code?: undefined;
}

/** A text that was refused. */
export interface JsonRefused {
  readonly success: false;
  readonly data?: undefined;
  /** A fixed sentence for people: never a piece of the text. */
  readonly error: string;
  readonly code: JsonRefusalCode;
  /** UTF-16 code units before the offence, where there is one such place. */
  readonly offset?: number | undefined;
}

/** What {@link SafeJsonParser.parse} answers. */
export type JsonResult = JsonAccepted | JsonRefused;

/**
 * Reads JSON that strangers wrote: in linear time, within bounds that are checked before memory is spent, with one
 * meaning for every text, and never to a value that could change a prototype.
 *
 * A scan of the text checks its grammar and its bounds; then the engine's own parser, the fastest there is, makes the
 * value. It keeps the last of duplicate keys, so fewer keys in the value than in the text mean a duplicate.
 */
export class SafeJsonParser {
  readonly #config: SafeJsonParserConfig;

  /** Throws a DefenseArgumentError with DEFENSE_BAD_OPTION for an option that cannot be used. */
  constructor(options: SafeJsonParserOptions = {}) {
    this.#config = resolveJsonOptions(options);
  }

  /**
   * Reads a text, or its UTF-8 bytes. Never throws for what a peer sent: the answer says `success`, and else why not
   * in `error` and `code`. `-0` stays `-0`; a byte order mark is refused, as in `JSON.parse`.
   */
  parse(raw: string | Uint8Array | ArrayBuffer): JsonResult {
    const bytes = raw instanceof ArrayBuffer ? new Uint8Array(raw) : raw;
    if (typeof bytes !== 'string' && !(bytes instanceof Uint8Array))
      return refused('JSON_BAD_INPUT', 'A message to parse is a string or a Uint8Array.');
    const { maxBytes } = this.#config;
    const fits = typeof bytes === 'string' ? fitsUtf8(bytes, maxBytes) : bytes.length <= maxBytes;
    if (!fits) return refused('JSON_TOO_LARGE', `The text has more than ${maxBytes} bytes.`);
    const text = typeof bytes === 'string' ? bytes : bytesToUtf8(bytes);
    if (text === undefined) return refused('JSON_NOT_UTF8', 'The bytes are not valid UTF-8.');
    return this.#parseText(text);
  }

  #parseText(text: string): JsonResult {
    const scanner = new JsonScanner(text, this.#config);
    const offence = scanner.scan();
    if (offence !== undefined) return { success: false, ...offence };
    const data = parseNative(text);
    if (data === undefined) return refused('JSON_SYNTAX', 'The text is not JSON.');
    if (scanner.keys > 0 && countKeys(data) !== scanner.keys)
      return refused('JSON_DUPLICATE_KEY', 'An object has a key twice.');
    if (scanner.dangerousKeys > 0 && this.#config.onDangerousKey === 'drop') dropDangerousKeys(data);
    return { success: true, data };
  }
}

function refused(code: JsonRefusalCode, error: string): JsonRefused {
  return { success: false, error, code };
}

/** The engine's message is not passed on: it quotes the text. */
function parseNative(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

/** Own keys of all objects in the value. The scan has bounded how deep this goes. */
function countKeys(value: JsonValue): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (isList(value)) {
    for (const element of value) if (typeof element === 'object') count += countKeys(element);
    return count;
  }
  const keys = Object.keys(value);
  count = keys.length;
  for (const key of keys) {
    const child = value[key];
    if (typeof child === 'object') count += countKeys(child);
  }
  return count;
}

function dropDangerousKeys(value: JsonValue): void {
  if (typeof value !== 'object' || value === null) return;
  for (const key of Object.keys(value)) {
    if (!isList(value) && isDangerousKey(key)) Reflect.deleteProperty(value, key);
    else dropDangerousKeys((value as Readonly<Record<string, JsonValue>>)[key] ?? null);
  }
}

/** `Array.isArray`, which does not narrow readonly arrays. */
function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
