import { beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeCredit, encodeInfo, encodeKeyUpdate } from '../src/link/control-frames.js';
import {
  decodeFlowAttached,
  encodeFlow,
  encodeFlowAttached,
  FLOW_OVERHEAD_BYTES,
} from '../src/link/flow-frames.js';
import { CREDIT_BYTES_MIN } from '../src/link/link-limits.js';
import { encodeHeadFrame } from '../src/link/parcel-frames.js';
import type { QueueItem } from '../src/link/send-queue.js';
import { decodeFrames, encodeFrame, FRAME_HEADER_BYTES, FrameKind } from '../src/record/frames.js';
import {
  envelopeOf,
  EPOCH_MS,
  establishedPair,
  LinkPair,
  outcomeOf,
  parcelOf,
  START_MS,
  type LinkEnd,
} from './support/link-pair.js';
import { NETWORK, party, type Party } from './support/parties.js';
import { RecordPeer } from './support/record-peer.js';

const HEAD_BYTES = 28;
const INFO = encodeInfo({
  endpoint: undefined,
  protocols: [],
  timeMs: EPOCH_MS,
  networks: [NETWORK.slice(0, 8)],
});

let a: Party;
let b: Party;

beforeAll(async () => {
  [a, b] = await Promise.all([party('alice'), party('bob')]);
});

/** A FLOW frame whose body begins with a number, all of it one byte else. */
function flow(number: number, length: number): Uint8Array {
  const body = new Uint8Array(length).fill(0xc1);
  body[0] = number;
  return encodeFlow({ label: new Uint8Array(8).fill(7), isCongested: false, body });
}

function flowItem(frame: Uint8Array, sealedFrom?: number): QueueItem {
  return { type: 'frame', frame, bytes: frame.length, priority: 0, sealedFrom };
}

const numbersOf = (end: LinkEnd): unknown[] => end.of('flow').map(({ frame }) => frame.body[0]);

/** A responder's machine, and a hand-made initiator at its other end. */
function responderAndPeer(): { end: LinkEnd; peer: RecordPeer; receive: (wire: Uint8Array) => void } {
  const { responder: end } = new LinkPair(a, b);
  const peer = new RecordPeer(outcomeOf('initiator', a).secrets.root, 'initiator');
  const receive = (wire: Uint8Array): void =>
    end.take(end.machine.receive(wire, START_MS, START_MS), START_MS);
  receive(peer.seal([INFO]));
  return { end, peer, receive };
}

test('what the ends of a flow have sealed follows its record as it is, but for its head, which is sealed', async () => {
  const pair = await establishedPair(a, b);
  pair.wire = (_from, wire) => wire.slice(); // The other end writes the head into what it gets.
  const frame = flow(5, 16_384);
  pair.send('initiator', flowItem(frame, HEAD_BYTES));
  await pair.settle();
  const body = frame.subarray(FLOW_OVERHEAD_BYTES);
  const [record, attachment] = pair.initiator.records.slice(-2);
  expect(record).toHaveLength(256 + 16);
  expect(attachment?.subarray(HEAD_BYTES)).toEqual(body.subarray(HEAD_BYTES));
  expect(attachment?.subarray(0, HEAD_BYTES)).toEqual(new Uint8Array(HEAD_BYTES));
  expect(pair.responder.of('flow').map(({ frame: { label, body: came } }) => [label, came])).toEqual([
    [new Uint8Array(8).fill(7), body],
  ]);
});

test('an attachment takes whole bodies up to 65,536 bytes, a record as many attachments as it may, and the rest waits for the next record', async () => {
  const pair = await establishedPair(a, b, { creditBytes: 1_048_576 });
  pair.attachmentsMax = 2;
  const messagesOf = async (lengths: number[]): Promise<number[]> => {
    const before = pair.initiator.records.length;
    lengths.forEach((length, number) => pair.send('initiator', flowItem(flow(number, length), HEAD_BYTES)));
    await pair.settle();
    return pair.initiator.records.slice(before).map(({ length }) => length);
  };
  expect(await messagesOf(Array<number>(9).fill(16_384))).toEqual([528, 65_536, 65_536, 272, 16_384]);
  expect(await messagesOf([65_024, 65_024, 65_024])).toEqual([272, 65_024, 65_024, 272, 65_024]);
  expect(await messagesOf([65_024, 8_192, 16_384, 65_024])).toEqual([272, 65_024, 24_576, 272, 65_024]);
  pair.attachmentsMax = 1;
  expect(await messagesOf([65_024, 65_024])).toEqual([272, 65_024, 272, 65_024]);
  expect(numbersOf(pair.responder)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 2, 0, 1, 2, 3, 0, 1]);
});

test('messages of a flow keep their order, sealed in passing or not, over key updates and any credit', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.oneof(
          fc.record({ length: fc.integer({ min: 8_192, max: 16_384 }), isSealed: fc.boolean() }),
          fc.record({ length: fc.integer({ min: 8_192, max: 65_024 }), isSealed: fc.constant(true) }),
        ),
        { maxLength: 40 },
      ),
      fc.integer({ min: 2, max: 9 }),
      fc.integer({ min: 1, max: 4 }),
      async (messages, keyRecordsMax, attachmentsMax) => {
        const pair = await establishedPair(a, b, { initiator: { keyRecordsMax }, creditBytes: 200_000 });
        pair.attachmentsMax = attachmentsMax;
        messages.forEach(({ length, isSealed }, number) =>
          pair.send('initiator', flowItem(flow(number, length), isSealed ? HEAD_BYTES : undefined)),
        );
        await pair.settle();
        await pair.pass(1_000);
        expect(pair.responder.closed).toBeUndefined();
        expect(pair.responder.of('flow').map(({ frame }) => [frame.body[0], frame.body.length])).toEqual(
          messages.map(({ length }, number) => [number, length]),
        );
      },
    ),
    { numRuns: 20 },
  );
});

test('credit counts attachments when they are announced, and returns for each when it has come', () => {
  const { end, peer, receive } = responderAndPeer();
  const frames = [1, 2, 3, 4, 5, 6, 7, 8].map((number) =>
    encodeFlowAttached(flow(number, 16_384), HEAD_BYTES),
  );
  let nowMs = START_MS;
  const counted = (): unknown => {
    nowMs += 50;
    let last: unknown;
    for (let wire = end.machine.nextRecord(nowMs); wire !== undefined;) {
      for (const { kind, body } of decodeFrames(peer.open(wire) ?? new Uint8Array(0)) ?? [])
        if (kind === FrameKind.CREDIT) last = decodeCredit(body);
      wire = end.machine.nextRecord(nowMs);
    }
    return last;
  };
  receive(peer.seal(frames));
  const bytes = 43 + 16_384;
  expect(counted()).toEqual({ receivedBytes: 8 * bytes, grantedBytes: 262_144 });
  for (const dealtWith of [4, 8]) {
    receive(new Uint8Array(65_536));
    expect(counted()).toEqual({ receivedBytes: 8 * bytes, grantedBytes: 262_144 + dealtWith * bytes });
  }
});

test('who announces more than was granted is closed with LINK_CREDIT', async () => {
  const head = encodeHeadFrame(0, (await parcelOf(a, [envelopeOf('x')])).batch);
  const { end, peer, receive } = responderAndPeer();
  // Heads whose key never came hold their credit.
  const fitting = Math.floor((CREDIT_BYTES_MIN - 16_384) / (head.length - FRAME_HEADER_BYTES));
  for (let count = 0; count < fitting; count += 1) receive(peer.seal([head]));
  expect(end.closed).toBeUndefined();
  receive(peer.seal([1, 2].map((number) => encodeFlowAttached(flow(number, 16_384), HEAD_BYTES))));
  expect(end.closed?.code).toBe('LINK_CREDIT');
});

test('announcements that are malformed, or more than four messages hold, close with LINK_BAD_FRAME', () => {
  const of = (length: number, headBytes: number): Uint8Array =>
    encodeFrame(
      FrameKind.FLOW_ATTACHED,
      new Uint8Array(9),
      Uint8Array.of(length >> 8, length),
      new Uint8Array(headBytes),
    );
  const bad = [
    [of(8_191, 28)],
    [of(65_025, 28)],
    [of(16_384, 65)],
    [encodeFrame(FrameKind.FLOW_ATTACHED, new Uint8Array(10))],
    Array.from({ length: 5 }, () => of(40_000, 28)), // No two fit one message.
  ];
  for (const frames of bad) {
    const { end, peer, receive } = responderAndPeer();
    receive(peer.seal(frames));
    expect(end.closed).toEqual({ type: 'close', code: 'LINK_BAD_FRAME', isRemote: false });
  }
  const { end, peer, receive } = responderAndPeer();
  receive(peer.seal([of(8_192, 0), of(16_384, 64), of(65_024, 28)]));
  expect(end.closed).toBeUndefined();
});

test.each([0, 8_191, 8_193, 65_536])(
  'an attachment of %s bytes where 8,192 were announced closes the link',
  (length) => {
    const { end, peer, receive } = responderAndPeer();
    receive(peer.seal([encodeFlowAttached(flow(1, 8_192), HEAD_BYTES)]));
    receive(new Uint8Array(length));
    expect(end.closed?.code).toBe('LINK_BAD_FRAME');
    expect(end.of('flow')).toEqual([]);
  },
);

test('a record in the place of an attachment is none: nothing of it is read', () => {
  const { end, peer, receive } = responderAndPeer();
  receive(peer.seal([encodeFlowAttached(flow(1, 8_192), HEAD_BYTES)]));
  receive(peer.seal([encodeFrame(FrameKind.PROTOCOL, Uint8Array.of(1, 97))]));
  expect([end.closed?.code, end.of('protocol')]).toEqual(['LINK_BAD_FRAME', []]);
});

test('whether an attachment is genuine is for the ends of the flow to say: the link delivers what came', async () => {
  const pair = await establishedPair(a, b);
  pair.wire = (_from, wire) =>
    wire.length === 16_384 ? Uint8Array.from(wire, (byte, at) => (at === 5_000 ? byte ^ 1 : byte)) : wire;
  pair.send('initiator', flowItem(flow(3, 16_384), HEAD_BYTES));
  await pair.settle();
  expect(pair.responder.closed).toBeUndefined();
  expect(pair.responder.of('flow').map(({ frame }) => [frame.body[0], frame.body[5_000]])).toEqual([
    [3, 0xc0],
  ]);
});

test('an attachment comes right after its record, even where that was the last under its key', () => {
  const { end, peer, receive } = responderAndPeer();
  receive(peer.seal([encodeFlowAttached(flow(4, 8_192), 1), encodeKeyUpdate(0, 1)]));
  peer.restart(0, 1);
  receive(new Uint8Array(8_192));
  receive(peer.seal([encodeFrame(FrameKind.PROTOCOL, Uint8Array.of(1, 97))]));
  expect([numbersOf(end), end.of('protocol').length, end.closed]).toEqual([[4], 1, undefined]);
});

test('records that are held for their key keep their attachments', async () => {
  const pair = await establishedPair(a, b);
  const decapsulation = pair.initiator.holdDecapsulation();
  const turning = pair.pass(660_000);
  const release = await decapsulation;
  for (let number = 0; number < 6; number += 1)
    pair.send('responder', flowItem(flow(number, 16_384), number === 2 ? undefined : HEAD_BYTES));
  pair.carry('responder');
  expect(pair.initiator.of('flow')).toEqual([]);
  release();
  await turning;
  expect(numbersOf(pair.initiator)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(pair.initiator.closed).toBeUndefined();
});

test('what was announced goes before the last word', async () => {
  const pair = await establishedPair(a, b);
  for (const number of [1, 2]) pair.send('initiator', flowItem(flow(number, 65_024), HEAD_BYTES));
  const { machine } = pair.initiator;
  expect([machine.isAttaching, machine.nextRecord(pair.nowMs, 4)?.length, machine.isAttaching]).toEqual([
    false,
    272,
    true,
  ]);
  pair.initiator.take(machine.close('LINK_CLOSED'), pair.nowMs);
  expect([machine.nextRecord(pair.nowMs)?.length, machine.isAttaching]).toEqual([65_024, true]);
  expect([machine.nextRecord(pair.nowMs)?.length, machine.isAttaching]).toEqual([65_024, false]);
  expect(machine.nextRecord(pair.nowMs)).toHaveLength(272);
});

test('an announcement has one encoding', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 8_192, max: 65_024 }),
      fc.nat(64),
      fc.boolean(),
      (length, headBytes, isCongested) => {
        const label = new Uint8Array(8).fill(3);
        const body = new Uint8Array(length).fill(9);
        const frame = encodeFlowAttached(encodeFlow({ label, isCongested, body }), headBytes);
        expect(decodeFlowAttached(frame.subarray(4))).toEqual({
          label,
          isCongested,
          length,
          head: body.subarray(0, headBytes),
        });
      },
    ),
  );
});
