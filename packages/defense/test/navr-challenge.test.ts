import { expect, test } from '@jest/globals';
import { bytesToHex, utf8ToBytes } from '@yakmesh/crypto';
import fc from 'fast-check';
import {
  decodeChallenge,
  encodeChallenge,
  NAVR_CHALLENGE_BYTES_MAX,
  NAVR_CHALLENGE_BYTES_MIN,
  parseChallenge,
  type NavrChallenge,
} from '../src/navr-challenge.js';

const hexOf = (length: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map(bytesToHex);

/** Text of so many bytes, of one to four each, and no lone surrogates. */
const text = (bytesMin: number): fc.Arbitrary<string> =>
  fc
    .string({ unit: 'binary', maxLength: 255 })
    .filter((each) => utf8ToBytes(each).length >= bytesMin && utf8ToBytes(each).length <= 255);

const challenges: fc.Arbitrary<NavrChallenge> = fc.record({
  peerId: text(1),
  scope: text(0),
  difficulty: fc.integer({ min: 4, max: 28 }),
  minute: fc.integer({ min: 0, max: 0xffff_ffff }),
  nonce: hexOf(16),
  seed: hexOf(32),
});

const sample: NavrChallenge = {
  peerId: 'a',
  scope: '',
  difficulty: 16,
  minute: 1,
  nonce: '00'.repeat(16),
  seed: 'ff'.repeat(32),
};

test('a challenge comes back from its bytes as it was', () => {
  fc.assert(
    fc.property(challenges, (challenge) => {
      expect(decodeChallenge(encodeChallenge(challenge))).toEqual(challenge);
    }),
  );
});

test('a challenge survives JSON as it is', () => {
  fc.assert(
    fc.property(challenges, (challenge) => {
      expect(parseChallenge(JSON.parse(JSON.stringify(challenge)))).toEqual(challenge);
    }),
  );
});

test('what is read from any bytes has exactly these bytes', () => {
  const damaged = fc.tuple(challenges, fc.nat(), fc.nat({ max: 255 })).map(([challenge, at, byte]) => {
    const bytes = encodeChallenge(challenge);
    bytes[at % bytes.length] = byte;
    return bytes;
  });
  fc.assert(
    fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 600 })), (bytes) => {
      const challenge = decodeChallenge(bytes);
      if (challenge !== undefined) expect(encodeChallenge(challenge)).toEqual(bytes);
    }),
  );
});

test('the layout stays the same from version to version', () => {
  expect(bytesToHex(encodeChallenge({ ...sample, peerId: 'bob', scope: '::' }))).toBe(
    `594b4e56${'01'}${'10'}00000001${'00'.repeat(16)}03626f62${'02'}3a3a${'ff'.repeat(32)}`,
  );
});

test('the shortest and the longest challenge are as long as is said', () => {
  expect(encodeChallenge(sample)).toHaveLength(NAVR_CHALLENGE_BYTES_MIN);
  const longest = { ...sample, peerId: 'p'.repeat(255), scope: 's'.repeat(255) };
  expect(encodeChallenge(longest)).toHaveLength(NAVR_CHALLENGE_BYTES_MAX);
});

test('a challenge cut short anywhere, or with a byte behind it, is none', () => {
  const bytes = encodeChallenge(sample);
  for (let length = 0; length < bytes.length; length += 1) {
    expect(decodeChallenge(bytes.slice(0, length))).toBeUndefined();
  }
  expect(decodeChallenge(Uint8Array.of(...bytes, 0))).toBeUndefined();
  expect(decodeChallenge('bytes' as unknown as Uint8Array)).toBeUndefined();
});

test.each([
  ['an empty name', { peerId: '' }],
  ['a name that is no text', { peerId: 7 }],
  ['a name too long', { peerId: 'p'.repeat(256) }],
  ['a name too long in bytes', { peerId: 'é'.repeat(128) }],
  ['a name with a lone surrogate', { peerId: 'a\ud800' }],
  ['a scope too long', { scope: 's'.repeat(256) }],
  ['no scope', { scope: undefined }],
  ['a difficulty of 3', { difficulty: 3 }],
  ['a difficulty of 29', { difficulty: 29 }],
  ['half a bit', { difficulty: 16.5 }],
  ['a difficulty in text', { difficulty: '16' }],
  ['a minute before 1970', { minute: -1 }],
  ['a minute beyond 32 bits', { minute: 2 ** 32 }],
  ['a nonce in capitals', { nonce: 'AA'.repeat(16) }],
  ['a nonce cut short', { nonce: '00'.repeat(15) }],
  ['a seed in capitals', { seed: 'FF'.repeat(32) }],
  ['a seed with a line end', { seed: `${'ff'.repeat(32)}\n` }],
  ['a seed in bytes', { seed: new Uint8Array(32) }],
])('with %s it is no challenge', (_, change) => {
  const challenge = { ...sample, ...change };
  expect(parseChallenge(challenge)).toBeUndefined();
  expect(() => encodeChallenge(challenge as NavrChallenge)).toThrow(RangeError);
});

test.each([[undefined], [null], ['challenge'], [7], [[]], [{}]])('%p is no challenge', (value) => {
  expect(parseChallenge(value)).toBeUndefined();
});
