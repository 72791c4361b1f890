import type { MessageRefusalCode } from './errors.js';

/** Characters of a path in a reason; a longer one is cut. */
const PATH_LENGTH_MAX = 128;
/** Characters of a peer's field name that a reason repeats; a longer one is told by its position. */
const NAME_LENGTH_MAX = 32;

/** What is wrong with a message, and where. No part of it is the peer's text, but for harmless field names. */
export interface MessageOffence {
  readonly code: MessageRefusalCode;
  /** The sentence's end, such as "is no string." */
  readonly claim: string;
  /** Where, seen from the value that was checked; empty for the value itself. */
  readonly path: string;
}

/** An offence of the very value that was checked. */
export function offence(code: MessageRefusalCode, claim: string): MessageOffence {
  return { code, claim, path: '' };
}

/** The same offence, seen from the object or array that holds the value. */
export function within(segment: string, inner: MessageOffence): MessageOffence {
  return { ...inner, path: segment + inner.path };
}

/** Path segment of an array's element. */
export function elementSegment(index: number): string {
  return `[${index}]`;
}

/**
 * Path segment of a field that a peer named. Names of other than ASCII letters, digits and `_` are told by their
 * position, so that a reason can be logged and shown: it holds no line break, no markup, and nothing to follow.
 */
export function fieldSegment(name: string, position: number): string {
  return isHarmlessName(name) ? `.${name}` : `.(field ${position + 1})`;
}

/** The reason for people: at most about 256 characters. */
export function reasonOf({ path, claim }: MessageOffence): string {
  const shown = path.length > PATH_LENGTH_MAX ? `${path.slice(0, PATH_LENGTH_MAX)}…` : path;
  return `message${shown} ${claim}`;
}

function isHarmlessName(name: string): boolean {
  if (name.length === 0 || name.length > NAME_LENGTH_MAX) return false;
  for (let at = 0; at < name.length; at += 1) if (!isWordUnit(name.charCodeAt(at))) return false;
  return true;
}

function isWordUnit(unit: number): boolean {
  const lower = unit | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || (unit >= 0x30 && unit <= 0x39) || unit === 0x5f;
}
