// Addresses and what proxies say of them: the fast readers agree with the library, one host has one spelling, and no
// header makes a client of what is none.
import { bytesToUtf8, utf8ToBytes } from '@yakmesh/crypto';
import ipaddr from 'ipaddr.js';
import { must, target } from '../../../tools/fuzz-target.mjs';
import { addressKeys, canonicalAddress, parseAddress } from '../dist/address.js';
import { parsePlainIPv4, parsePlainIPv6 } from '../dist/address-fast-path.js';
import { trustedProxies } from '../dist/trusted-proxies.js';

const texts = [
  '192.0.2.1',
  '255.255.255.255',
  '0300.0.2.1',
  '0x7f.1',
  '::ffff:192.0.2.1',
  '::ffff:c000:201',
  '64:ff9b::192.0.2.1',
  '2002:c000:201::1',
  '2001:db8:1:2:3:4:5:6',
  '2001:db8::1',
  '[fe80::1%eth0]:9001',
  '::',
  '203.0.113.7, 10.0.0.1, 10.0.0.2:443',
  'for=192.0.2.60;proto=http;by=203.0.113.43, for="[2001:db8::1]:47011"',
  'for="_gaz\\"onk", for=unknown',
];
const REMOTE = '10.0.0.1';
const proxies = trustedProxies(['10.0.0.0/8', '::1/128']);

const textOf = (bytes) => bytesToUtf8(bytes) ?? Buffer.from(bytes).toString('latin1');
const wordsOf = (text) => {
  const bytes = ipaddr.parse(text).toByteArray();
  return Array.from({ length: bytes.length / 4 }, (_, index) =>
    bytes.slice(4 * index, 4 * index + 4).reduce((word, byte) => word * 256 + byte, 0),
  );
};

export default target({
  name: 'addresses',
  samples: () => texts.map(utf8ToBytes),
  decoders: {
    parsePlainIPv4: (bytes) => {
      const text = textOf(bytes);
      const word = parsePlainIPv4(text);
      if (word === undefined) return;
      must(wordsOf(text)[0] === word, 'a plain IPv4 address is what the library says');
    },
    parsePlainIPv6: (bytes) => {
      const text = textOf(bytes);
      const words = parsePlainIPv6(text);
      if (words === undefined) return;
      must(wordsOf(text).join() === words.join(), 'a plain IPv6 address is what the library says');
    },
    parseAddress: (bytes) => {
      const text = textOf(bytes);
      const words = parseAddress(text);
      must([undefined, 1, 4].includes(words?.length), 'an address has 32 or 128 bits');
      const canonical = canonicalAddress(text);
      must((canonical === undefined) === (words === undefined), 'an address has a spelling');
      if (canonical === undefined) return;
      must(canonicalAddress(canonical) === canonical, 'an address has one spelling');
      must(parseAddress(canonical).join() === words.join(), 'the spelling is of that address');
    },
    addressKeys: (bytes) => {
      const { narrow, subnet, wide } = addressKeys(textOf(bytes));
      must(
        [narrow, subnet, wide].every((key) => key.length <= 64),
        'keys are short, whatever the text',
      );
    },
    clientAddress: (bytes) => {
      const text = textOf(bytes);
      for (const name of ['x-forwarded-for', 'forwarded']) {
        const client = proxies.clientAddress(REMOTE, { headers: { [name]: text } });
        must(client === REMOTE || canonicalAddress(client) === client, 'a client has an address');
        const stranger = proxies.clientAddress('192.0.2.9', { headers: { [name]: text } });
        must(stranger === '192.0.2.9', 'a stranger cannot name another');
      }
    },
  },
});
