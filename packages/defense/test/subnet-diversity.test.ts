import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SUBNETS_MAX, SubnetDiversity } from '../src/subnet-diversity.js';

/** Adds each address that is allowed and answers how many were. */
function admitted(subnets: SubnetDiversity, addresses: readonly string[]): number {
  return addresses.filter(
    (address) => subnets.allowConnection(address).allowed && subnets.addConnection(address),
  ).length;
}

const upTo = (count: number, address: (index: number) => string): string[] =>
  Array.from({ length: count }, (_, index) => address(index));

test('three connections of one IPv4 /24 are allowed, and ten of one /16', () => {
  const subnets = new SubnetDiversity();
  expect(
    admitted(
      subnets,
      upTo(200, (host) => `198.51.100.${host}`),
    ),
  ).toBe(3);
  expect(
    admitted(
      subnets,
      upTo(200, (site) => `198.51.${site}.1`),
    ),
  ).toBe(7);
  expect(admitted(subnets, ['198.52.0.1'])).toBe(1);
});

test('three connections of one IPv6 /48 are allowed, and ten of one /32', () => {
  const subnets = new SubnetDiversity({ maxPerSubnet: 3 });
  expect(
    admitted(
      subnets,
      upTo(200, (network) => `2001:db8:5:${network.toString(16)}::1`),
    ),
  ).toBe(3);
  expect(
    admitted(
      subnets,
      upTo(200, (site) => `2001:db8:${site.toString(16)}::1`),
    ),
  ).toBe(7);
  expect(admitted(subnets, ['2001:db9::1'])).toBe(1);
});

test('an IPv4 address counts in its subnet however it is written', () => {
  const subnets = new SubnetDiversity({ maxPerSubnet: 2 });
  expect(admitted(subnets, ['::ffff:198.51.100.1', '198.51.100.2', '[::ffff:c633:6403]'])).toBe(2);
});

test('a refusal says why, in the form that a guard gives', () => {
  const subnets = new SubnetDiversity({ maxPerSubnet: 0 });
  expect(subnets.allowConnection('198.51.100.1')).toEqual({
    allowed: false,
    code: 'GUARD_SUBNET',
    reason: 'Too many connections from this subnet.',
    retryAfterMs: 60_000,
  });
});

test('asking counts nothing, and what was added can be removed', () => {
  const subnets = new SubnetDiversity({ maxPerSubnet: 1 });
  for (let times = 0; times < 9; times += 1) expect(subnets.allowConnection('192.0.2.1').allowed).toBe(true);
  subnets.addConnection('192.0.2.1');
  expect(subnets.allowConnection('192.0.2.2').allowed).toBe(false);
  expect(subnets.removeConnection('192.0.2.1')).toBe(true);
  expect(subnets.allowConnection('192.0.2.2').allowed).toBe(true);
  expect(subnets.size).toBe(0);
});

test('removals without an addition take nothing below zero', () => {
  const property = fc.property(
    fc.array(fc.tuple(fc.boolean(), fc.constantFrom('192.0.2.1', '192.0.3.1', '2001:db8::1', 'x')), {
      maxLength: 60,
    }),
    (steps) => {
      const subnets = new SubnetDiversity();
      const counts = new Map<string, number>();
      for (const [isAdd, address] of steps) {
        const count = counts.get(address) ?? 0;
        expect(isAdd ? subnets.addConnection(address) : subnets.removeConnection(address)).toBe(
          isAdd || count > 0,
        );
        counts.set(address, Math.max(0, count + (isAdd ? 1 : -1)));
        expect(subnets.connectionsNear(address)).toBe(counts.get(address));
      }
    },
  );
  fc.assert(property);
});

test('while the map of subnets is full a further one is refused, and none is forgotten', () => {
  const subnets = new SubnetDiversity();
  for (let index = 0; index < SUBNETS_MAX + 10_000; index += 1)
    subnets.addConnection(`${1 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}.1`);
  expect(subnets.size).toBeLessThanOrEqual(2 * SUBNETS_MAX);
  expect(subnets.allowConnection('203.0.113.1').reason).toBe('Connections from too many subnets.');
  expect(subnets.addConnection('203.0.113.1')).toBe(false);
  expect(subnets.connectionsNear('1.0.0.1')).toBe(1);
});

test('exempt addresses are not counted, and nothing is exempt unless it is said', () => {
  expect(admitted(new SubnetDiversity(), ['127.0.0.1', '127.0.0.1', '127.0.0.1', '127.0.0.1'])).toBe(3);
  const subnets = new SubnetDiversity({ exempt: ['127.0.0.0/8', '::1'] });
  for (let times = 0; times < 9; times += 1) {
    expect(subnets.allowConnection('127.0.0.1').allowed).toBe(true);
    expect(subnets.addConnection('::1')).toBe(false);
  }
  expect(subnets.size).toBe(0);
});

test.each([
  { maxPerSubnet: -1 },
  { maxPerWideSubnet: 1.5 },
  { exempt: ['10.0.0.0/33'] },
  { maxPerSubnets: 3 },
])('the options %j are refused', (options) => {
  expect(() => new SubnetDiversity(options)).toThrow(expect.objectContaining({ code: 'DEFENSE_BAD_OPTION' }));
});
