import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { addressScope } from '../src/mesh/address.js';

const notAddresses = ['', '1.2.3.4.5', '1.2.3.4.', '1.2.3.256', '::ffff:1.2.3.256', 'host.example'];

test('an IPv4 address is its own scope, also when it is mapped into IPv6', () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      expect(addressScope(address)).toBe(ipaddr.parse(address).toString());
      expect(addressScope(`::ffff:${address}`)).toBe(address);
    }),
  );
});

test('the addresses of one IPv6 /64 have one scope', () => {
  expect(addressScope('2001:db8::1')).toBe(addressScope('2001:db8:0:0:ffff::2'));
  expect(addressScope('2001:db8::1')).not.toBe(addressScope('2001:db8:0:1::1'));
});

test.each(notAddresses)('what is no address counts by itself: %p', (text) => {
  expect(addressScope(text)).toBe(text);
});
