import { expect, test } from '@jest/globals';
import { encodeNodeId } from '@yakmesh/crypto';
import fc from 'fast-check';
import { decodeKnownPeers, KnownPeers } from '../src/membership/known-peers.js';
import { KNOWN_PEERS_MAX } from '../src/membership/limits.js';
import {
  decodeMember,
  encodeMember,
  nextHop,
  shuffleId,
  type MemberMessage,
} from '../src/membership/messages.js';

const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });
const endpoint = fc.oneof(
  fc.constant(''),
  fc.nat(65_535).map((port) => `ws://192.0.2.7:${port}/`),
  fc.constant(`wss://${'a'.repeat(121)}/`),
);
const entry = fc.record({ id: bytes(32), endpoint });
const entries = fc.array(entry, { maxLength: 8 });
const id = bytes(8).map(shuffleId);
const ttl = fc.nat(16);
const message: fc.Arbitrary<MemberMessage> = fc.oneof(
  fc.record({ type: fc.constant('state' as const), degree: fc.nat(255), isHeld: fc.boolean() }),
  fc.record({ type: fc.constant('forward-join' as const), ttl, entry }),
  fc.record({ type: fc.constant('shuffle' as const), ttl, id, entries }),
  fc.record({ type: fc.constant('shuffle-reply' as const), id, entries }),
);

test('every message is read as it was written', () => {
  fc.assert(
    fc.property(message, (written) => {
      const body = encodeMember(written);
      expect(body.length).toBeLessThanOrEqual(2_048);
      expect(decodeMember(body)).toEqual(written);
    }),
  );
});

test('whatever else comes is undefined or a message, and never a throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (body) => {
      const read = decodeMember(body);
      if (read !== undefined) expect(decodeMember(encodeMember(read))).toEqual(read);
    }),
  );
});

test('a message that is cut off or has a byte too many is none', () => {
  fc.assert(
    fc.property(message, (written) => {
      const body = encodeMember(written);
      expect(decodeMember(body.subarray(0, -1))).toBeUndefined();
      expect(decodeMember(Uint8Array.of(...body, 0))).toBeUndefined();
    }),
  );
});

test('a walk has at most 16 links to go, and one less after each', () => {
  const walk = encodeMember({ type: 'shuffle', ttl: 16, id: 'abcdefgh', entries: [] });
  expect(decodeMember(nextHop(walk, 15))).toMatchObject({ ttl: 15, id: 'abcdefgh' });
  expect(decodeMember(nextHop(walk, 17))).toBeUndefined();
});

test('an endpoint with markup is read as none', () => {
  const bad = encodeMember({
    type: 'forward-join',
    ttl: 1,
    entry: { id: new Uint8Array(32), endpoint: 'ws://<b>/' },
  });
  expect(decodeMember(bad)).toMatchObject({ entry: { endpoint: '' } });
});

test('known peers are read as they were written, the latest first, and the oldest beyond 256 is forgotten', () => {
  const known = new KnownPeers();
  for (let count = 0; count < KNOWN_PEERS_MAX + 10; count += 1) {
    const nodeId = encodeNodeId(new Uint8Array(32).fill(count & 255, 0, 1).fill(count >> 8, 1, 2));
    known.note({ nodeId, endpoint: `ws://192.0.2.1:${count}/`, lastMs: 1_700_000_000_000 + count });
  }
  const read = decodeKnownPeers(known.encode());
  expect(read).toEqual(known.list());
  expect(read).toHaveLength(KNOWN_PEERS_MAX);
  expect(read[0]?.endpoint).toBe(`ws://192.0.2.1:${KNOWN_PEERS_MAX + 9}/`);
});

test('a list of known peers that was damaged is empty, and no reason not to start', () => {
  const known = new KnownPeers();
  known.note({ nodeId: encodeNodeId(new Uint8Array(32)), endpoint: 'ws://192.0.2.1:1/', lastMs: 5 });
  const written = known.encode();
  expect(decodeKnownPeers(written.subarray(0, -1))).toEqual([]);
  expect(decodeKnownPeers(new Uint8Array(0))).toEqual([]);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => void decodeKnownPeers(noise)));
});
