import { addressKeys, type AddressKeys } from './address.js';
import { AddressBlocks } from './address-blocks.js';
import { ALLOWED, refusal, type LimitVerdict } from './limit-verdict.js';
import { refuseUnknownOptions, wholeOption } from './option-checks.js';

/** Options of {@link SubnetDiversity}. */
export interface SubnetDiversityOptions {
  /** Connections of one site: an IPv4 /24 or an IPv6 /48. @default 3 */
  readonly maxPerSubnet?: number | undefined;
  /** Connections of one provider: an IPv4 /16 or an IPv6 /32. @default 10 */
  readonly maxPerWideSubnet?: number | undefined;
  /** Address blocks that are not counted, as '10.0.0.0/8'. @default [] */
  readonly exempt?: readonly string[] | undefined;
}

/** How many connections a subnet may have where nothing else is said. */
export const SUBNET_DEFAULTS = Object.freeze({
  maxPerSubnet: 3, // A household or an office with a few nodes.
  maxPerWideSubnet: 10, // Three full sites and one more; a landlord of 256 sites holds no more of a node's neighbours.
});

/** The largest limit taken; a larger one is refused with DEFENSE_BAD_OPTION. */
export const SUBNET_LIMIT_MAX = 1_000_000;

/** Subnets with connections, narrow and wide ones each. While so many are in use, a connection of a further one is refused. */
export const SUBNETS_MAX = 16_384;

/** When to ask again, in milliseconds: a place is free when a connection ends, which nobody can foretell. */
export const SUBNET_RETRY_MS = 60_000;

const KNOWN_OPTIONS: ReadonlySet<string> = new Set([...Object.keys(SUBNET_DEFAULTS), 'exempt']);

/**
 * Keeps connections spread over networks, so that whoever rents one cannot be most of a node's neighbours. Counts are of
 * connections that exist, so none is ever forgotten: at most 32,768 subnets, 4 MiB. A text that is no address is a subnet of
 * its own.
 */
export class SubnetDiversity {
  readonly #maxPerSubnet: number;
  readonly #maxPerWideSubnet: number;
  readonly #exempt: AddressBlocks;
  readonly #subnets = new Map<string, number>();
  readonly #wideSubnets = new Map<string, number>();

  /** @throws DefenseArgumentError DEFENSE_BAD_OPTION for an option that cannot be used. */
  constructor(options: SubnetDiversityOptions = {}) {
    refuseUnknownOptions(options, KNOWN_OPTIONS);
    const limit = (name: keyof typeof SUBNET_DEFAULTS): number =>
      wholeOption(name, options[name] ?? SUBNET_DEFAULTS[name], 0, SUBNET_LIMIT_MAX);
    this.#maxPerSubnet = limit('maxPerSubnet');
    this.#maxPerWideSubnet = limit('maxPerWideSubnet');
    this.#exempt = new AddressBlocks(options.exempt ?? [], 'exempt');
  }

  /** Subnets with connections, narrow and wide ones together; at most 32,768. */
  get size(): number {
    return this.#subnets.size + this.#wideSubnets.size;
  }

  /** Asks whether one more connection of this address is welcome. It may be asked any number of times and counts nothing. */
  allowConnection(address: string): LimitVerdict {
    const keys = addressKeys(address);
    if (this.#exempt.includes(keys)) return ALLOWED;
    if ((this.#subnets.get(keys.subnet) ?? 0) >= this.#maxPerSubnet)
      return refused('Too many connections from this subnet.');
    if ((this.#wideSubnets.get(keys.wide) ?? 0) >= this.#maxPerWideSubnet)
      return refused('Too many connections from this provider.');
    return this.#hasRoom(keys) ? ALLOWED : refused('Connections from too many subnets.');
  }

  /**
   * Counts one connection of this address, welcome or not; each call counts one. False when it was not counted, because the
   * address is exempt or the maps are full: then it must not be removed either.
   */
  addConnection(address: string): boolean {
    const keys = addressKeys(address);
    if (this.#exempt.includes(keys) || !this.#hasRoom(keys)) return false;
    this.#subnets.set(keys.subnet, (this.#subnets.get(keys.subnet) ?? 0) + 1);
    this.#wideSubnets.set(keys.wide, (this.#wideSubnets.get(keys.wide) ?? 0) + 1);
    return true;
  }

  /**
   * Releases one connection of this address: call it once for each `addConnection` that answered true. False, and nothing
   * changes, when none of the address's subnet is counted; a count never goes below zero.
   */
  removeConnection(address: string): boolean {
    const keys = addressKeys(address);
    if (this.#exempt.includes(keys) || !this.#subnets.has(keys.subnet)) return false;
    release(this.#subnets, keys.subnet);
    release(this.#wideSubnets, keys.wide);
    return true;
  }

  /** Connections counted in the subnet (IPv4 /24, IPv6 /48) of an address. */
  connectionsNear(address: string): number {
    return this.#subnets.get(addressKeys(address).subnet) ?? 0;
  }

  #hasRoom({ subnet, wide }: AddressKeys): boolean {
    return hasRoom(this.#subnets, subnet) && hasRoom(this.#wideSubnets, wide);
  }
}

function hasRoom(counts: ReadonlyMap<string, number>, key: string): boolean {
  return counts.size < SUBNETS_MAX || counts.has(key);
}

function release(counts: Map<string, number>, key: string): void {
  const count = counts.get(key) ?? 0;
  if (count > 1) counts.set(key, count - 1);
  else counts.delete(key);
}

function refused(reason: string): LimitVerdict {
  return refusal('GUARD_SUBNET', reason, SUBNET_RETRY_MS);
}
