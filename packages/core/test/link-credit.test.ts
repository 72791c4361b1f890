import { beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Acknowledger } from '../src/link/acknowledger.js';
import { CreditGranter, CreditUser } from '../src/link/credit.js';
import {
  CREDIT_BYTES_MAX,
  CREDIT_BYTES_MIN,
  QUEUE_BYTES_MAX,
  REASSEMBLY_BYTES_MAX,
} from '../src/link/link-limits.js';
import { encodeInfo } from '../src/link/control-frames.js';
import { encodeHeadFrame } from '../src/link/parcel-frames.js';
import { Reassembly } from '../src/link/reassembly.js';
import { SendQueue } from '../src/link/send-queue.js';
import { encodeFrame, FrameKind } from '../src/record/frames.js';
import {
  envelopeOf,
  EPOCH_MS,
  establishedPair,
  frameItem,
  item,
  LinkPair,
  outcomeOf,
  parcelOf,
  START_MS,
} from './support/link-pair.js';
import { NETWORK, party, type Party } from './support/parties.js';
import { RecordPeer } from './support/record-peer.js';

let a: Party;
let b: Party;

beforeAll(async () => {
  [a, b] = await Promise.all([party('alice'), party('bob')]);
});

const data = (length: number, first = 0): Uint8Array =>
  encodeFrame(FrameKind.PROTOCOL, Uint8Array.of(1, 97, first), new Uint8Array(length));

test('who sends more than was granted is closed with LINK_CREDIT', async () => {
  const parcel = await parcelOf(a, [envelopeOf('x')]);
  const head = encodeHeadFrame(0, parcel.batch);
  const { responder } = new LinkPair(a, b);
  const peer = new RecordPeer(outcomeOf('initiator', a).secrets.root, 'initiator');
  const receive = (frame: Uint8Array): void =>
    responder.take(responder.machine.receive(peer.seal([frame]), START_MS, START_MS), START_MS);
  receive(
    encodeInfo({ endpoint: undefined, protocols: [], timeMs: EPOCH_MS, networks: [NETWORK.slice(0, 8)] }),
  );
  // Heads whose key never came hold their bodies' credit; their headers' is given back at once, but never announced.
  const fitting = Math.floor(CREDIT_BYTES_MIN / (head.length - 4));
  for (let count = 0; count < fitting; count += 1) receive(head);
  expect(responder.closed).toBeUndefined();
  receive(head);
  expect(responder.closed?.code).toBe('LINK_CREDIT');
});

test('granted is never exceeded and never shrinks, whatever is received, consumed and assembled', () => {
  const step = fc.record({ type: fc.constantFrom('receive', 'consume', 'assemble'), bytes: fc.nat(80_000) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
      const granter = new CreditGranter(CREDIT_BYTES_MIN);
      let [received, consumed, granted, nowMs] = [0, 0, granter.grantedBytes, 0];
      for (const { type, bytes } of steps) {
        nowMs += 5;
        if (type === 'receive' && received + bytes <= granter.grantedBytes) {
          expect(granter.receive(bytes)).toBe(true);
          received += bytes;
        } else if (type === 'consume') {
          const most = Math.min(bytes, received - consumed);
          granter.consume(most, nowMs, 20);
          consumed += most;
        } else if (type === 'assemble') granter.assembling(Math.min(bytes, received - consumed));
        expect(granter.grantedBytes).toBeGreaterThanOrEqual(granted);
        granted = granter.grantedBytes;
        // What a peer may make us hold: the largest window and one frame under assembly.
        expect(granted - consumed).toBeLessThanOrEqual(CREDIT_BYTES_MAX + REASSEMBLY_BYTES_MAX);
      }
    }),
  );
});

test('the window doubles while it limits the throughput, up to 4 MiB, and not otherwise', () => {
  const fast = new CreditGranter(CREDIT_BYTES_MIN);
  const slow = new CreditGranter(CREDIT_BYTES_MIN);
  let [fastMs, slowMs] = [0, 0];
  for (let count = 0; count < 400; count += 1) {
    for (const [granter, nowMs] of [
      [fast, (fastMs += 1)],
      [slow, (slowMs += 1_000)],
    ] as const) {
      granter.receive(CREDIT_BYTES_MIN / 4);
      granter.consume(CREDIT_BYTES_MIN / 4, nowMs, 20);
    }
  }
  expect(fast.grantedBytes - fast.receivedBytes).toBe(CREDIT_BYTES_MAX);
  expect(slow.grantedBytes - slow.receivedBytes).toBe(CREDIT_BYTES_MIN);
});

test('who receives without a pause says so once in a quarter of the window, however large that has grown', () => {
  const acknowledger = new Acknowledger();
  const piece = CREDIT_BYTES_MIN / 16;
  let [nowMs, said] = [0, 0];
  const take = (bytes: number): void => {
    for (let taken = 0; taken < bytes; taken += piece) {
      acknowledger.receive(piece, (nowMs += 0.01));
      acknowledger.consume(piece, nowMs, 1);
      if (acknowledger.frame(nowMs) !== undefined) said += 1;
    }
  };
  take(CREDIT_BYTES_MIN);
  expect(said).toBe(4);
  take(4 * CREDIT_BYTES_MAX);
  said = 0;
  take(4 * CREDIT_BYTES_MAX);
  expect(said).toBe(16);
});

test('credit numbers that go back or beyond what was sent are impossible', () => {
  const user = new CreditUser(1_000);
  user.use(500);
  expect(user.update(400, 2_000)).toBe(true);
  expect([user.availableBytes, user.unacknowledgedBytes]).toEqual([1_500, 100]);
  expect(user.update(399, 3_000)).toBe(false);
  expect(user.update(501, 3_000)).toBe(false);
  expect(user.update(500, 1)).toBe(true);
  expect(user.availableBytes).toBe(1_500);
});

test('a batch of 600 KiB passes a window of 256 KiB', async () => {
  const pair = await establishedPair(a, b);
  const parcel = await parcelOf(
    a,
    Array.from({ length: 10 }, () => envelopeOf('x'.repeat(60_000))),
  );
  pair.send('initiator', item(parcel));
  for (let count = 0; count < 40 && pair.responder.delivered.length === 0; count += 1) await pair.pass(30);
  expect(pair.responder.delivered).toHaveLength(10);
  expect(pair.responder.closed).toBeUndefined();
});

test('the largest direct message, 512 KiB, arrives in fragments', async () => {
  const pair = await establishedPair(a, b);
  const to = b.self.nodeIdBytes;
  const payload = new Uint8Array(524_283 - 5).map((_, at) => at);
  pair.send('initiator', item(await parcelOf(a, [envelopeOf(payload, { class: 2, to })], { use: 'direct' })));
  for (let count = 0; count < 40 && pair.responder.delivered.length === 0; count += 1) await pair.pass(30);
  expect(pair.responder.delivered[0]?.envelope.payload).toEqual(payload);
});

test('a higher priority overtakes a block that is being sent in fragments', async () => {
  const pair = await establishedPair(a, b);
  pair.send(
    'initiator',
    item(
      await parcelOf(
        a,
        Array.from({ length: 6 }, () => envelopeOf('x'.repeat(60_000))),
      ),
    ),
  );
  pair.carry('initiator');
  pair.send('initiator', frameItem(data(10, 42), 5));
  await pair.pass(30);
  const order = pair.responder.actions.flatMap(({ type }) =>
    type === 'protocol' || type === 'deliver' ? [type] : [],
  );
  expect(order).toEqual(['protocol', 'deliver']);
  await pair.pass(500);
  expect(pair.responder.delivered).toHaveLength(6);
});

test('fragments: no frame above 1 MiB, of no other kind, of a wrong length, or in pieces below 1,024 bytes', () => {
  const first = (kind: number, length: number, size: number): Uint8Array => {
    const bytes = new Uint8Array(size);
    bytes.set([kind, length >> 16, (length >> 8) & 255, length & 255]);
    return bytes;
  };
  const add = (reassembly: Reassembly, isLast: boolean, bytes: Uint8Array) =>
    reassembly.add(Uint8Array.of(0, isLast ? 1 : 0, ...bytes)).type;
  expect(add(new Reassembly(), true, first(FrameKind.ENV, 96, 100))).toBe('frame');
  expect(add(new Reassembly(), true, first(FrameKind.ENV, 95, 100))).toBe('bad');
  expect(add(new Reassembly(), true, first(FrameKind.FRAG, 96, 100))).toBe('bad');
  expect(add(new Reassembly(), true, first(FrameKind.CLOSE, 96, 100))).toBe('bad');
  expect(add(new Reassembly(), false, new Uint8Array(1_023))).toBe('bad');
  expect(add(new Reassembly(), true, new Uint8Array(0))).toBe('bad');
  expect(new Reassembly().add(Uint8Array.of(8, 0, 1)).type).toBe('bad');
  const large = new Reassembly();
  const piece = new Uint8Array(REASSEMBLY_BYTES_MAX / 16);
  for (let count = 0; count < 16; count += 1) expect(add(large, false, piece)).toBe('partial');
  expect(add(large, true, new Uint8Array(1))).toBe('bad');
});

test('streams of eight priorities are put together side by side, within one mebibyte for all', () => {
  const reassembly = new Reassembly();
  const piece = (stream: number, isLast: boolean): Uint8Array => {
    const bytes = new Uint8Array(2 + 2_048).fill(stream);
    bytes.set([stream, isLast ? 1 : 0]);
    if (!isLast) bytes.set([FrameKind.BLOCK, 0, 15, 252], 2);
    return bytes;
  };
  for (let stream = 0; stream < 8; stream += 1)
    expect(reassembly.add(piece(stream, false)).type).toBe('partial');
  for (let stream = 7; stream >= 0; stream -= 1) {
    const result = reassembly.add(piece(stream, true));
    expect(result.type === 'frame' && result.body.at(-1)).toBe(stream);
  }
  expect(reassembly.bytes).toBe(0);
});

test('M6: a queue takes 4 MiB and then refuses, but an empty one takes any single item', () => {
  const queue = new SendQueue();
  const frame = new Uint8Array(100_000);
  let taken = 0;
  while (queue.push(frameItem(frame))) taken += 1;
  expect(taken).toBe(Math.floor(QUEUE_BYTES_MAX / frame.length));
  const one = { ...frameItem(frame), bytes: 2 * QUEUE_BYTES_MAX };
  expect(new SendQueue().push(one)).toBe(true);
});

test('a queue serves higher priorities first, gives each lower one its turn, and loses nothing', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(7), { maxLength: 300, size: 'max' }), (priorities) => {
      const queue = new SendQueue();
      priorities.forEach((priority, index) =>
        queue.push({ ...frameItem(Uint8Array.of(index & 255)), bytes: index + 1, priority }),
      );
      const out: number[] = [];
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) out.push(next.bytes - 1);
      expect([...out].sort((x, y) => x - y)).toEqual(priorities.map((_, index) => index));
      for (const priority of new Set(priorities)) {
        const ofPriority = out.filter((index) => priorities[index] === priority);
        expect(ofPriority).toEqual([...ofPriority].sort((x, y) => x - y));
      }
      expect([queue.bytes, queue.isEmpty]).toEqual([0, true]);
    }),
    { numRuns: 50 },
  );
});

test('no priority starves: of 16 urgent items one routine item gets its turn', () => {
  const queue = new SendQueue();
  queue.push(frameItem(Uint8Array.of(0), 0));
  for (let count = 0; count < 40; count += 1) queue.push(frameItem(Uint8Array.of(1), 7));
  const order = Array.from({ length: 41 }, () => queue.shift()?.priority);
  expect(order.indexOf(0)).toBe(16);
});

test('a retired link gives back what it has not wholly sent, and still receives', async () => {
  const pair = await establishedPair(a, b);
  pair.initiator.isConsuming = false;
  const large = item(
    await parcelOf(
      a,
      Array.from({ length: 8 }, () => envelopeOf('x'.repeat(60_000))),
    ),
  );
  pair.send('initiator', large);
  pair.send('initiator', frameItem(data(10), 0));
  pair.carry('initiator');
  const unsent = pair.initiator.machine.retire();
  expect(unsent[0]).toBe(large);
  expect(unsent).toHaveLength(2);
  pair.send('responder', frameItem(data(10, 7)));
  pair.carry('responder');
  expect(pair.initiator.of('protocol')).toHaveLength(1);
  pair.carry('initiator');
  expect(pair.responder.closed).toEqual({ type: 'close', code: 'LINK_DUPLICATE', isRemote: true });
});
