/**
 * The IPv4 address that an IPv6 address stands for, or undefined. Mapped, compatible and translated forms (RFC 4291,
 * RFC 2765) are this machine's own ways to write IPv4 and count whatever they hold. NAT64 (RFC 6052), 6to4 (RFC 3056) and
 * Teredo (RFC 4380) come over the network: they count only for public IPv4, so that none passes for 127.0.0.1 or a
 * neighbour.
 */
export function foldedIPv4(words: readonly number[]): number | undefined {
  const [first = 0, second = 0, third = 0, fourth = 0] = words;
  if (first === 0 && second === 0) {
    // ::ffff:a.b.c.d
    if (third === 0xffff) return fourth;
    // ::ffff:0:a.b.c.d
    if (third === 0xffff_0000) return fourth;
    // ::a.b.c.d, which :: and ::1 are not.
    return third === 0 && fourth > 0xffff ? fourth : undefined;
  }
  const embedded = embeddedIPv4(first, second, third, fourth);
  return embedded !== undefined && isPublicIPv4(embedded) ? embedded : undefined;
}

function embeddedIPv4(first: number, second: number, third: number, fourth: number): number | undefined {
  // 64:ff9b::a.b.c.d
  if (first === 0x64_ff9b && second === 0 && third === 0) return fourth;
  // 2002:aabb:ccdd::/48
  if (first >>> 16 === 0x2002) return (((first & 0xffff) << 16) | (second >>> 16)) >>> 0;
  // 2001:0:server:flags:port:client, the client's bits turned over.
  if (first === 0x2001_0000) return ~fourth >>> 0;
  return undefined;
}

function isPublicIPv4(word: number): boolean {
  const high = word >>> 16;
  const top = high >>> 8;
  // This network, RFC 1918, loopback, multicast and what is reserved.
  if (top === 0 || top === 10 || top === 127 || top >= 224) return false;
  // RFC 1918, link-local, carrier NAT.
  return high >>> 4 !== 0xac1 && high !== 0xc0a8 && high !== 0xa9fe && high >>> 6 !== 0x6440 >>> 6;
}
