import ipaddr from 'ipaddr.js';
import { parsePlainIPv4, parsePlainIPv6 } from './address-fast-path.js';
import { foldedIPv4 } from './address-folding.js';
import { boundedText } from './bounded-text.js';
import { ipv4Text, ParsedKeys, type AddressKeys } from './parsed-keys.js';

export type { AddressFamily, AddressKeys } from './parsed-keys.js';

/** Characters of an address: 45 of the longest IPv6 spelling, `%` and 16 of a zone, two brackets. A longer text is none. */
export const ADDRESS_LENGTH_MAX = 64;

/** Addresses whose keys are kept ready, about 0.6 KiB each, in two generations of half as many; older ones are parsed again. */
export const ADDRESS_CACHE_MAX = 4_096;

// Two generations in place of an exact order: new addresses then cost one insertion and no removal.
let youngKeys = new Map<string, AddressKeys>();
let oldKeys = new Map<string, AddressKeys>();

/**
 * The keys of an address in any spelling. IPv4 inside IPv6 (mapped, compatible, translated, NAT64, 6to4, Teredo) counts as
 * that IPv4, zones (`%eth0`) and brackets do not count. A text that is no address is its own key. Never throws.
 */
export function addressKeys(address: string): AddressKeys {
  // Node has no address for a socket that is closed already, whatever the types of a caller say.
  const text = typeof address === 'string' ? address : '';
  const known = youngKeys.get(text);
  if (known !== undefined) return known;
  const keys = oldKeys.get(text) ?? makeKeys(text);
  if (text.length <= ADDRESS_LENGTH_MAX) remember(text, keys);
  return keys;
}

/** The bits of an address as {@link AddressKeys} has them, or undefined for a text that is none. Never throws. */
export function parseAddress(text: string): readonly number[] | undefined {
  if (text.length > ADDRESS_LENGTH_MAX) return undefined;
  const ipv4 = parsePlainIPv4(text);
  if (ipv4 !== undefined) return [ipv4];
  const words = parsePlainIPv6(text) ?? parseOddSpelling(text);
  if (words?.length !== 4) return words;
  const folded = foldedIPv4(words);
  return folded === undefined ? words : [folded];
}

/** The usual spelling of an address (RFC 5952 for IPv6), IPv4 inside IPv6 as IPv4; undefined for a text that is none. */
export function canonicalAddress(text: string): string | undefined {
  const words = parseAddress(text);
  if (words === undefined) return undefined;
  if (words.length === 1) return ipv4Text(words[0] ?? 0);
  return new ipaddr.IPv6(words.flatMap((word) => [word >>> 16, word & 0xffff])).toRFC5952String();
}

/** True for this machine's own addresses, and for what has none: sockets in memory. */
export function isLoopback(text: string): boolean {
  if (text === '' || text === 'localhost') return true;
  const { family, words } = addressKeys(text);
  const [first = 0, second, third, fourth] = words;
  if (family === 'ipv4') return first >>> 24 === 127;
  return family === 'ipv6' && first === 0 && second === 0 && third === 0 && fourth === 1;
}

/** True for addresses of private networks: RFC 1918, link-local (RFC 3927, RFC 4291), carrier NAT (RFC 6598), fc00::/7 (RFC 4193). */
export function isPrivate(text: string): boolean {
  const { family, words } = addressKeys(text);
  const first = words[0] ?? 0;
  if (family === 'ipv6') return first >>> 25 === 0xfc >>> 1 || first >>> 22 === 0xfe80 >>> 6;
  if (family === 'none') return false;
  const high = first >>> 16;
  return (
    high >>> 8 === 10 ||
    high >>> 4 === 0xac1 ||
    high === 0xc0a8 ||
    high === 0xa9fe ||
    high >>> 6 === 0x6440 >>> 6
  );
}

// Octal and hexadecimal IPv4, dotted tails of IPv6, zones and brackets: rare enough to be left to the library.
function parseOddSpelling(text: string): readonly number[] | undefined {
  const isBracketed = text.startsWith('[') && text.endsWith(']');
  const inside = isBracketed ? text.slice(1, -1) : text;
  const zoneAt = inside.indexOf('%');
  const plain = zoneAt === -1 || !inside.includes(':') ? inside : inside.slice(0, zoneAt);
  if (!ipaddr.isValid(plain)) return undefined;
  const bytes = ipaddr.parse(plain).toByteArray();
  const words: number[] = [];
  for (let at = 0; at < bytes.length; at += 4) {
    const [one = 0, two = 0, three = 0, four = 0] = bytes.slice(at, at + 4);
    words.push(((one << 24) | (two << 16) | (three << 8) | four) >>> 0);
  }
  return words;
}

function remember(text: string, keys: AddressKeys): void {
  if (youngKeys.size >= ADDRESS_CACHE_MAX / 2) {
    oldKeys = youngKeys;
    youngKeys = new Map();
  }
  youngKeys.set(text, keys);
}

function makeKeys(text: string): AddressKeys {
  const words = parseAddress(text);
  return words === undefined ? keysOfText(text) : new ParsedKeys(words);
}

function keysOfText(text: string): AddressKeys {
  const key = boundedText(text, ADDRESS_LENGTH_MAX);
  return { family: 'none', words: [], narrow: key, subnet: key, wide: key };
}
