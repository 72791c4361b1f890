import { beforeAll, expect, test } from '@jest/globals';
import { encodeInfo, encodePing } from '../src/link/control-frames.js';
import { FREE_FRAMES_BURST, PINGS_BURST, PINGS_PER_SECOND } from '../src/link/link-limits.js';
import { encodeFrame, FrameKind } from '../src/record/frames.js';
import { EPOCH_MS, LinkPair, outcomeOf, START_MS } from './support/link-pair.js';
import { NETWORK, party, type Party } from './support/parties.js';
import { RecordPeer } from './support/record-peer.js';

let a: Party;
let b: Party;

beforeAll(async () => {
  [a, b] = await Promise.all([party('alice'), party('bob')]);
});

/** An established responder, and how a peer that writes what it likes sends it frames at a time. */
function hearing() {
  const { responder } = new LinkPair(a, b);
  const peer = new RecordPeer(outcomeOf('initiator', a).secrets.root, 'initiator');
  const receive = (frames: readonly Uint8Array[], nowMs = START_MS): void =>
    responder.take(responder.machine.receive(peer.seal(frames), nowMs, nowMs), nowMs);
  receive([
    encodeInfo({ endpoint: undefined, protocols: [], timeMs: EPOCH_MS, networks: [NETWORK.slice(0, 8)] }),
  ]);
  return { responder, receive };
}

const pings = (count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, id) => encodePing(FrameKind.PING, id));

test('a burst of pings after a stall is answered, and one more ends the link', () => {
  const { responder, receive } = hearing();
  receive(pings(PINGS_BURST));
  expect(responder.closed).toBeUndefined();
  receive(pings(1));
  expect(responder.closed?.code).toBe('LINK_FLOOD');
});

test('pings at the rate that is allowed go on for ever', () => {
  const { responder, receive } = hearing();
  for (let second = 1; second <= 600; second += 1)
    receive(pings(PINGS_PER_SECOND), START_MS + second * 1_000);
  expect(responder.closed).toBeUndefined();
});

test('small frames that cost no credit cannot come without end', () => {
  const { responder, receive } = hearing();
  const pong = encodeFrame(FrameKind.PONG, new Uint8Array(4));
  for (let sent = 1; sent < FREE_FRAMES_BURST; sent += 999) {
    expect(responder.closed).toBeUndefined();
    receive(Array.from({ length: 999 }, () => pong));
  }
  expect(responder.closed?.code).toBe('LINK_FLOOD');
});
