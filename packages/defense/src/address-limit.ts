import type { AddressKeys } from './address.js';
import { ScopeWindows } from './scope-windows.js';

/** Addresses (IPv4, IPv6 /64) counted at once; while all have asked within the window, newcomers share windows. */
export const ADDRESSES_MAX = 16_384;

/** Sites (IPv6 /48, IPv4 /24 where asked for) counted at once; at the limit as for addresses. */
export const SITES_MAX = 4_096;

/** An IPv6 /48 may do as much as eight addresses: an office keeps room, an attacker's 65,536 networks gain little. */
export const IPV6_SITE_MULTIPLE = 8;

/** What an {@link AddressLimit} counts. */
export interface AddressLimitOptions {
  /** Takes that one address has in any window; Infinity for no limit. */
  readonly limit: number;
  /** Length of a window in milliseconds. */
  readonly windowMs: number;
  /** Times the limit that an IPv4 /24 has in any window; Infinity for none. */
  readonly ipv4SiteMultiple: number;
}

/** Why an address was refused. */
export interface AddressRefusal {
  /** The scope whose own limit was reached; undefined when it was that of newcomers who share a window. */
  readonly scope: string | undefined;
  readonly isSite: boolean;
  readonly retryAfterMs: number;
}

/** One limit for every address, and a wider one for every site. */
export class AddressLimit {
  readonly #addresses: ScopeWindows;
  readonly #ipv6Sites: ScopeWindows;
  readonly #ipv4Sites: ScopeWindows | undefined;

  /** @throws RangeError as SlidingWindow does. */
  constructor({ limit, windowMs, ipv4SiteMultiple }: AddressLimitOptions) {
    const windows = (multiple: number, keysMax: number): ScopeWindows =>
      new ScopeWindows({ limit: limit === 0 ? 0 : limit * multiple, windowMs, keysMax });
    this.#addresses = windows(1, ADDRESSES_MAX);
    this.#ipv6Sites = windows(IPV6_SITE_MULTIPLE, SITES_MAX);
    this.#ipv4Sites = ipv4SiteMultiple === Infinity ? undefined : windows(ipv4SiteMultiple, SITES_MAX);
  }

  /** Addresses that have a window of their own. */
  get addresses(): number {
    return this.#addresses.size;
  }

  /** Sites that have a window of their own. */
  get sites(): number {
    return (this.#ipv4Sites?.size ?? 0) + this.#ipv6Sites.size;
  }

  /** Counts one take, or answers why it is not admitted. */
  take(keys: AddressKeys, nowMs: number): AddressRefusal | undefined {
    const { narrow } = keys;
    // The narrow one first: what it refuses must not use up what the neighbours have.
    const result = this.#addresses.take(narrow, nowMs, keys);
    if (result !== 'taken') {
      const retryAfterMs = this.#addresses.retryAfterMs(narrow, nowMs, keys);
      return { scope: result === 'refused' ? narrow : undefined, isSite: false, retryAfterMs };
    }
    const sites = this.#sitesOf(keys);
    if (sites === undefined) return undefined;
    const { subnet } = keys;
    const siteResult = sites.take(subnet, nowMs, keys);
    if (siteResult === 'taken') return undefined;
    const retryAfterMs = sites.retryAfterMs(subnet, nowMs, keys);
    return { scope: siteResult === 'refused' ? subnet : undefined, isSite: true, retryAfterMs };
  }

  /** Forgets what one address has used; its site's count stays. */
  forget({ narrow }: AddressKeys): void {
    this.#addresses.delete(narrow);
  }

  #sitesOf({ family }: AddressKeys): ScopeWindows | undefined {
    if (family === 'ipv6') return this.#ipv6Sites;
    return family === 'ipv4' ? this.#ipv4Sites : undefined;
  }
}
