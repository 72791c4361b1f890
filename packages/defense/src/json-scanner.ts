import { isDangerousKey } from './dangerous-keys.js';
import type { SafeJsonParserConfig } from './json-options.js';
import { isDigit, JsonTokens } from './json-tokens.js';
import type { JsonOffence } from './json-tokens.js';

/** What may come next (RFC 8259 §2, §4, §5). */
type State = 'value' | 'value-or-close' | 'key' | 'key-or-close' | 'colon' | 'comma-or-close' | 'end';

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * Reads a JSON text once from left to right, in time linear in its length, without recursion and almost without
 * memory: whether it is JSON (RFC 8259) and within the limits. One scanner reads one text.
 */
export class JsonScanner {
  readonly #text: string;
  readonly #limits: SafeJsonParserConfig;
  readonly #tokens: JsonTokens;
  /** For each container that is open: whether it is an object, and how many keys or elements it has so far. */
  readonly #isObject: boolean[] = [];
  readonly #counts: number[] = [];
  #state: State = 'value';
  #items = 0;
  #keys = 0;
  #dangerousKeys = 0;

  constructor(text: string, limits: SafeJsonParserConfig) {
    this.#text = text;
    this.#limits = limits;
    this.#tokens = new JsonTokens(text, limits);
  }

  /** Keys read so far, duplicates included. */
  get keys(): number {
    return this.#keys;
  }

  /** How many of the keys were `__proto__`, `constructor` or `prototype` after unescaping. */
  get dangerousKeys(): number {
    return this.#dangerousKeys;
  }

  /** The first offence in the text; undefined when it is JSON within the limits. Call it once. */
  scan(): JsonOffence | undefined {
    const text = this.#text;
    let at = 0;
    while (at >= 0 && at < text.length) {
      const unit = text.charCodeAt(at);
      at = isSpace(unit) ? at + 1 : this.#read(at, unit);
    }
    if (at >= 0 && this.#state !== 'end') this.#tokens.refuseSyntax(at);
    return this.#tokens.offence;
  }

  /** Reads one token and answers where it ends; -1 when it was refused. */
  #read(at: number, unit: number): number {
    switch (this.#state) {
      case 'value-or-close':
        return unit === CLOSE_ARRAY ? this.#close(at) : this.#value(at, unit);
      case 'value':
        return this.#value(at, unit);
      case 'key-or-close':
        return unit === CLOSE_OBJECT ? this.#close(at) : this.#key(at, unit);
      case 'key':
        return this.#key(at, unit);
      case 'colon':
        if (unit !== COLON) return this.#tokens.refuseSyntax(at);
        this.#state = 'value';
        return at + 1;
      case 'comma-or-close':
        return this.#commaOrClose(at, unit);
      case 'end':
        return this.#tokens.refuseSyntax(at);
      default:
        return this.#state satisfies never;
    }
  }

  #commaOrClose(at: number, unit: number): number {
    const isObject = this.#isObject[this.#isObject.length - 1] === true;
    if (unit === COMMA) {
      this.#state = isObject ? 'key' : 'value';
      return at + 1;
    }
    return unit === (isObject ? CLOSE_OBJECT : CLOSE_ARRAY) ? this.#close(at) : this.#tokens.refuseSyntax(at);
  }

  #value(at: number, unit: number): number {
    const level = this.#counts.length - 1;
    const isElement = level >= 0 && this.#isObject[level] === false;
    if (isElement && !this.#count(level, this.#limits.maxArrayLength))
      return this.#tokens.refuse('JSON_TOO_MANY', 'An array has too many elements.', at);
    if (!this.#countItem()) return this.#refuseItems(at);
    if (unit === OPEN_OBJECT || unit === OPEN_ARRAY) return this.#open(at, unit === OPEN_OBJECT);
    this.#state = level < 0 ? 'end' : 'comma-or-close';
    if (unit === QUOTE) return this.#tokens.string(at, this.#limits.maxStringLength);
    return unit === MINUS || isDigit(unit) ? this.#tokens.number(at) : this.#tokens.literal(at);
  }

  #key(at: number, unit: number): number {
    if (unit !== QUOTE) return this.#tokens.refuseSyntax(at);
    if (!this.#count(this.#counts.length - 1, this.#limits.maxKeys))
      return this.#tokens.refuse('JSON_TOO_MANY', 'An object has too many keys.', at);
    if (!this.#countItem()) return this.#refuseItems(at);
    this.#keys += 1;
    this.#state = 'colon';
    const end = this.#tokens.string(at, this.#limits.maxKeyLength);
    return end < 0 || this.#isKeyAllowed(at, end) ? end : -1;
  }

  /** Judges a key as its reader will see it, after unescaping: text elsewhere may say what it likes. */
  #isKeyAllowed(start: number, end: number): boolean {
    const { length } = this.#tokens;
    if (length !== 9 && length !== 11) return true;
    const raw = this.#text.slice(start, end);
    const key = raw.includes('\\') ? String(JSON.parse(raw)) : raw.slice(1, -1);
    if (!isDangerousKey(key)) return true;
    this.#dangerousKeys += 1;
    if (this.#limits.onDangerousKey !== 'refuse') return true;
    this.#tokens.refuse('JSON_DANGEROUS_KEY', 'A key could change a prototype.', start);
    return false;
  }

  #open(at: number, isObject: boolean): number {
    if (this.#counts.length >= this.#limits.maxDepth)
      return this.#tokens.refuse('JSON_TOO_DEEP', 'The text is nested too deeply.', at);
    this.#isObject.push(isObject);
    this.#counts.push(0);
    this.#state = isObject ? 'key-or-close' : 'value-or-close';
    return at + 1;
  }

  #close(at: number): number {
    this.#isObject.pop();
    this.#counts.pop();
    this.#state = this.#counts.length === 0 ? 'end' : 'comma-or-close';
    return at + 1;
  }

  /** Counts one more key or element of the innermost container. */
  #count(level: number, most: number): boolean {
    const count = (this.#counts[level] ?? 0) + 1;
    this.#counts[level] = count;
    return count <= most;
  }

  #countItem(): boolean {
    this.#items += 1;
    return this.#items <= this.#limits.maxItems;
  }

  #refuseItems(at: number): -1 {
    return this.#tokens.refuse('JSON_TOO_MANY', 'The text holds too many values and keys.', at);
  }
}

function isSpace(unit: number): boolean {
  return unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09;
}
