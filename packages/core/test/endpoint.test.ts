import { expect, test } from '@jest/globals';
import { isAdvertisable, parseEndpoint } from '../src/mesh/endpoint.js';

/** More calls than any engine takes to optimize: Node 20 then reads Latin-1 as UTF-8 in URL.canParse. */
const CALLS = 50_000;

test('an endpoint that is none is refused however often it is told, and nothing throws', () => {
  // As UTF-8 these three characters would be one, which a host may have.
  const text = 'ws://\u00e5\u0092\u0092/';
  for (let call = 0; call < CALLS; call += 1) if (isAdvertisable(text, '')) throw new Error(`call ${call}`);
});

test('an endpoint of Latin letters beyond ASCII is read however often it is told', () => {
  for (let call = 0; call < CALLS; call += 1)
    if (parseEndpoint('ws://b\u00fccher.example/') === undefined) throw new Error(`call ${call}`);
  expect(parseEndpoint('ws://b\u00fccher.example/')?.url).toBe('ws://xn--bcher-kva.example/');
});

test('what is no WebSocket URL, names a user or expects no node id is no endpoint', () => {
  const texts = ['', 'ws://', 'http://a/', 'ws://user@a/', 'ws://:secret@a/', 'ws://a/#yak1', 'a:9001'];
  expect(texts.map((text) => parseEndpoint(text))).toEqual(texts.map(() => undefined));
});
