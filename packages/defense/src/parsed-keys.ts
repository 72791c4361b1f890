/** What kind of address a text is: `none` for a text that is no address. */
export type AddressFamily = 'ipv4' | 'ipv6' | 'none';

/** What limits count an address by, in one spelling for all spellings of it. */
export interface AddressKeys {
  readonly family: AddressFamily;
  /** The bits, most significant first, 32 in each: one word for IPv4, four for IPv6, none for a text that is no address. */
  readonly words: readonly number[];
  /** One customer: the IPv4 address, the IPv6 /64, or up to 64 characters of a text that is no address. */
  readonly narrow: string;
  /** One site: the IPv4 /24, the IPv6 /48, or the text. */
  readonly subnet: string;
  /** One provider: the IPv4 /16, the IPv6 /32, or the text. */
  readonly wide: string;
}

/** The keys of an address, each made when it is first asked for: most limits need one of the three. */
export class ParsedKeys implements AddressKeys {
  readonly family: AddressFamily;
  readonly words: readonly number[];
  #narrow: string | undefined;
  #subnet: string | undefined;
  #wide: string | undefined;

  /** @param words one for IPv4, four for IPv6. */
  constructor(words: readonly number[]) {
    this.family = words.length === 1 ? 'ipv4' : 'ipv6';
    this.words = words;
  }

  get narrow(): string {
    return (this.#narrow ??= this.family === 'ipv4' ? ipv4Text(this.#word(0)) : `${this.#groups(4)}::/64`);
  }

  get subnet(): string {
    return (this.#subnet ??=
      this.family === 'ipv4' ? `${ipv4Text(this.#word(0) & ~0xff)}/24` : `${this.#groups(3)}::/48`);
  }

  get wide(): string {
    return (this.#wide ??=
      this.family === 'ipv4' ? `${ipv4Text(this.#word(0) & ~0xffff)}/16` : `${this.#groups(2)}::/32`);
  }

  #word(index: number): number {
    return this.words[index] ?? 0;
  }

  #groups(count: number): string {
    const [first, second] = [this.#word(0), this.#word(1)];
    const beginning = `${hexText(first >>> 16)}:${hexText(first & 0xffff)}`;
    if (count === 2) return beginning;
    const site = `${beginning}:${hexText(second >>> 16)}`;
    return count === 3 ? site : `${site}:${hexText(second & 0xffff)}`;
  }
}

/** An IPv4 address as it is usually written. */
export function ipv4Text(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 0xff}.${(word >>> 8) & 0xff}.${word & 0xff}`;
}

// Bytes in hexadecimal, without and with a leading zero: twice as fast as toString.
const BYTES = Array.from({ length: 256 }, (_, byte) => byte.toString(16));
const PADDED_BYTES = BYTES.map((text) => text.padStart(2, '0'));

function hexText(group: number): string {
  const high = group >>> 8;
  const low = group & 0xff;
  return high === 0 ? (BYTES[low] ?? '') : `${BYTES[high] ?? ''}${PADDED_BYTES[low] ?? ''}`;
}
