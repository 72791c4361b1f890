import { beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeFrames, encodeFrame, FrameKind } from '../src/record/frames.js';
import { encodeCredit, encodeInfo, encodeKeyUpdate, encodePing } from '../src/link/control-frames.js';
import { encodeFlow, releaseFlow } from '../src/link/flow-frames.js';
import { releaseRecord } from '../src/link/record-arrays.js';
import { RecordDraft } from '../src/link/record-draft.js';
import {
  EPOCH_MS,
  establishedPair,
  frameItem,
  LinkPair,
  outcomeOf,
  START_MS,
  type LinkEnd,
} from './support/link-pair.js';
import { party, NETWORK, type Party } from './support/parties.js';
import { RecordPeer } from './support/record-peer.js';

let a: Party;
let b: Party;

beforeAll(async () => {
  [a, b] = await Promise.all([party('alice'), party('bob')]);
});

const INFO = encodeInfo({
  endpoint: undefined,
  protocols: [],
  timeMs: EPOCH_MS,
  networks: [NETWORK.slice(0, 8)],
});
const HS_DONE = encodeFrame(FrameKind.HS_DONE);

/** A responder's machine, and a hand-made initiator at its other end. */
function responderAndPeer(): { end: LinkEnd; peer: RecordPeer; receive: (wire: Uint8Array) => void } {
  const { responder: end } = new LinkPair(a, b);
  const peer = new RecordPeer(outcomeOf('initiator', a).secrets.root, 'initiator');
  const receive = (wire: Uint8Array): void =>
    end.take(end.machine.receive(wire, START_MS, START_MS), START_MS);
  return { end, peer, receive };
}

test('the responder speaks first: HS_DONE and INFO; the initiator answers INFO and PING; both are established', async () => {
  const pair = await establishedPair(a, b);
  expect(pair.initiator.of('established')).toHaveLength(1);
  expect(pair.responder.of('established')).toHaveLength(1);
  expect(pair.initiator.of('pong')).toHaveLength(1);
  const first = new RecordPeer(outcomeOf('initiator', b).secrets.root, 'initiator').open(
    pair.responder.records[0] ?? new Uint8Array(0),
  );
  expect(decodeFrames(first ?? new Uint8Array(0))?.map(({ kind }) => kind)).toEqual([1, 2]);
});

test('an initiator says nothing before HS_DONE', () => {
  const pair = new LinkPair(a, b);
  pair.send('initiator', frameItem(encodeFrame(FrameKind.PING, new Uint8Array(4))));
  pair.initiator.take(pair.initiator.machine.tick(60_000), 60_000);
  expect(pair.initiator.machine.isEstablished).toBe(false);
});

test('anything but HS_DONE or CLOSE as the first word closes the initiator’s link', () => {
  for (const frame of [INFO, encodePing(FrameKind.PING, 1), encodeFrame(FrameKind.ENV, new Uint8Array(64))]) {
    const { initiator } = new LinkPair(a, b);
    const peer = new RecordPeer(outcomeOf('responder', b).secrets.root, 'responder');
    initiator.take(initiator.machine.receive(peer.seal([frame]), START_MS, START_MS), START_MS);
    expect(initiator.closed?.code).toBe('LINK_UNEXPECTED');
  }
});

test('a responder takes no HS_DONE, and an initiator takes one', async () => {
  const { end, peer, receive } = responderAndPeer();
  receive(peer.seal([HS_DONE]));
  expect(end.closed?.code).toBe('LINK_UNEXPECTED');
  const pair = new LinkPair(a, b);
  const responder = new RecordPeer(outcomeOf('responder', b).secrets.root, 'responder');
  for (const wire of [responder.seal([HS_DONE]), responder.seal([HS_DONE])])
    pair.initiator.take(pair.initiator.machine.receive(wire, START_MS, START_MS), START_MS);
  expect(pair.initiator.closed?.code).toBe('LINK_UNEXPECTED');
});

test('data before the peer has told of itself closes the link', () => {
  const { end, peer, receive } = responderAndPeer();
  receive(peer.seal([encodeFrame(FrameKind.PROTOCOL, Uint8Array.of(3, 97, 98, 99))]));
  expect(end.closed?.code).toBe('LINK_UNEXPECTED');
});

test('every record is padded to a multiple of 256 and fits 65,536 bytes on the wire', async () => {
  const pair = await establishedPair(a, b);
  const body = encodeFrame(FrameKind.PROTOCOL, Uint8Array.of(3, 97, 98, 99));
  for (const length of [0, 1, 250, 256, 1_000, 16_000, 65_000, 65_400, 65_508 - 8])
    pair.send(
      'initiator',
      frameItem(encodeFrame(FrameKind.PROTOCOL, body.subarray(4), new Uint8Array(length))),
    );
  await pair.settle();
  const lengths = [...pair.initiator.records, ...pair.responder.records].map(({ length }) => length - 16);
  expect(lengths.filter((length) => length % 256 !== 0 && length !== 65_520)).toEqual([]);
  expect(Math.max(...lengths)).toBeLessThanOrEqual(65_520);
  expect(pair.responder.of('protocol')).toHaveLength(9);
});

test('an array that is written anew as soon as its frame was taken changes nothing of the record', async () => {
  const pair = await establishedPair(a, b);
  const flow = (value: number): Uint8Array =>
    encodeFlow({ label: new Uint8Array(8), isCongested: false, body: new Uint8Array(16_384).fill(value) });
  const values = [1, 2, 3, 4, 5, 6, 7];
  for (const value of values) {
    const frame = flow(value);
    const onSent = (): void => {
      releaseFlow(frame);
      expect(flow(99).buffer).toBe(frame.buffer);
    };
    pair.send('initiator', { type: 'frame', frame, bytes: frame.length, priority: 0, onSent });
  }
  await pair.settle();
  const arrived = pair.responder.of('flow').map(({ frame }) => [...new Set(frame.body)].join());
  expect(arrived).toEqual(values.map(String));
});

test('a record that has left lends its array to the next one, and a small one has an array of its own', () => {
  const draft = new RecordDraft();
  const fill = (bytes: number): Uint8Array => {
    draft.add(new Uint8Array(bytes).fill(1));
    return draft.finish();
  };
  const large = fill(40_000);
  const small = fill(300);
  expect([large.length, small.length]).toEqual([40_192 + 16, 512 + 16]);
  expect(small.buffer.byteLength).toBe(528);
  expect(fill(40_000).buffer).not.toBe(large.buffer);
  releaseRecord(large);
  const next = fill(20_000);
  expect(next.buffer).toBe(large.buffer);
  expect(next.subarray(20_000).every((byte) => byte === 0)).toBe(true);
});

test('the first bad tag closes, without a word to the peer', async () => {
  const pair = await establishedPair(a, b);
  pair.wire = (_from, wire) => Uint8Array.from(wire, (byte, at) => (at === 5 ? byte ^ 1 : byte));
  pair.send('initiator', frameItem(encodeFrame(FrameKind.PROTOCOL, Uint8Array.of(1, 97))));
  await pair.settle();
  expect(pair.responder.closed).toEqual({ type: 'close', code: 'LINK_DECRYPT', isRemote: false });
  expect(pair.initiator.closed).toBeUndefined();
});

test.each(['dropped', 'repeated', 'shortened'])(
  'a record that was %s ends the link at the next',
  async (what) => {
    const pair = await establishedPair(a, b);
    let before: Uint8Array | undefined;
    pair.wire = (from, wire) => {
      if (from === 'responder') return wire;
      const last = before;
      before = wire;
      if (what === 'dropped') return last === undefined ? undefined : wire;
      if (what === 'repeated') return last ?? wire;
      return wire.subarray(0, 100);
    };
    for (let count = 0; count < 2; count += 1) {
      pair.send('initiator', frameItem(encodeFrame(FrameKind.PROTOCOL, Uint8Array.of(1, 97))));
      await pair.settle();
    }
    expect(pair.responder.closed?.code).toBe('LINK_DECRYPT');
  },
);

test('frames that run over their record, and padding that is not zero, close with LINK_BAD_FRAME', () => {
  const cut = INFO.slice();
  cut[3] = 255;
  const padding = new Uint8Array(256);
  padding[200] = 1;
  for (const bytes of [cut, padding, Uint8Array.of(FrameKind.PING, 0, 0)]) {
    const { end, peer, receive } = responderAndPeer();
    receive(peer.seal([bytes], false));
    expect(end.closed?.code).toBe('LINK_BAD_FRAME');
  }
});

test('unknown frames are counted and the link goes on, at either side of the data kinds', () => {
  const { end, peer, receive } = responderAndPeer();
  receive(
    peer.seal([
      INFO,
      Uint8Array.of(0x0f, 0, 0, 1, 9),
      Uint8Array.of(0x2f, 0, 0, 1, 9),
      Uint8Array.of(0xff, 0, 0, 0),
    ]),
  );
  expect([end.closed, end.faults('PEER_UNKNOWN_FRAME')]).toEqual([undefined, 3]);
});

test('malformed bodies of known frames close the link', () => {
  const bodies: [number, number][] = [
    [FrameKind.INFO, 3],
    [FrameKind.PEERS, 0],
    [FrameKind.CREDIT, 11],
    [FrameKind.PING, 5],
    [FrameKind.PONG, 3],
    [FrameKind.KEY_UPDATE, 7],
    [FrameKind.TMARK, 1],
    [FrameKind.TSIG, 100],
    [FrameKind.KEY, 1_951],
    [FrameKind.HEAD, 3_431],
    [FrameKind.BLOCK, 5],
    [FrameKind.ENV, 25],
    [FrameKind.NEED_KEY, 31],
    [FrameKind.FRAG, 2],
    [FrameKind.FLOW_OPEN, 41],
    [FrameKind.FLOW, 8],
    [FrameKind.FLOW_CLOSE, 8],
    [FrameKind.FLOW_ATTACHED, 10],
    [FrameKind.PROTOCOL, 0],
  ];
  for (const [kind, length] of bodies) {
    const { end, peer, receive } = responderAndPeer();
    receive(peer.seal([INFO, encodeFrame(kind as FrameKind, new Uint8Array(length))]));
    expect([kind, end.closed?.isRemote]).toEqual([kind, false]);
  }
});

test('KEY_UPDATE and TMARK must be the last frame of their record', () => {
  for (const frame of [encodeKeyUpdate(0, 1), encodeFrame(FrameKind.TMARK)]) {
    const { end, peer, receive } = responderAndPeer();
    receive(peer.seal([INFO, frame, encodePing(FrameKind.PING, 1)]));
    expect(end.closed?.code).toBe('LINK_BAD_FRAME');
  }
});

test('a KEY_UPDATE that skips a phase or an epoch closes the link', () => {
  for (const [epoch, phase] of [
    [0, 0],
    [0, 2],
    [1, 1],
    [2, 0],
  ] as const) {
    const { end, peer, receive } = responderAndPeer();
    receive(peer.seal([INFO, encodeKeyUpdate(epoch, phase)]));
    expect(end.closed?.code).toBe('LINK_BAD_FRAME');
  }
});

test('a peer may update its key whenever it likes, and the old key opens nothing more', () => {
  const { end, peer, receive } = responderAndPeer();
  receive(peer.seal([INFO, encodeKeyUpdate(0, 1)]));
  peer.restart(0, 1);
  receive(peer.seal([encodePing(FrameKind.PING, 1), encodeKeyUpdate(0, 2)]));
  expect(end.of('ping')).toHaveLength(1);
  receive(peer.seal([encodePing(FrameKind.PING, 2)]));
  expect(end.closed?.code).toBe('LINK_DECRYPT');
});

test('keys are replaced before their limit and everything still arrives in order', async () => {
  const pair = await establishedPair(a, b, {
    initiator: { keyRecordsMax: 8 },
    responder: { keyRecordsMax: 5 },
  });
  for (let count = 0; count < 100; count += 1) {
    for (const from of ['initiator', 'responder'] as const)
      pair.send(from, frameItem(encodeFrame(FrameKind.PROTOCOL, Uint8Array.of(1, 97, count))));
    await pair.settle();
  }
  for (const end of [pair.initiator, pair.responder])
    expect(end.of('protocol').map(({ body }) => body[0])).toEqual([...Array(100).keys()]);
});

test('the root is wiped once keys are derived: a later thief cannot read back an epoch whose keys moved on', () => {
  const { initiator } = new LinkPair(a, b);
  expect(initiator.outcome.secrets.root).toEqual(new Uint8Array(64));
});

test('a PING is answered with its number, and of many only the latest', () => {
  const { end, peer, receive } = responderAndPeer();
  receive(peer.seal([INFO, ...[7, 8, 9].map((id) => encodePing(FrameKind.PING, id))]));
  const frames = [];
  for (
    let wire = end.machine.nextRecord(START_MS);
    wire !== undefined;
    wire = end.machine.nextRecord(START_MS)
  )
    frames.push(...(decodeFrames(peer.open(wire) ?? new Uint8Array(0)) ?? []));
  const pongs = frames.filter(({ kind }) => kind === FrameKind.PONG);
  expect(pongs.map(({ body }) => [...body])).toEqual([[0, 0, 0, 9]]);
});

test('a CREDIT that acknowledges what was never sent closes the link', () => {
  const { end, peer, receive } = responderAndPeer();
  receive(peer.seal([INFO, encodeCredit(1, 2 ** 40)]));
  expect(end.closed?.code).toBe('LINK_CREDIT');
});

test('any authentic bytes inside a record make no exception', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(0x31), fc.uint8Array({ maxLength: 200 })), { maxLength: 8 }),
      (frames) => {
        const { peer, receive, end } = responderAndPeer();
        receive(peer.seal([INFO]));
        receive(peer.seal(frames.map(([kind, body]) => encodeFrame(kind as FrameKind, body))));
        end.machine.tick(START_MS + 1_000);
        while (end.machine.nextRecord(START_MS + 1_000) !== undefined);
      },
    ),
    { numRuns: 300 },
  );
});

test('after a close nothing is done any more, whichever side closed', async () => {
  const pair = await establishedPair(a, b);
  pair.initiator.take(pair.initiator.machine.close('LINK_CLOSED'), pair.nowMs);
  await pair.settle();
  expect(pair.responder.closed).toEqual({ type: 'close', code: 'LINK_CLOSED', isRemote: true });
  for (const { machine } of [pair.initiator, pair.responder]) {
    expect(machine.tick(1e9)).toEqual([]);
    expect(machine.receive(new Uint8Array(32), 0, 0)).toEqual([]);
    expect(machine.close('LINK_CLOSED')).toEqual([]);
    expect(machine.complete(3, { type: 'failed' }, 0)).toEqual([]);
  }
});
