import type { GuardRequest } from '@yakmesh/core/transport';
import { addressKeys, canonicalAddress, type AddressKeys } from './address.js';
import { AddressBlocks } from './address-blocks.js';
import { forwardedForHops, forwardedHops, hopAddress } from './forwarded-header.js';
import { choiceOption, refuseUnknownOptions } from './option-checks.js';

/** Hops of a forwarding header that are walked, from the right. Where more are proxies of ours, the socket's address counts. */
export const FORWARDED_HOPS_MAX = 32;

/** Characters of a forwarding header that are read, from the right; all left of them is as if it were not there. */
export const FORWARDED_LENGTH_MAX = 2_048;

/** The headers in which proxies name their clients. */
export type ForwardedHeader = 'x-forwarded-for' | 'forwarded';

const HEADERS: readonly ForwardedHeader[] = ['x-forwarded-for', 'forwarded'];

/** Options of {@link trustedProxies}. */
export interface TrustedProxiesOptions {
  /**
   * The one header that your proxies write; the other is then not read. Name it if it is `forwarded`, for a proxy passes on
   * the header that it does not write as the client sent it. @default X-Forwarded-For where there is one, else Forwarded
   */
  readonly header?: ForwardedHeader | undefined;
}

/** Reverse proxies that are believed about their clients. */
export interface TrustedProxies {
  /** Whether an address is one of the proxies. */
  isTrusted(keys: AddressKeys): boolean;
  /**
   * The client's address where `remoteAddress` is a trusted proxy that names one, else `remoteAddress` as it stands. The
   * header is walked from the right over trusted hops to the first that is not; what stands left of it does not matter. A
   * hop that is no address (`unknown`, `_hidden`, garbage) names nobody. Never throws; takes time linear in 2,048 characters.
   */
  clientAddress(remoteAddress: string, request: GuardRequest): string;
}

/**
 * @param cidrs address blocks of your proxies, at most 1,024. Each must append its client to the header, as they all do if
 *   told to; one that does not lets its clients name themselves.
 * @throws DefenseArgumentError DEFENSE_BAD_OPTION for what is no block, and for unknown options.
 */
export function trustedProxies(
  cidrs: readonly string[],
  options: TrustedProxiesOptions = {},
): TrustedProxies {
  refuseUnknownOptions(options, new Set(['header']));
  const headers = options.header === undefined ? HEADERS : [choiceOption('header', options.header, HEADERS)];
  const blocks = new AddressBlocks(cidrs, 'trustedProxies');
  return {
    isTrusted: (keys) => blocks.size > 0 && blocks.includes(keys),
    clientAddress: (remoteAddress, request) => {
      if (blocks.size === 0 || !blocks.includes(addressKeys(remoteAddress))) return remoteAddress;
      for (const name of headers) {
        const header = endOf(request?.headers?.[name]);
        if (header === undefined) continue;
        const hops = name === 'forwarded' ? forwardedHops(header) : forwardedForHops(header);
        return firstUntrusted(hops, blocks) ?? remoteAddress;
      }
      return remoteAddress;
    },
  };
}

function firstUntrusted(hops: Iterable<string>, proxies: AddressBlocks): string | undefined {
  let count = 0;
  let address: string | undefined;
  for (const hop of hops) {
    count += 1;
    if (count > FORWARDED_HOPS_MAX) return undefined;
    // Spelled anew, so that the client cannot keep a long header alive by it.
    address = canonicalAddress(hopAddress(hop));
    if (address === undefined || !proxies.includes(addressKeys(address))) return address;
  }
  // All are ours: the one furthest away began.
  return address;
}

/** The last 2,048 characters of all lines of a header, or undefined where there is none. */
function endOf(value: string | readonly string[] | undefined): string | undefined {
  if (typeof value === 'string') return value.slice(-FORWARDED_LENGTH_MAX);
  if (!Array.isArray(value) || value.length === 0) return undefined;
  let text = '';
  for (let index = value.length - 1; index >= 0 && text.length < FORWARDED_LENGTH_MAX; index -= 1) {
    const line: unknown = value[index];
    const end = typeof line === 'string' ? line.slice(-FORWARDED_LENGTH_MAX) : '';
    text = index === value.length - 1 ? end : `${end},${text}`;
  }
  return text.slice(-FORWARDED_LENGTH_MAX);
}
