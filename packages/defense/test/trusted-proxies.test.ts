import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { trustedProxies } from '../src/trusted-proxies.js';

const PROXY = '10.0.0.1';
const proxies = trustedProxies(['10.0.0.0/8', 'fd00::/8']);

/** The client that these proxies see in an X-Forwarded-For header. */
function clientOf(header: string | readonly string[], remoteAddress = PROXY): string {
  return proxies.clientAddress(remoteAddress, { headers: { 'x-forwarded-for': header } });
}

/** The client that these proxies see in a Forwarded header. */
function forwardedClientOf(header: string): string {
  return proxies.clientAddress(PROXY, { headers: { forwarded: header } });
}

test('D1: behind a trusted proxy the client address is the one that the proxy names', () => {
  expect(clientOf('203.0.113.9')).toBe('203.0.113.9');
});

test('a header of anyone but a trusted proxy is not believed', () => {
  expect(clientOf('203.0.113.9', '198.51.100.1')).toBe('198.51.100.1');
  expect(clientOf('203.0.113.9', '::ffff:198.51.100.1')).toBe('::ffff:198.51.100.1');
  expect(trustedProxies([]).clientAddress(PROXY, { headers: { 'x-forwarded-for': '203.0.113.9' } })).toBe(
    PROXY,
  );
});

test.each([
  ['1.1.1.1, 203.0.113.9', '203.0.113.9'],
  ['garbage,,"x, 203.0.113.9, 10.9.9.9', '203.0.113.9'],
  ['203.0.113.9:4711', '203.0.113.9'],
  ['::ffff:203.0.113.9', '203.0.113.9'],
  ['[2001:db8::1]:443, fd00::7', '2001:db8::1'],
  ['2001:DB8::1 , [fd00::7]:80', '2001:db8::1'],
  ['10.0.0.3, 10.0.0.2', '10.0.0.3'],
  ['', PROXY],
  ['unknown', PROXY],
  ['203.0.113.9, unknown', PROXY],
  ['203.0.113.9,', PROXY],
  ['[203.0.113.9', PROXY],
])('X-Forwarded-For %p names %s', (header, client) => {
  expect(clientOf(header)).toBe(client);
});

test('several header lines are one list', () => {
  expect(clientOf(['1.1.1.1', '203.0.113.9', '10.0.0.2'])).toBe('203.0.113.9');
  expect(clientOf([])).toBe(PROXY);
});

test.each([
  ['for=203.0.113.9', '203.0.113.9'],
  ['for=192.0.2.60;proto=http;by=203.0.113.43', '192.0.2.60'],
  ['For="[2001:db8:cafe::17]:4711"', '2001:db8:cafe::17'],
  ['for=1.1.1.1, proto=https ; FOR="203.0.113.9:80" ;by="a,b;for=2.2.2.2"', '203.0.113.9'],
  ['for="1.1.1.1, for=203.0.113.9, for="10.0.0.2"', '203.0.113.9'],
  ['for="\\2\\03.0.113.9"', '203.0.113.9'],
  ['for=_hidden', PROXY],
  ['for=unknown', PROXY],
  ['for=203.0.113.9, proto=http', PROXY],
  ['for="203.0.113.9', PROXY],
])('Forwarded %p names %s (RFC 7239)', (header, client) => {
  expect(forwardedClientOf(header)).toBe(client);
});

test('a named header alone is read, whatever the client sends in the other', () => {
  const headers = { 'x-forwarded-for': '1.1.1.1', forwarded: 'for=203.0.113.9' };
  const only = trustedProxies(['10.0.0.0/8'], { header: 'forwarded' });
  expect(only.clientAddress(PROXY, { headers })).toBe('203.0.113.9');
  expect(only.clientAddress(PROXY, { headers: { 'x-forwarded-for': '1.1.1.1' } })).toBe(PROXY);
  expect(proxies.clientAddress(PROXY, { headers })).toBe('1.1.1.1');
});

test('whatever stands left of the client, it changes nothing', () => {
  const property = fc.property(
    fc.oneof(
      fc.string({ maxLength: 300 }),
      fc.constant('"'.repeat(5_000)),
      fc.constant('1.1.1.1,'.repeat(5_000)),
    ),
    fc.ipV4().filter((client) => !client.startsWith('10.')),
    (spoofed, client) => {
      expect(clientOf(`${spoofed},${client}, 10.0.0.2`)).toBe(client);
      expect(clientOf([spoofed, client])).toBe(client);
      expect(forwardedClientOf(`${spoofed},for=${client};proto=https, for="10.0.0.2"`)).toBe(client);
    },
  );
  fc.assert(property);
});

test('more than 32 proxies in a row name nobody', () => {
  const chain = (count: number): string => `203.0.113.9${', 10.0.0.2'.repeat(count)}`;
  expect(clientOf(chain(31))).toBe('203.0.113.9');
  expect(clientOf(chain(32))).toBe(PROXY);
});

test('a header of garbage is read in linear time and names nobody', () => {
  for (const piece of ['"', '\\', '\\"', ',', ';', 'for=', '[', ':'])
    for (const header of [piece.repeat(1_000_000), Array.from({ length: 10_000 }, () => piece)])
      expect([clientOf(header), proxies.clientAddress(PROXY, { headers: { forwarded: header } })]).toEqual([
        PROXY,
        PROXY,
      ]);
});

test.each([
  [['10.0.0.0/33']],
  [['example.org']],
  [['10.0.0.0/8/8']],
  [['10.0.0.0/']],
  [Array(1_025).fill('::1')],
])('the blocks %p are refused', (cidrs) => {
  expect(() => trustedProxies(cidrs as string[])).toThrow(
    expect.objectContaining({ code: 'DEFENSE_BAD_OPTION' }),
  );
});

test.each([
  ['::ffff:10.0.0.0/104', '10.200.0.1'],
  ['10.0.0.99/8', '10.200.0.1'],
  ['10.0.0.1', '10.0.0.1'],
  ['0.0.0.0/0', '8.8.8.8'],
  ['::/0', '2001:db8::1'],
  ['2001:db8::/33', '2001:db8:7fff::1'],
])('the block %s holds %s', (cidr, address) => {
  const one = trustedProxies([cidr]);
  expect(one.clientAddress(address, { headers: { 'x-forwarded-for': 'fec0::9' } })).toBe('fec0::9');
});

test('a block holds no address outside it', () => {
  const one = trustedProxies(['2001:db8::/33']);
  expect(one.clientAddress('2001:db8:8000::1', { headers: { 'x-forwarded-for': '1.1.1.1' } })).toBe(
    '2001:db8:8000::1',
  );
});
