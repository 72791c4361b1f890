import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { decodePlainIdentity, encodePlainIdentity, PLAIN_IDENTITY_BYTES } from '../src/plain-identity.js';

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });

test('what was encoded is decoded', () => {
  fc.assert(
    fc.property(bytes32, bytes32, (nodeIdBytes, seed) => {
      expect(decodePlainIdentity(encodePlainIdentity({ nodeIdBytes, seed }))).toEqual({ nodeIdBytes, seed });
    }),
  );
});

test('whatever else is decoded is undefined and never a throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2 * PLAIN_IDENTITY_BYTES }), (bytes) => {
      expect(decodePlainIdentity(bytes)).toBeUndefined();
    }),
  );
});

test('what is decoded does not change with the bytes it came from', () => {
  const bytes = encodePlainIdentity({ nodeIdBytes: new Uint8Array(32), seed: new Uint8Array(32) });
  const plain = decodePlainIdentity(bytes);
  bytes.fill(1);
  expect(plain?.seed).toEqual(new Uint8Array(32));
});
