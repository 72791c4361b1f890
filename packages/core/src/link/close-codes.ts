import type { LinkErrorCode } from '../errors.js';

/** Codes of the encrypted CLOSE frame: an append-only table, the number is the position. */
const CODES: readonly LinkErrorCode[] = [
  'LINK_CLOSED',
  'LINK_FULL',
  'LINK_DENIED',
  'LINK_DUPLICATE',
  'LINK_BAD_FRAME',
  'LINK_BAD_SIGNATURE',
  'LINK_CREDIT',
  'LINK_TRANSCRIPT',
  'LINK_STALLED',
  'LINK_TIMEOUT',
  'LINK_FLOOD',
];

export const closeNumber = (code: LinkErrorCode): number => Math.max(0, CODES.indexOf(code));

/** A number that this version does not know still is a close. */
export const closeCode = (number: number): LinkErrorCode => CODES[number] ?? 'LINK_CLOSED';
