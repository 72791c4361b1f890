import { expect, test } from '@jest/globals';
import { encodeNodeId } from '@yakmesh/crypto';
import fc from 'fast-check';
import { closeCode, closeNumber } from '../src/link/close-codes.js';
import * as control from '../src/link/control-frames.js';
import { encodePayload } from '../src/envelope/payload.js';
import * as flows from '../src/link/flow-frames.js';
import {
  decodeBlock,
  decodeHeadFrame,
  decodeSingle,
  encodeBlock,
  encodeSingle,
} from '../src/link/parcel-frames.js';
import type { Batch, BatchMessage } from '../src/envelope/batch.js';
import {
  decodeFrames,
  encodeFrame,
  FRAME_HEADER_BYTES,
  FrameKind,
  isCharged,
  isRelayedContent,
} from '../src/record/frames.js';

const body = (frame: Uint8Array): Uint8Array => frame.subarray(FRAME_HEADER_BYTES);
const exactly = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });
const u32 = fc.nat(2 ** 32 - 1);
const u48 = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const name = fc.stringMatching(/^[a-z]{1,26}\/[0-9]{1,5}$/);
const url = fc
  .webUrl({ validSchemes: ['ws', 'wss'] })
  .filter((text) => text.length <= 128 && !text.includes("'"));
const kinds = fc.constantFrom(...Object.values(FrameKind).filter((kind) => kind !== FrameKind.PADDING));

test('frames of a record survive encoding, padding and decoding', () => {
  const frames = fc.array(fc.tuple(kinds, fc.uint8Array({ maxLength: 300 })), { maxLength: 20 });
  fc.assert(
    fc.property(frames, fc.nat(300), (all, padding) => {
      const parts = all.map(([kind, content]) => encodeFrame(kind, content));
      const plaintext = Uint8Array.from([...parts.flatMap((part) => [...part]), ...new Uint8Array(padding)]);
      expect(decodeFrames(plaintext)).toEqual(all.map(([kind, content]) => ({ kind, body: content })));
    }),
  );
});

test('control frames survive encoding and decoding', () => {
  const info = fc.record({
    endpoint: fc.option(url, { nil: undefined }),
    protocols: fc.array(name, { maxLength: 64 }),
    timeMs: u48,
    networks: fc.array(exactly(8), { maxLength: 8 }),
  });
  const hints = fc.array(
    fc.record({
      nodeId: exactly(32).map(encodeNodeId),
      endpoint: url,
    }),
    { maxLength: 32 },
  );
  const signature = fc.record({
    epoch: u32,
    record: u48,
    signature: exactly(3_309),
    kemPart: exactly(1_216),
  });
  fc.assert(
    fc.property(
      info,
      hints,
      u48,
      u48,
      u32,
      u32,
      signature,
      (stated, list, received, granted, id, phase, signed) => {
        expect(control.decodeInfo(body(control.encodeInfo(stated)))).toEqual(stated);
        expect(control.decodePeers(body(control.encodePeers(list)))).toEqual(list);
        expect(control.decodeCredit(body(control.encodeCredit(received, granted)))).toEqual({
          receivedBytes: received,
          grantedBytes: granted,
        });
        expect(control.decodePing(body(control.encodePing(FrameKind.PING, id)))).toBe(id);
        expect(control.decodeKeyUpdate(body(control.encodeKeyUpdate(id, phase)))).toEqual({
          epoch: id,
          phase,
        });
        const frame = control.encodeTranscriptSignature(signed);
        expect(control.decodeTranscriptSignature(body(frame))).toEqual(signed);
      },
    ),
    { numRuns: 50 },
  );
});

test('flow and protocol frames survive encoding and decoding', () => {
  const open = fc.record({
    label: exactly(8),
    ttl: fc.nat(255),
    destination: exactly(32),
    protocol: name,
    body: fc.uint8Array({ maxLength: 500 }),
  });
  fc.assert(
    fc.property(open, fc.boolean(), fc.nat(255), (frame, isCongested, code) => {
      const { label, body: content, protocol } = frame;
      expect(flows.decodeFlowOpen(body(flows.encodeFlowOpen(frame)))).toEqual(frame);
      const data = { label, isCongested, body: content };
      expect(flows.decodeFlow(body(flows.encodeFlow(data)))).toEqual(data);
      expect(flows.decodeFlowClose(body(flows.encodeFlowClose({ label, code })))).toEqual({ label, code });
      const other = { protocol, body: content };
      expect(flows.decodeProtocolFrame(body(flows.encodeProtocolFrame(protocol, content)))).toEqual(other);
    }),
  );
});

test('BLOCK and ENV survive encoding and decoding', () => {
  const message = fc.record({ salt: exactly(16), core: fc.uint8Array({ maxLength: 400 }) });
  fc.assert(
    fc.property(
      fc.array(message, { minLength: 1, maxLength: 9 }),
      fc.nat(255),
      fc.nat(255),
      fc.nat(255),
      fc.nat(12),
      (all, slot, ttl, flags, depth) => {
        const messages = all.map((one, index) => ({ ...one, index, path: new Uint8Array(0) }));
        const block = encodeBlock(slot, ttl, messages as unknown as BatchMessage[], flags);
        expect(decodeBlock(body(block))).toEqual({ slot, ttl, flags, messages });
        const [first] = messages;
        const single = { ...first, index: 3, path: new Uint8Array(32 * depth).fill(7) } as BatchMessage;
        expect(decodeSingle(body(encodeSingle(slot, ttl, {} as Batch, single, flags)))).toEqual({
          slot,
          ttl,
          flags,
          message: single,
        });
      },
    ),
  );
});

test('no bytes make a decoder of frames throw', () => {
  const decoders: ((bytes: Uint8Array) => unknown)[] = [
    decodeFrames,
    control.decodeInfo,
    control.decodePeers,
    control.decodeCredit,
    control.decodePing,
    control.decodeClose,
    control.decodeKeyUpdate,
    control.decodeTranscriptSignature,
    flows.decodeFlowOpen,
    flows.decodeFlow,
    flows.decodeFlowClose,
    flows.decodeProtocolFrame,
    decodeHeadFrame,
    decodeBlock,
    decodeSingle,
  ];
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4_000, size: 'max' }), (bytes) => {
      for (const decode of decoders) decode(bytes);
    }),
    { numRuns: 300 },
  );
});

test('hints: at most 32 of at most 128 bytes, each with a whole node id and valid UTF-8', () => {
  const hint = (endpoint: string) => ({ nodeId: encodeNodeId(new Uint8Array(32).fill(1)), endpoint });
  const many = control.encodePeers(Array.from({ length: 40 }, () => hint('ws://a/')));
  expect(control.decodePeers(body(many))).toHaveLength(32);
  const long = control.encodePeers([hint(`ws://${'a'.repeat(130)}/`), hint('ws://b/')]);
  expect(control.decodePeers(body(long))).toEqual([hint('ws://b/')]);
  const good = body(control.encodePeers([hint('ws://a/')])).slice();
  const bad = (at: number, byte: number): Uint8Array =>
    Uint8Array.from(good, (old, index) => (index === at ? byte : old));
  expect(control.decodePeers(bad(0, 33))).toBeUndefined();
  expect(control.decodePeers(bad(0, 2))).toBeUndefined();
  expect(control.decodePeers(bad(33, 129))).toBeUndefined();
  expect(control.decodePeers(bad(34, 0xff))).toBeUndefined();
  expect(control.decodePeers(Uint8Array.of(...good, 0))).toBeUndefined();
});

test('INFO keeps what it understands: other fields, protocols and networks of another shape are left out', () => {
  const frame = encodeInfoOf({
    endpoint: null,
    protocols: ['a/1', 7, 'x'.repeat(33), '<b>/1', ...Array.from({ length: 80 }, (_, index) => `p/${index}`)],
    timeMs: 5,
    networks: [new Uint8Array(8), 'text', new Uint8Array(9), new Uint8Array(8).fill(1)],
    future: { more: true },
  });
  const info = control.decodeInfo(frame);
  expect(info?.protocols).toHaveLength(64);
  expect(info?.protocols.slice(0, 2)).toEqual(['a/1', 'p/0']);
  expect(info?.networks).toEqual([new Uint8Array(8), new Uint8Array(8).fill(1)]);
  expect(
    control.decodeInfo(encodeInfoOf({ endpoint: 'x'.repeat(129), protocols: [], timeMs: 0, networks: [] })),
  ).toBeUndefined();
  expect(control.decodeInfo(encodeInfoOf([]))).toBeUndefined();
});

test('D8: endpoints and protocols that markup could be made of are passed on to nobody', () => {
  const endpoints = [
    'ws://h/<img src=x>',
    'ws://h/"onload="',
    "ws://h/'",
    'javascript:alert(1)',
    'http://h/',
  ];
  const nodeId = encodeNodeId(new Uint8Array(32));
  for (const endpoint of endpoints) {
    const info = { endpoint, protocols: ['<script>', 'a/1'], timeMs: 0, networks: [] };
    expect(control.decodeInfo(encodeInfoOf(info))).toMatchObject({ endpoint: undefined, protocols: ['a/1'] });
    expect(control.decodePeers(body(control.encodePeers([{ nodeId, endpoint }])))).toEqual([
      { nodeId, endpoint: '' },
    ]);
  }
});

function encodeInfoOf(value: unknown): Uint8Array {
  return encodePayload(value);
}

test('flow bodies end at 16,384 bytes', () => {
  const label = new Uint8Array(8);
  const flow = (length: number) =>
    flows.decodeFlow(body(flows.encodeFlow({ label, isCongested: false, body: new Uint8Array(length) })));
  expect(flow(16_384)).toBeDefined();
  expect(flow(16_385)).toBeUndefined();
});

test('close codes are numbers of a table that only grows, and an unknown number still closes', () => {
  const codes = ['LINK_CLOSED', 'LINK_FULL', 'LINK_DENIED', 'LINK_DUPLICATE', 'LINK_BAD_FRAME'] as const;
  codes.forEach((code, number) => {
    expect(closeNumber(code)).toBe(number);
    expect(closeCode(number)).toBe(code);
  });
  expect(closeCode(999)).toBe('LINK_CLOSED');
  expect(closeNumber('LINK_FIN')).toBe(0);
  expect(control.decodeClose(new Uint8Array(0))).toBe('LINK_CLOSED');
});

test('which frames credit governs and which stay out of the transcript', () => {
  const names = Object.entries(FrameKind);
  const charged = names.filter(([, kind]) => isCharged(kind)).map(([kind]) => kind);
  const relayed = names.filter(([, kind]) => isRelayedContent(kind)).map(([kind]) => kind);
  expect(charged).toEqual([
    'PEERS',
    'HEAD',
    'BLOCK',
    'ENV',
    'FRAG',
    'FLOW_OPEN',
    'FLOW',
    'FLOW_CLOSE',
    'FLOW_ATTACHED',
    'PROTOCOL',
  ]);
  expect(relayed).toEqual([
    'KEY',
    'HEAD',
    'BLOCK',
    'ENV',
    'FRAG',
    'FLOW_OPEN',
    'FLOW',
    'FLOW_CLOSE',
    'FLOW_ATTACHED',
  ]);
});
