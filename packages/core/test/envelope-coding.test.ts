import { expect, test } from '@jest/globals';
import { bytesToHex, concatBytes, sha256 } from '@yakmesh/crypto';
import fc from 'fast-check';
import {
  decodeEnvelope,
  encodeEnvelope,
  leafMessage,
  messageId,
  payloadBytesMax,
  type Envelope,
} from '../src/envelope/envelope.js';
import { envelopeOf } from './support/link-pair.js';

const u48 = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const ascii = fc
  .array(fc.integer({ min: 0x21, max: 0x7e }), { minLength: 1, maxLength: 32 })
  .map((codes) => String.fromCharCode(...codes));
const destination = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .filter((to) => to.some((byte) => byte > 0));

const envelopes: fc.Arbitrary<Envelope> = fc.constantFrom(1 as const, 2 as const, 3 as const).chain((kind) =>
  fc.record({
    class: fc.constant(kind),
    priority: fc.nat(7),
    protocol: ascii,
    to: kind === 1 ? fc.constant(new Uint8Array(32)) : destination,
    epoch: u48,
    sequence: u48,
    timeMs: u48,
    lifeSeconds: fc.nat(86_400),
    payload: fc.uint8Array({ maxLength: 300 }),
  }),
);

test('M3: an envelope survives encoding and decoding, and has one encoding', () => {
  fc.assert(
    fc.property(envelopes, (envelope) => {
      const core = encodeEnvelope(envelope);
      const decoded = decodeEnvelope(core);
      expect(decoded).toEqual(envelope);
      if (decoded !== undefined) expect(encodeEnvelope(decoded)).toEqual(core);
    }),
  );
});

test('no bytes make the decoder throw, and whatever it takes encodes to the same bytes', () => {
  const damaged = fc.tuple(envelopes, fc.nat(), fc.nat(255)).map(([envelope, at, byte]) => {
    const core = encodeEnvelope(envelope);
    core[at % core.length] = byte;
    return core;
  });
  fc.assert(
    fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 200 })), (bytes) => {
      const decoded = decodeEnvelope(bytes);
      if (decoded !== undefined) expect(encodeEnvelope(decoded)).toEqual(bytes);
    }),
    { numRuns: 500 },
  );
});

test('a core is laid out as PROTOCOL.md draws it', () => {
  const core = encodeEnvelope(
    envelopeOf(Uint8Array.of(0xf6), {
      priority: 3,
      protocol: 'ab',
      epoch: 1,
      sequence: 2,
      timeMs: 3,
      lifeSeconds: 4,
    }),
  );
  expect(bytesToHex(core)).toBe(
    `01${'61'}02${'6162'}${'00'.repeat(32)}000000000001${'000000000002'}000000000003${'00000004'}000001f6`,
  );
});

test.each([
  { what: 'another version', change: (core: Uint8Array) => core.fill(2, 0, 1) },
  { what: 'class 0', change: (core: Uint8Array) => core.fill(0, 1, 2) },
  { what: 'class 4', change: (core: Uint8Array) => core.fill(4, 1, 2) },
  { what: 'a broadcast with a destination', change: (core: Uint8Array) => core.fill(1, 10, 11) },
  { what: 'a direct message without one', change: (core: Uint8Array) => core.fill(2, 1, 2) },
  { what: 'a type of no length', change: (core: Uint8Array) => core.fill(0, 2, 3) },
  { what: 'a type longer than 32', change: (core: Uint8Array) => core.fill(33, 2, 3) },
  { what: 'a type that is not printable ASCII', change: (core: Uint8Array) => core.fill(0x20, 3, 4) },
  { what: 'a life beyond a day', change: (core: Uint8Array) => core.fill(255, 53, 57) },
  { what: 'a payload length that runs over', change: (core: Uint8Array) => core.fill(255, 59, 60) },
])('$what is refused', ({ change }) => {
  const core = encodeEnvelope(envelopeOf('x', { protocol: 'a' }));
  expect(decodeEnvelope(core)).toBeDefined();
  change(core);
  expect(decodeEnvelope(core)).toBeUndefined();
});

test('payload limits are 64 KiB for broadcasts and 512 KiB for the rest, to the byte', () => {
  for (const kind of [1, 2, 3] as const) {
    const to = new Uint8Array(32).fill(kind === 1 ? 0 : 1);
    const limit = payloadBytesMax(kind);
    const largest = encodeEnvelope(envelopeOf(new Uint8Array(limit), { class: kind, to }));
    expect(decodeEnvelope(largest)?.payload).toHaveLength(limit);
    // The length field is raised by hand: the encoder's own limit is that of the class with the most.
    const longer = concatBytes(largest, new Uint8Array(1));
    const at = largest.length - limit - 3;
    new DataView(longer.buffer).setUint16(at + 1, (limit + 1) & 0xffff);
    longer[at] = (limit + 1) >> 16;
    expect(decodeEnvelope(longer)).toBeUndefined();
  }
});

test('M2: the leaf message binds network, origin and the whole core, and the id is its hash', () => {
  const core = encodeEnvelope(envelopeOf('x'));
  const [network, origin] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
  const message = leafMessage(network, origin, core);
  expect(bytesToHex(message.subarray(0, 10))).toBe('79616b2f656e762f3100');
  expect(message.subarray(10, 42)).toEqual(network);
  expect(message.subarray(42, 74)).toEqual(origin);
  expect(message.subarray(74)).toEqual(core);
  expect(messageId(message)).toEqual(sha256(message).subarray(0, 16));
});
