import { expect, test } from '@jest/globals';
import { BATCH_HEAD_BYTES, ML_DSA_65_SIGNATURE_BYTES } from '@yakmesh/crypto';
import fc from 'fast-check';
import {
  decodeRouteMessage,
  encodeRouteError,
  encodeRouteReply,
  encodeRouteRequest,
} from '../src/routing/messages.js';
import { FRAME_BODY_BYTES_MAX } from '../src/transport/index.js';

const exactly = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const time = fc.maxSafeNat().map((value) => value % 2 ** 48);
const request = fc.record({
  id: exactly(16),
  destination: exactly(32),
  ttl: fc.nat(31),
  hops: fc.nat(31),
  newerThanMs: time,
});
const statement = fc.record({
  timeMs: time,
  networkPrefix: exactly(8),
  publicKey: exactly(1_952),
  head: exactly(BATCH_HEAD_BYTES),
  signature: exactly(ML_DSA_65_SIGNATURE_BYTES),
  index: fc.nat(65_535),
  salt: exactly(16),
  path: fc.nat(12).map((depth) => new Uint8Array(32 * depth).fill(depth)),
});
const reply = fc.record({ id: exactly(16), hops: fc.nat(31), statement });
const error = fc.record({ destination: exactly(32), timeMs: time });

test('requests, answers and errors survive encoding and decoding', () => {
  fc.assert(
    fc.property(request, reply, error, (one, other, third) => {
      expect(decodeRouteMessage(encodeRouteRequest(one))).toEqual({ type: 'request', ...one });
      expect(decodeRouteMessage(encodeRouteReply(other))).toEqual({ type: 'reply', ...other });
      expect(decodeRouteMessage(encodeRouteError(third))).toEqual({ type: 'error', ...third });
    }),
    { numRuns: 50 },
  );
});

test('the longest answer fits a frame', () => {
  fc.assert(
    fc.property(reply, (one) => encodeRouteReply(one).length <= FRAME_BODY_BYTES_MAX),
    { numRuns: 20 },
  );
});

test('no bytes make the decoder throw, and cut or longer ones are refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 6_000 }), (bytes) => {
      decodeRouteMessage(bytes);
    }),
  );
  fc.assert(
    fc.property(request, fc.nat(56), (one, length) => {
      const bytes = encodeRouteRequest(one);
      expect(decodeRouteMessage(bytes.subarray(0, length))).toBeUndefined();
      expect(decodeRouteMessage(Uint8Array.of(...bytes, 0))).toBeUndefined();
    }),
  );
});
