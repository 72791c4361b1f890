/**
 * What a string may consist of. Each is checked in one pass: patterns of a consumer never run on a peer's text.
 * - `hex`: an even number of digits 0-9, a-f, A-F.
 * - `base64`: RFC 4648 §4 with padding. `base64url`: §5 without.
 * - `name`: ASCII letters, digits and `_ - . : / @`.
 * - `text`: no control characters and none that turn the direction of writing, so that it can be shown on one line.
 */
export type TextFormat = 'hex' | 'base64' | 'base64url' | 'name' | 'text';

/** Whether a string is of a format. */
export type TextCheck = (text: string) => boolean;

/** The check of each format. */
export const TEXT_CHECKS: ReadonlyMap<string, TextCheck> = new Map<TextFormat, TextCheck>([
  ['hex', (text) => text.length % 2 === 0 && every(text, 0, isHexUnit)],
  ['base64', isBase64],
  ['base64url', (text) => text.length % 4 !== 1 && every(text, 0, isBase64UrlUnit)],
  ['name', (text) => every(text, 0, isNameUnit)],
  ['text', (text) => every(text, 0, isTextUnit)],
]);

function every(text: string, padding: number, isAllowed: (unit: number) => boolean): boolean {
  const end = text.length - padding;
  for (let at = 0; at < end; at += 1) if (!isAllowed(text.charCodeAt(at))) return false;
  return true;
}

function isBase64(text: string): boolean {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return text.length % 4 === 0 && every(text, padding, isBase64Unit);
}

function isDigitUnit(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39;
}

function isLetterOrDigit(unit: number): boolean {
  const lower = unit | 0x20;
  return isDigitUnit(unit) || (lower >= 0x61 && lower <= 0x7a);
}

function isHexUnit(unit: number): boolean {
  const lower = unit | 0x20;
  return isDigitUnit(unit) || (lower >= 0x61 && lower <= 0x66);
}

function isBase64Unit(unit: number): boolean {
  return isLetterOrDigit(unit) || unit === 0x2b || unit === 0x2f;
}

function isBase64UrlUnit(unit: number): boolean {
  return isLetterOrDigit(unit) || unit === 0x2d || unit === 0x5f;
}

/** `_` and `-`, `.`, `/`, `:`, `@` besides letters and digits. */
function isNameUnit(unit: number): boolean {
  const isMark = unit === 0x5f || (unit >= 0x2d && unit <= 0x2f) || unit === 0x3a || unit === 0x40;
  return isMark || isLetterOrDigit(unit);
}

/** C0 and C1 controls, line and paragraph separators, and the bidirectional controls of Unicode TR 9. */
function isTextUnit(unit: number): boolean {
  const isControl = unit < 0x20 || (unit >= 0x7f && unit <= 0x9f);
  const isTurn = unit === 0x200e || unit === 0x200f || unit === 0x061c || (unit >= 0x2066 && unit <= 0x2069);
  return !isControl && !isTurn && !(unit >= 0x2028 && unit <= 0x202e);
}
