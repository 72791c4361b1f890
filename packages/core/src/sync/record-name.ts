import { bytesKey, bytesToUtf8, utf8ToBytes } from '@yakmesh/crypto';
import { COLLECTION_LENGTH_MAX, RECORD_KEY_BYTES_MAX } from './limits.js';

const COLLECTION = /^[\x21-\x7e]+$/;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Longest name in bytes: collection, NUL, key. */
export const NAME_BYTES_MAX = COLLECTION_LENGTH_MAX + 1 + RECORD_KEY_BYTES_MAX;

/**
 * What orders records: the bytes of collection ‖ 0x00 ‖ key in UTF-8, one character for each byte, so that comparing the strings compares the
 * bytes. Undefined where collection or key are not allowed.
 */
export function recordName(collection: string, key: string): string | undefined {
  if (!isCollection(collection) || typeof key !== 'string' || LONE_SURROGATE.test(key)) return undefined;
  const bytes = utf8ToBytes(key);
  if (bytes.length < 1 || bytes.length > RECORD_KEY_BYTES_MAX) return undefined;
  return `${collection}\0${bytesKey(bytes)}`;
}

export function isCollection(collection: unknown): collection is string {
  return (
    typeof collection === 'string' &&
    collection.length <= COLLECTION_LENGTH_MAX &&
    COLLECTION.test(collection)
  );
}

/** Collection and key of a name. */
export function splitName(name: string): { readonly collection: string; readonly key: string } {
  const end = name.indexOf('\0');
  return { collection: name.slice(0, end), key: bytesToUtf8(nameBytes(name.slice(end + 1))) ?? '' };
}

/** The names of a collection, from the first to before the second; of a part of it where keys are given. */
export function namesOf(collection: string, gte?: string, lt?: string): { from: string; to: string } {
  const inside = (key: string): string => `${collection}\0${bytesKey(utf8ToBytes(key))}`;
  return {
    from: gte === undefined ? `${collection}\0` : inside(gte),
    to: lt === undefined ? `${collection}\x01` : inside(lt),
  };
}

/** The bytes of a name or of a bound. */
export function nameBytes(name: string): Uint8Array {
  const bytes = new Uint8Array(name.length);
  for (let index = 0; index < name.length; index += 1) bytes[index] = name.charCodeAt(index);
  return bytes;
}

/** The shortest bound b with previous < b ≤ next: what separates two names on the wire. */
export function separator(previous: string, next: string): string {
  let shared = 0;
  while (shared < previous.length && previous[shared] === next[shared]) shared += 1;
  return next.slice(0, shared + 1);
}
