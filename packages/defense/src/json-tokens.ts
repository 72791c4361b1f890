import type { JsonRefusalCode } from './errors.js';
import type { SafeJsonParserConfig } from './json-options.js';
import { isHighSurrogate, isLowSurrogate } from './utf8-length.js';

/** Where and why a text was refused. */
export interface JsonOffence {
  readonly code: JsonRefusalCode;
  /** A fixed sentence: never a piece of the text. */
  readonly error: string;
  /** UTF-16 code units before the offence. */
  readonly offset: number;
}

const QUOTE = 0x22;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const BACKSLASH = 0x5c;
const LOWER_U = 0x75;

/** Digits before the point up to which every number without exponent is in range; others are converted to be judged. */
const EXACT_DIGITS_MAX = 15;
/** Units of a string that are looked at one by one, before a search that is faster but dearer to start takes over. */
const STEPS_MAX = 32;
/** What ends the plain part of a string. One class and no repetition: the search is linear. */
const SPECIAL = /["\\\u0000-\u001f\ud800-\udfff]/g;
/** What may stand after a backslash besides `u`, as code units. */
const SHORT_ESCAPES: readonly number[] = Array.from('"\\/bfnrt', (letter) => letter.charCodeAt(0));

/**
 * The strings, numbers and literals of one JSON text (RFC 8259 §3, §6, §7). Each method is told where its token begins
 * and answers where it ends, or -1 when it was refused: then `offence` says why.
 */
export class JsonTokens {
  readonly #text: string;
  readonly #limits: SafeJsonParserConfig;
  #length = 0;
  #offence: JsonOffence | undefined;

  constructor(text: string, limits: SafeJsonParserConfig) {
    this.#text = text;
    this.#limits = limits;
  }

  /** Units that the string read last has after unescaping. */
  get length(): number {
    return this.#length;
  }

  /** The first offence, of these tokens or told by `refuse`. */
  get offence(): JsonOffence | undefined {
    return this.#offence;
  }

  /** Notes an offence unless there was one before. Answers -1. */
  refuse(code: JsonRefusalCode, error: string, offset: number): -1 {
    this.#offence ??= { code, error, offset };
    return -1;
  }

  /** Notes that the text is not JSON. Answers -1. */
  refuseSyntax(offset: number): -1 {
    return this.refuse('JSON_SYNTAX', 'The text is not JSON.', offset);
  }

  /** A string of at most `lengthMax` units after unescaping. */
  string(start: number, lengthMax: number): number {
    const text = this.#text;
    let saved = 0; // Units by which escapes are longer than what they mean.
    let at = this.#plainEnd(start + 1);
    while (at < text.length) {
      const unit = text.charCodeAt(at);
      if (unit === QUOTE) {
        this.#length = at - start - 1 - saved;
        if (this.#length <= lengthMax) return at + 1;
        return this.refuse('JSON_TOO_LONG', 'A string or key is too long.', start);
      }
      const width = unit === BACKSLASH ? this.#escape(at) : this.#surrogate(at, unit);
      if (width < 0) return -1;
      if (unit === BACKSLASH) saved += width === 12 ? 10 : width - 1;
      at = this.#plainEnd(at + width);
    }
    return this.refuseSyntax(text.length);
  }

  /** Where the units end that mean themselves. */
  #plainEnd(from: number): number {
    const text = this.#text;
    const stepsEnd = Math.min(from + STEPS_MAX, text.length);
    for (let at = from; at < stepsEnd; at += 1) if (isSpecial(text.charCodeAt(at))) return at;
    SPECIAL.lastIndex = stepsEnd;
    return SPECIAL.test(text) ? SPECIAL.lastIndex - 1 : text.length;
  }

  /** Units that a raw surrogate takes, 2 for a pair. Control characters are refused. */
  #surrogate(at: number, unit: number): number {
    if (unit < 0x20) return this.refuseSyntax(at);
    if (isHighSurrogate(unit) && isLowSurrogate(this.#text.charCodeAt(at + 1))) return 2;
    return this.#limits.onLoneSurrogate === 'keep' ? 1 : this.#refuseLone(at);
  }

  /** Units that an escape takes: 2, 6, or 12 for an escaped pair. */
  #escape(at: number): number {
    const text = this.#text;
    if (at + 1 < text.length && SHORT_ESCAPES.includes(text.charCodeAt(at + 1))) return 2;
    const unit = this.#hexEscape(at);
    if (unit < 0) return this.refuseSyntax(at);
    if (unit < 0xd800 || unit > 0xdfff) return 6;
    if (isHighSurrogate(unit) && isLowSurrogate(this.#hexEscape(at + 6))) return 12;
    return this.#limits.onLoneSurrogate === 'keep' ? 6 : this.#refuseLone(at);
  }

  /** The code unit that the escape `\\uXXXX` at this place means; -1 when there is none. */
  #hexEscape(at: number): number {
    const text = this.#text;
    const isEscape = text.charCodeAt(at) === BACKSLASH && text.charCodeAt(at + 1) === LOWER_U;
    if (!isEscape || at + 6 > text.length) return -1;
    let unit = 0;
    for (let place = at + 2; place < at + 6; place += 1) {
      const digit = hexDigit(text.charCodeAt(place));
      if (digit < 0) return -1;
      unit = unit * 16 + digit;
    }
    return unit;
  }

  #refuseLone(offset: number): -1 {
    return this.refuse('JSON_LONE_SURROGATE', 'A string holds half a surrogate pair.', offset);
  }

  /** A number. Whatever follows it is judged by the caller. */
  number(start: number): number {
    const text = this.#text;
    const first = text.charCodeAt(start) === MINUS ? start + 1 : start;
    let at = this.#digitsEnd(first);
    if (at < 0) return -1;
    if (at > first + 1 && text.charCodeAt(first) === ZERO) return this.refuseSyntax(first);
    const integerDigits = at - first;
    const integerEnd = at;
    if (at < text.length && text.charCodeAt(at) === POINT) at = this.#digitsEnd(at + 1);
    const hasExponent = at >= 0 && at < text.length && isExponentSign(text.charCodeAt(at));
    if (hasExponent) at = this.#exponentEnd(at + 1);
    if (at < 0) return -1;
    if (at - start > this.#limits.maxNumberLength)
      return this.refuse('JSON_TOO_LONG', 'A number has too many characters.', start);
    const isPlain = !hasExponent && integerDigits <= EXACT_DIGITS_MAX;
    return isPlain || this.#isInRange(start, at, at === integerEnd) ? at : -1;
  }

  #exponentEnd(at: number): number {
    const sign = this.#text.charAt(at);
    return this.#digitsEnd(sign === '+' || sign === '-' ? at + 1 : at);
  }

  /** Where at least one digit ends. */
  #digitsEnd(from: number): number {
    const text = this.#text;
    let at = from;
    while (at < text.length && isDigit(text.charCodeAt(at))) at += 1;
    return at === from ? this.refuseSyntax(from) : at;
  }

  #isInRange(start: number, end: number, isInteger: boolean): boolean {
    const value = Number(this.#text.slice(start, end));
    const isKept = !isInteger || this.#limits.onUnsafeInteger === 'round' || Number.isSafeInteger(value);
    if (!Number.isFinite(value))
      this.refuse('JSON_NUMBER_RANGE', 'A number is beyond the range of doubles.', start);
    else if (!isKept) this.refuse('JSON_NUMBER_RANGE', 'An integer is beyond ±(2^53 - 1).', start);
    else return true;
    return false;
  }

  /** `true`, `false` or `null`. */
  literal(start: number): number {
    const word = LITERALS.get(this.#text.charCodeAt(start));
    if (word === undefined || !this.#text.startsWith(word, start)) return this.refuseSyntax(start);
    return start + word.length;
  }
}

/** By their first letter. */
const LITERALS: ReadonlyMap<number, string> = new Map([
  [0x74, 'true'],
  [0x66, 'false'],
  [0x6e, 'null'],
]);

function isSpecial(unit: number): boolean {
  return unit === QUOTE || unit === BACKSLASH || unit < 0x20 || (unit >= 0xd800 && unit <= 0xdfff);
}

/** Whether a code unit is one of 0 to 9. */
export function isDigit(unit: number): boolean {
  return unit >= ZERO && unit <= 0x39;
}

function hexDigit(unit: number): number {
  if (isDigit(unit)) return unit - ZERO;
  const lower = unit | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function isExponentSign(unit: number): boolean {
  return unit === 0x65 || unit === 0x45;
}
