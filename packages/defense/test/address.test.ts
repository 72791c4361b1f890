import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { parsePlainIPv4, parsePlainIPv6 } from '../src/address-fast-path.js';
import { addressKeys, canonicalAddress, isLoopback, isPrivate } from '../src/address.js';

test.each([
  '203.0.113.9',
  '::ffff:203.0.113.9',
  '::FFFF:cb00:7109',
  '0:0:0:0:0:ffff:203.0.113.9',
  '[::ffff:203.0.113.9]',
  '::ffff:203.0.113.9%eth0',
  '::203.0.113.9',
  '::cb00:7109',
  '::ffff:0:203.0.113.9',
  '64:ff9b::203.0.113.9',
  '64:ff9b::cb00:7109',
  '2002:cb00:7109::1',
  '2001:0:1234::34ff:8ef6',
  '0xcb.0.0x71.011',
  '3405803785',
])('D1: %s is the IPv4 address 203.0.113.9', (text) => {
  const { family, words, narrow, subnet, wide } = addressKeys(text);
  expect({ family, words, narrow, subnet, wide }).toEqual({
    family: 'ipv4',
    words: [0xcb00_7109],
    narrow: '203.0.113.9',
    subnet: '203.0.113.0/24',
    wide: '203.0.0.0/16',
  });
});

test.each([
  '2001:db8:1:2::7',
  '2001:DB8:0001:2:0:0:0:7',
  '[2001:db8:1:2::7]',
  '2001:db8:1:2::7%en0',
  '2001:db8:1:2:ffff::',
])('D1: %s is keyed by its /64, /48 and /32', (text) => {
  const { narrow, subnet, wide } = addressKeys(text);
  expect([narrow, subnet, wide]).toEqual(['2001:db8:1:2::/64', '2001:db8:1::/48', '2001:db8::/32']);
});

test.each(['2002:7f00:1::', '64:ff9b::10.0.0.1', '2001:0:1234::80ff:fffe', '2002:c0a8:101::'])(
  '%s does not pass for an address of this machine or its network',
  (text) => {
    expect(addressKeys(text).family).toBe('ipv6');
    expect(isLoopback(text) || isPrivate(text)).toBe(false);
  },
);

test.each([
  '',
  'localhost',
  'example.org',
  '1.2.3',
  '1.2.3.4.5',
  '1.2.3.256',
  ':',
  ':::',
  '1::2::3',
  '%eth0',
])('the text %p is its own key unless the library knows it as an address', (text) => {
  if (ipaddr.isValid(text)) expect(addressKeys(text).family).toBe('ipv4');
  else
    expect(addressKeys(text)).toEqual({ family: 'none', words: [], narrow: text, subnet: text, wide: text });
});

test('the key of a long text is its beginning', () => {
  expect(addressKeys('x'.repeat(1_000_000)).narrow).toBe('x'.repeat(64));
});

test('an address that a socket no longer has is a key too', () => {
  expect(addressKeys(undefined as unknown as string).family).toBe('none');
});

test.each(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1', '', 'localhost', '[::1]'])(
  '%p is loopback',
  (text) => {
    expect(isLoopback(text)).toBe(true);
    expect(isPrivate(text)).toBe(false);
  },
);

test.each([
  '10.1.2.3',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '169.254.9.9',
  '100.64.0.1',
  '100.127.255.255',
  'fc00::1',
  'fdff::1',
  'fe80::1%eth0',
  'febf::1',
  '::ffff:10.0.0.1',
])('%s is private', (text) => {
  expect(isPrivate(text)).toBe(true);
  expect(isLoopback(text)).toBe(false);
});

test.each([
  '172.32.0.1',
  '100.128.0.1',
  '11.0.0.1',
  '192.169.0.1',
  'fe00::1',
  'fec0::1',
  '2001:db8::1',
  'nobody',
])('%s is neither private nor loopback', (text) => {
  expect(isPrivate(text) || isLoopback(text)).toBe(false);
});

function bytesOf(words: readonly number[]): number[] {
  return words.flatMap((word) => [word >>> 24, (word >>> 16) & 0xff, (word >>> 8) & 0xff, word & 0xff]);
}

test('what the fast path reads, the library reads alike', () => {
  const groups = fc.array(fc.constantFrom('', '0', '1', 'a', 'ffff', '0db8', '12345', 'g'), {
    maxLength: 10,
  });
  const text = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    groups.map((parts) => parts.join(':')),
    groups.map((parts) => parts.join('.')),
    fc
      .array(fc.constantFrom('0', '7', '9', '25', '255', '256', '01', ''), { maxLength: 5 })
      .map((parts) => parts.join('.')),
  );
  const property = fc.property(text, (address) => {
    const ipv4 = parsePlainIPv4(address);
    const words = ipv4 === undefined ? parsePlainIPv6(address) : [ipv4];
    if (words !== undefined) expect(bytesOf(words)).toEqual(ipaddr.parse(address).toByteArray());
  });
  fc.assert(property, { numRuns: 2_000 });
});

test('every IPv6 address that the library writes, the fast path reads', () => {
  const property = fc.property(
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
    fc.nat(0xffff),
    (bytes, zeros) => {
      // Runs of zeros, so that most texts have a gap.
      const holed = bytes.map((byte, index) => ((zeros >> index) & 1 ? 0 : byte));
      const address = ipaddr.fromByteArray([...holed]) as ipaddr.IPv6;
      for (const text of [address.toRFC5952String(), address.toNormalizedString(), address.toString()])
        if (!text.includes('.')) expect(bytesOf(parsePlainIPv6(text) ?? [])).toEqual([...holed]);
    },
  );
  fc.assert(property, { numRuns: 1_000 });
});

test('the canonical spelling of an address has the same keys as the address', () => {
  const property = fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
    const [one, other] = [addressKeys(canonicalAddress(address) ?? 'none'), addressKeys(address)];
    expect([one.words, one.narrow, one.subnet, one.wide]).toEqual([
      other.words,
      other.narrow,
      other.subnet,
      other.wide,
    ]);
  });
  fc.assert(property);
});
