// Endpoints and addresses as peers and operators write them: what is taken is a WebSocket URL that means itself.
import { bytesToUtf8, encodeNodeId, isNodeId, utf8ToBytes } from '@yakmesh/crypto';
import { addressScope, hostOf, isLoopback } from '../dist/mesh/address.js';
import { isAdvertisable, parseEndpoint } from '../dist/mesh/endpoint.js';
import { parseUrl } from '../dist/url.js';
import { must, target } from './mutation.mjs';

const id = encodeNodeId(new Uint8Array(32).fill(9));
const texts = [
  'ws://127.0.0.1:9001/',
  'wss://mesh.example.org/path?query=1',
  `ws://[2001:db8::1]:9001/#${id}`,
  `wss://xn--bcher-kva.example:443/#${id}`,
  'ws://user:secret@example.org/',
  'ws://0x7f.1/',
  '::ffff:192.0.2.1',
  '2001:db8:1:2:3:4:5:6',
  'fe80::1%eth0',
  '192.0.2.1',
  'localhost',
];

/** The text that bytes stand for; bytes that are no UTF-8 stand for one character each. */
const textOf = (bytes) => bytesToUtf8(bytes) ?? Buffer.from(bytes).toString('latin1');

export default target({
  name: 'endpoints',
  samples: () => texts.map(utf8ToBytes),
  decoders: {
    parseUrl: (bytes) => {
      const url = parseUrl(textOf(bytes));
      if (url !== undefined)
        must(parseUrl(url.href)?.href === url.href, 'a URL that is read again is the same');
    },
    parseEndpoint: (bytes) => {
      const text = textOf(bytes);
      const endpoint = parseEndpoint(text);
      if (endpoint === undefined)
        return must(!isAdvertisable(text, ''), 'what is no endpoint is not told on');
      const { url, expected } = endpoint;
      must(/^wss?:\/\/[^#]+$/.test(url), 'an endpoint is a WebSocket URL without fragment');
      must(expected === undefined || isNodeId(expected), 'the expected peer is a node id');
      must(parseEndpoint(url)?.url === url, 'an endpoint that is read again is the same');
      must(hostOf(url) !== '', 'an endpoint has a host');
    },
    addressScope: (bytes) => {
      const scope = addressScope(textOf(bytes));
      must(addressScope(scope) === scope, 'the scope of a scope is itself');
      isLoopback(scope);
    },
  },
});
