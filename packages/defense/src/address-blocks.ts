import { parseAddress, type AddressFamily, type AddressKeys } from './address.js';
import { badOption } from './option-checks.js';

/** Blocks in one list, because each is compared in turn. More are refused with DEFENSE_BAD_OPTION. */
export const ADDRESS_BLOCKS_MAX = 1_024;

interface AddressBlock {
  readonly family: AddressFamily;
  readonly words: readonly number[];
  readonly masks: readonly number[];
}

/** A list of address blocks, in CIDR notation or single addresses. */
export class AddressBlocks {
  readonly #blocks: readonly AddressBlock[];

  /**
   * @param cidrs as `10.0.0.0/8`, `2001:db8::/32` or `192.0.2.1`; bits beyond the prefix do not count.
   * @throws DefenseArgumentError DEFENSE_BAD_OPTION for what is no block, or more than 1,024 of them.
   */
  constructor(cidrs: readonly string[], optionName: string) {
    if (!Array.isArray(cidrs)) badOption(`${optionName} is an array of address blocks as '10.0.0.0/8'.`);
    if (cidrs.length > ADDRESS_BLOCKS_MAX)
      badOption(`${optionName} takes at most ${ADDRESS_BLOCKS_MAX} address blocks.`);
    this.#blocks = cidrs.map((cidr) => blockOf(cidr, optionName));
  }

  /** How many blocks there are. */
  get size(): number {
    return this.#blocks.length;
  }

  /** Whether an address lies in one of the blocks; a text that is no address never does. */
  includes(keys: AddressKeys): boolean {
    for (const block of this.#blocks) if (isInside(keys, block)) return true;
    return false;
  }
}

function isInside({ family, words }: AddressKeys, block: AddressBlock): boolean {
  if (family !== block.family) return false;
  for (let index = 0; index < words.length; index += 1) {
    const difference = (words[index] ?? 0) ^ (block.words[index] ?? 0);
    if ((difference & (block.masks[index] ?? 0)) !== 0) return false;
  }
  return true;
}

function blockOf(cidr: unknown, optionName: string): AddressBlock {
  const explain = (): never =>
    badOption(
      `${optionName} takes address blocks as '10.0.0.0/8' or '2001:db8::/32', not '${String(cidr)}'.`,
    );
  if (typeof cidr !== 'string') return explain();
  const slashAt = cidr.indexOf('/');
  const address = slashAt === -1 ? cidr : cidr.slice(0, slashAt);
  const words = parseAddress(address);
  if (words === undefined) return explain();
  const bitsWritten = address.includes(':') ? 128 : 32;
  const prefix = slashAt === -1 ? String(bitsWritten) : cidr.slice(slashAt + 1);
  // A block of mapped addresses is one of IPv4, whose prefix is 96 bits shorter.
  const bits = /^\d{1,3}$/.test(prefix) ? Number(prefix) - (bitsWritten - 32 * words.length) : -1;
  if (bits < 0 || bits > 32 * words.length) return explain();
  const masks = words.map((_, index) => maskOf(bits - 32 * index));
  return { family: words.length === 1 ? 'ipv4' : 'ipv6', words, masks };
}

function maskOf(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : -1 << (32 - bits);
}
