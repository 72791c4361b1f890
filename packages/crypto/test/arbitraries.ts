import * as fc from 'fast-check';

/** Bytes of any content, up to a length. */
export function anyBytes(maxLength = 300): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ maxLength });
}

/** Bytes of one length. */
export function bytesOf(length: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: length, maxLength: length });
}

/** Encodings with one byte changed, one byte missing, or one too many. */
export function damaged(encoded: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(encoded, fc.nat(), fc.integer({ min: 1, max: 255 }), fc.nat(2))
    .map(([bytes, at, mask, kind]) => {
      if (kind === 1) return bytes.slice(0, -1);
      const copy = new Uint8Array(bytes.length + (kind === 2 ? 1 : 0));
      copy.set(bytes);
      const index = at % copy.length;
      copy[index] = (copy[index] ?? 0) ^ mask;
      return copy;
    });
}
