import { beforeAll, beforeEach, expect, test } from '@jest/globals';
import { concatBytes, encodeBatchHead } from '@yakmesh/crypto';
import type { Parcel } from '../src/envelope/batch.js';
import { encodeEnvelope } from '../src/envelope/envelope.js';
import { KEY_WAIT_MS, KEYS_WANTED_MAX, SLOTS } from '../src/link/link-limits.js';
import { encodeBlock, encodeHeadFrame, encodeSingle } from '../src/link/parcel-frames.js';
import { encodeFrame, FrameKind } from '../src/record/frames.js';
import {
  envelopeOf,
  establishedPair,
  frameItem,
  item,
  parcelOf,
  type LinkPair,
} from './support/link-pair.js';
import { OTHER_NETWORK, party, type Party } from './support/parties.js';

let a: Party;
let b: Party;
let origins: Party[];
let pair: LinkPair;

beforeAll(async () => {
  [a, b] = await Promise.all([party('alice'), party('bob')]);
  origins = await Promise.all(Array.from({ length: 10 }, (_, index) => party(`origin ${index}`)));
});

beforeEach(async () => {
  pair = await establishedPair(a, b);
});

const originOf = (index: number): Party => origins[index] ?? a;
const texts = (count: number, length = 10) =>
  Array.from({ length: count }, (_, index) => envelopeOf(`${index} ${'x'.repeat(length)}`));

const keyFrame = (party: Party): Uint8Array => encodeFrame(FrameKind.KEY, party.self.publicKey);

/** Sends frames as they are, in one go. */
async function sendFrames(...frames: readonly Uint8Array[]): Promise<void> {
  for (const frame of frames) pair.send('initiator', frameItem(frame));
  await pair.settle();
}

function sequences(): number[] {
  return pair.responder.delivered.map(({ envelope }) => envelope.sequence);
}

test('a whole batch arrives as it was sent: KEY, HEAD, BLOCK', async () => {
  const parcel = await parcelOf(a, texts(5));
  pair.send('initiator', item(parcel));
  await pair.settle();
  const [arrival] = pair.responder.of('deliver');
  expect(arrival?.arrival).toMatchObject({ isWhole: true, ttl: 3 });
  expect(arrival?.arrival.batch.origin).toBe(a.self.nodeId);
  expect(pair.responder.delivered.map(({ core }) => core)).toEqual(parcel.messages.map(({ core }) => core));
  expect(pair.responder.delivered.map(({ id }) => id)).toEqual(parcel.messages.map(({ id }) => id));
});

test('part of a batch arrives with its paths, and can be passed on with them', async () => {
  const parcel = await parcelOf(a, texts(5));
  const part: Parcel = { ...parcel, isWhole: false, messages: parcel.messages.slice(1, 3) };
  pair.send('initiator', item(part));
  await pair.settle();
  expect(sequences()).toEqual(part.messages.map(({ envelope }) => envelope.sequence));
  expect(pair.responder.delivered[0]?.path).toHaveLength(3 * 32);
  const [arrival] = pair.responder.of('deliver');
  if (arrival === undefined) throw new Error('nothing arrived');
  const { batch, messages, ttl } = arrival.arrival;
  const next = await establishedPair(b, originOf(0));
  next.send('initiator', item({ ...part, batch, messages, ttl: ttl - 1 }));
  await next.settle();
  expect(next.responder.delivered[0]?.id).toEqual(messages[0]?.id);
  expect(next.responder.of('deliver')[0]?.arrival.batch.origin).toBe(a.self.nodeId);
});

test.each([1, 2, 3, 8, 9])('a batch of %i messages is rebuilt with its padding', async (count) => {
  pair.send('initiator', item(await parcelOf(a, texts(count))));
  await pair.settle();
  expect(pair.responder.delivered).toHaveLength(count);
});

test('H8: a ttl of 0 stays 0 on its way', async () => {
  pair.send('initiator', item(await parcelOf(a, texts(1), { ttl: 0 })));
  await pair.settle();
  expect(pair.responder.of('deliver')[0]?.arrival.ttl).toBe(0);
});

test('KEY goes over a link once for each signer, HEAD once for each batch', async () => {
  const verified: string[] = [];
  const { jobs } = pair.responder;
  pair.responder.jobs = (job, signal) => {
    if (job.type === 'verify-head') verified.push(job.type);
    return jobs(job, signal);
  };
  const parcel = await parcelOf(a, texts(4));
  for (const message of parcel.messages)
    pair.send('initiator', item({ ...parcel, isWhole: false, messages: [message] }));
  await pair.settle();
  expect([verified.length, pair.responder.delivered.length]).toEqual([1, 4]);
});

test('M1: a batch that comes twice is delivered once and costs one verification', async () => {
  const parcel = await parcelOf(a, texts(3));
  for (let count = 0; count < 3; count += 1) {
    pair.send('initiator', item(parcel));
    await pair.settle();
  }
  expect(pair.responder.delivered).toHaveLength(3);
  expect(pair.responder.faults('PEER_DUPLICATE')).toBe(6);
});

test('naming a slot that was never set closes the link', async () => {
  const parcel = await parcelOf(a, texts(1));
  await sendFrames(keyFrame(a), encodeBlock(9, 1, parcel.messages));
  expect(pair.responder.closed?.code).toBe('LINK_BAD_FRAME');
});

test('a slot beyond 255 closes the link, in HEAD, BLOCK and ENV', async () => {
  const parcel = await parcelOf(a, texts(1));
  const [message] = parcel.messages;
  if (message === undefined) throw new Error('no message');
  for (const frame of [
    encodeHeadFrame(SLOTS, parcel.batch),
    encodeBlock(SLOTS, 1, parcel.messages),
    encodeSingle(SLOTS, 1, parcel.batch, message),
  ]) {
    pair = await establishedPair(a, b);
    await sendFrames(keyFrame(a), frame);
    expect(pair.responder.closed?.code).toBe('LINK_BAD_FRAME');
  }
});

test('a slot can be overwritten: messages before belong to the old batch, those after to the new', async () => {
  const [first, second] = [await parcelOf(a, texts(2)), await parcelOf(originOf(0), texts(2))];
  await sendFrames(
    keyFrame(a),
    keyFrame(originOf(0)),
    encodeHeadFrame(3, first.batch),
    encodeBlock(3, 1, first.messages),
    encodeHeadFrame(3, second.batch),
    encodeBlock(3, 1, second.messages),
  );
  const expected = [...first.messages, ...second.messages].map(({ envelope }) => envelope.sequence);
  expect(sequences()).toEqual(expected);
});

test('a message under the head of another batch convicts the neighbour', async () => {
  const [first, second] = [await parcelOf(a, texts(2)), await parcelOf(a, texts(2))];
  await sendFrames(keyFrame(a), encodeHeadFrame(0, first.batch), encodeBlock(0, 1, second.messages));
  expect(pair.responder.closed?.code).toBe('LINK_BAD_SIGNATURE');
});

test('more than 256 batches share the slots, and all arrive in order', async () => {
  const parcels: Parcel[] = [];
  for (let count = 0; count < 3; count += 1) parcels.push(await parcelOf(a, texts(2)));
  // Slots are the sender's to reuse: the batches take turns, under names of their own.
  for (let count = 0; count < SLOTS + 20; count += 1) {
    const parcel = parcels[count % 3];
    if (parcel === undefined) continue;
    pair.send('initiator', item({ ...parcel, batch: { ...parcel.batch, key: `batch ${count}` } }));
  }
  await pair.settle();
  expect([pair.responder.closed, pair.responder.delivered.length]).toEqual([undefined, 6]);
  expect(pair.responder.faults('PEER_DUPLICATE')).toBe(2 * (SLOTS + 20) - 6);
});

test('one bit changed in the signature or head of HEAD closes with LINK_BAD_SIGNATURE, and nothing is delivered', async () => {
  const parcel = await parcelOf(a, texts(2));
  for (const at of [4 + 11 + 80, 4 + 11 + 112, 4 + 11 + 112 + 3_308]) {
    pair = await establishedPair(a, b);
    const head = encodeHeadFrame(0, parcel.batch);
    head[at] = (head[at] ?? 0) ^ 1;
    await sendFrames(keyFrame(a), head, encodeBlock(0, 1, parcel.messages));
    expect(pair.responder.closed?.code).toBe('LINK_BAD_SIGNATURE');
    expect(pair.responder.delivered).toEqual([]);
  }
});

test('one bit changed anywhere in the payloads of a BLOCK convicts the neighbour; nothing of it is delivered', async () => {
  const parcel = await parcelOf(a, texts(3));
  const block = encodeBlock(0, 1, parcel.messages);
  for (const at of [10, 25, block.length - 1]) {
    pair = await establishedPair(a, b);
    const changed = block.slice();
    changed[at] = (changed[at] ?? 0) ^ 1;
    await sendFrames(keyFrame(a), encodeHeadFrame(0, parcel.batch), changed);
    expect(pair.responder.closed?.code).toBe('LINK_BAD_SIGNATURE');
    expect(pair.responder.delivered).toEqual([]);
  }
});

test('an ENV with another index, a wrong path or one of another depth convicts the neighbour', async () => {
  const parcel = await parcelOf(a, texts(4));
  const [first] = parcel.messages;
  if (first === undefined) throw new Error('no message');
  const right = parcel.batch.tree?.path(0) ?? new Uint8Array(0);
  const wrong = right.slice();
  wrong[0] = (wrong[0] ?? 0) ^ 1;
  const message = { ...first, path: right };
  for (const changed of [
    { ...message, index: 1 },
    { ...message, index: 4 },
    { ...message, path: wrong },
    { ...message, path: right.subarray(32) },
    { ...message, path: concatBytes(right, right.subarray(0, 32)) },
    { ...message, salt: new Uint8Array(16) },
  ]) {
    pair = await establishedPair(a, b);
    await sendFrames(
      keyFrame(a),
      encodeHeadFrame(0, parcel.batch),
      encodeSingle(0, 1, parcel.batch, changed),
    );
    expect(pair.responder.closed?.code).toBe('LINK_BAD_SIGNATURE');
  }
});

test('a BLOCK that leaves a message out, swaps two or repeats one is refused', async () => {
  const parcel = await parcelOf(a, texts(4));
  const [one, two, three, four] = parcel.messages;
  if (one === undefined || two === undefined || three === undefined || four === undefined)
    throw new Error('no messages');
  for (const messages of [[one, two, three], [two, one, three, four], [one, two, three, four, four], [one]]) {
    pair = await establishedPair(a, b);
    await sendFrames(keyFrame(a), encodeHeadFrame(0, parcel.batch), encodeBlock(0, 1, messages));
    expect(pair.responder.closed?.code).toBe('LINK_BAD_SIGNATURE');
  }
});

test('a head signed for another use fails, whatever the frame says', async () => {
  const to = b.self.nodeIdBytes;
  const parcel = await parcelOf(a, [envelopeOf('x', { class: 2, to })], { use: 'direct' });
  const asGossip = { ...parcel.batch, use: 'gossip' as const };
  await sendFrames(keyFrame(a), encodeHeadFrame(0, asGossip), encodeBlock(0, 1, parcel.messages));
  expect(pair.responder.closed?.code).toBe('LINK_BAD_SIGNATURE');
});

test('a broadcast in a batch for direct messages, or the reverse, is not delivered', async () => {
  const broadcast = await parcelOf(a, texts(1), { use: 'direct' });
  const to = b.self.nodeIdBytes;
  const direct = await parcelOf(a, [envelopeOf('x', { class: 2, to })], { use: 'gossip' });
  for (const parcel of [broadcast, direct]) pair.send('initiator', item(parcel));
  await pair.settle();
  expect([pair.responder.closed, pair.responder.delivered]).toEqual([undefined, []]);
  expect(pair.responder.faults('PEER_BAD_ENVELOPE')).toBe(2);
});

test('a batch of a network that we do not accept is counted and dropped, and its credit comes back', async () => {
  pair.send('initiator', item(await parcelOf(a, texts(2), { network: OTHER_NETWORK })));
  await pair.settle();
  expect(pair.responder.faults('PEER_UNKNOWN_NETWORK')).toBe(1);
  expect([pair.responder.delivered, pair.responder.closed]).toEqual([[], undefined]);
  await pair.pass(500);
  expect(pair.initiator.machine.liveness.isSuspect).toBe(false);
});

test('a batch signed for another network does not pass under this one’s prefix', async () => {
  const parcel = await parcelOf(a, texts(1), { network: OTHER_NETWORK });
  const disguised = { ...parcel.batch, networkHash: pair.initiator.outcome.networkHash };
  await sendFrames(keyFrame(a), encodeHeadFrame(0, disguised), encodeBlock(0, 1, parcel.messages));
  expect(pair.responder.closed?.code).toBe('LINK_BAD_SIGNATURE');
});

test('a head that names another signer than the key’s is not believed', async () => {
  const parcel = await parcelOf(a, texts(1));
  const forged = { ...parcel.batch.head, signer: originOf(0).self.nodeIdBytes };
  const batch = { ...parcel.batch, headBytes: encodeBatchHead(forged) };
  await sendFrames(keyFrame(originOf(0)), encodeHeadFrame(0, batch), encodeBlock(0, 1, parcel.messages));
  expect(pair.responder.closed?.code).toBe('LINK_BAD_SIGNATURE');
});

test('a key that is missing is asked for, and the messages wait for it', async () => {
  const parcel = await parcelOf(a, texts(2));
  await sendFrames(encodeHeadFrame(0, parcel.batch), encodeBlock(0, 1, parcel.messages));
  expect(pair.responder.delivered).toHaveLength(2);
  expect(pair.responder.closed).toBeUndefined();
});

test('a key that never comes drops its messages after 5 s, and the link goes on', async () => {
  const [unknown, known] = [await parcelOf(originOf(0), texts(2)), await parcelOf(a, texts(1))];
  await sendFrames(encodeHeadFrame(0, unknown.batch), encodeBlock(0, 1, unknown.messages));
  pair.send('initiator', item(known));
  await pair.settle();
  expect(pair.responder.delivered).toEqual([]);
  await pair.pass(KEY_WAIT_MS + 250);
  expect(sequences()).toEqual(known.messages.map(({ envelope }) => envelope.sequence));
  expect(pair.responder.closed).toBeUndefined();
});

test('more missing keys than may be asked for at once are asked for one after the other', async () => {
  const parcels: Parcel[] = [];
  for (const origin of origins) parcels.push(await parcelOf(origin, texts(1)));
  expect(parcels.length).toBeGreaterThan(KEYS_WANTED_MAX);
  const known = new Map(origins.map((origin) => [origin.self.nodeId as string, origin.self.publicKey]));
  pair = await establishedPair(a, b, { initiator: { keyFor: (nodeId) => known.get(nodeId) } });
  const frames = parcels.flatMap((parcel, slot) => [
    encodeHeadFrame(slot, parcel.batch),
    encodeBlock(slot, 1, parcel.messages),
  ]);
  await sendFrames(...frames);
  expect([pair.responder.closed, pair.responder.delivered.length]).toEqual([undefined, parcels.length]);
});

test('a missing key comes although the peer’s credit is used up', async () => {
  const origin = originOf(0);
  const parcel = await parcelOf(origin, [envelopeOf('y'.repeat(60_000))]);
  const keyFor = (): Uint8Array => origin.self.publicKey;
  pair = await establishedPair(a, b, { initiator: { keyFor } });
  // Six blocks of 60 KB wait for their key; the window is 256 KiB.
  const block = encodeBlock(0, 1, parcel.messages);
  await sendFrames(encodeHeadFrame(0, parcel.batch), ...new Array<Uint8Array>(6).fill(block));
  await pair.pass(250);
  expect([pair.responder.delivered.length, pair.responder.of('deliver').length]).toEqual([1, 4]);
  expect(pair.responder.faults('PEER_DUPLICATE')).toBe(2);
});

test('heads beyond the budget wait for it: credit is held back, nothing is lost and nobody is closed', async () => {
  pair = await establishedPair(a, b, { responder: { headsPerSecond: 4 } });
  const verified: number[] = [];
  const { jobs } = pair.responder;
  pair.responder.jobs = (job, signal) => {
    if (job.type === 'verify-head') verified.push(pair.nowMs);
    return jobs(job, signal);
  };
  const parcels: Parcel[] = [];
  for (let count = 0; count < 70; count += 1) parcels.push(await parcelOf(originOf(count % 10), texts(1)));
  for (const parcel of parcels) pair.send('initiator', item(parcel));
  await pair.settle();
  expect(verified).toHaveLength(64);
  await pair.pass(1_000);
  expect(verified).toHaveLength(68);
  await pair.pass(1_000);
  expect([pair.responder.delivered.length, pair.responder.closed]).toEqual([70, undefined]);
});

test('heads that wait for budget hold their credit: a flood of them stays within the window', async () => {
  pair = await establishedPair(a, b, { responder: { headsPerSecond: 1 } });
  const parcel = await parcelOf(a, texts(1));
  // Each head differs, so that none is known; none is ever verified within this test.
  for (let count = 0; count < 400; count += 1) {
    const head = encodeBatchHead({ ...parcel.batch.head, batchId: new Uint8Array(32).fill(count % 256) });
    pair.send('initiator', frameItem(encodeHeadFrame(count % 256, { ...parcel.batch, headBytes: head })));
  }
  pair.send('initiator', frameItem(keyFrame(a), 7));
  for (let round = 0; round < 20; round += 1) {
    pair.nowMs += 30;
    pair.carry('initiator');
    pair.carry('responder');
  }
  // 400 heads are 1.3 MiB; the window is 256 KiB.
  expect(pair.initiator.machine.queue.bytes).toBeGreaterThan(900_000);
});

test('a parcel of higher priority from the same batch may overtake one whose HEAD has not left yet', async () => {
  const [low, high] = [envelopeOf('low', { priority: 0 }), envelopeOf('high', { priority: 3 })];
  const parcel = await parcelOf(a, [low, high]);
  const [first, second] = parcel.messages;
  if (first === undefined || second === undefined) throw new Error('no messages');
  const parts = [
    { ...parcel, isWhole: false, messages: [first], priority: 0 },
    { ...parcel, isWhole: false, messages: [second], priority: 3 },
  ] as const;
  // The window has room for neither KEY nor HEAD of the first when the second comes.
  pair = await establishedPair(a, b, { creditBytes: 300 });
  pair.send('initiator', item(parts[0]));
  pair.carry('initiator');
  pair.send('initiator', item(parts[1]));
  pair.carry('initiator');
  // A word of highest priority brings the peer's real window.
  pair.send('initiator', frameItem(encodeFrame(FrameKind.PROTOCOL, Uint8Array.of(1, 97)), 7));
  await pair.pass(1_000);
  expect(pair.responder.closed).toBeUndefined();
  expect(sequences().sort()).toEqual([low.sequence, high.sequence].sort());
});

test('envelopes that expired or come from the future are counted and not delivered', async () => {
  const old = envelopeOf('old', { timeMs: 1_800_000_000_000 - 700_000 });
  const early = envelopeOf('early', { timeMs: 1_800_000_000_000 + 120_001 });
  pair.send('initiator', item(await parcelOf(a, [old, early, envelopeOf('fine')])));
  await pair.settle();
  expect(pair.responder.delivered).toHaveLength(1);
  expect([pair.responder.faults('PEER_EXPIRED'), pair.responder.faults('PEER_FROM_FUTURE')]).toEqual([1, 1]);
});

test('a core that its origin signed but nobody can read is counted and not delivered', async () => {
  const good = envelopeOf('fine');
  const bad = encodeEnvelope(envelopeOf('bad')).slice(0, -1);
  pair.send(
    'initiator',
    item(await parcelOf(a, [good, envelopeOf('bad')], { cores: [encodeEnvelope(good), bad] })),
  );
  await pair.settle();
  expect([pair.responder.delivered.length, pair.responder.faults('PEER_BAD_ENVELOPE')]).toEqual([1, 1]);
  expect(pair.responder.closed).toBeUndefined();
});

test('a small message keeps no large record alive', async () => {
  const parcel = await parcelOf(a, texts(1));
  const [message] = parcel.messages;
  if (message === undefined) throw new Error('no message');
  const filler = encodeFrame(FrameKind.PROTOCOL, Uint8Array.of(1, 97), new Uint8Array(60_000));
  await sendFrames(keyFrame(a), encodeHeadFrame(0, parcel.batch));
  await sendFrames(encodeSingle(0, 1, parcel.batch, message), filler);
  const [delivered] = pair.responder.delivered;
  expect(delivered?.core.buffer.byteLength).toBeLessThan(10_000);
  expect(delivered?.envelope.payload.buffer.byteLength).toBeLessThan(10_000);
});

test('one fresh message of a large block keeps no copy of the others alive', async () => {
  const large = envelopeOf('x'.repeat(50_000), { timeMs: 1_800_000_000_000 - 700_000 });
  const small = envelopeOf('small');
  pair.send('initiator', item(await parcelOf(a, [large, small])));
  await pair.settle();
  const [delivered] = pair.responder.delivered;
  expect(delivered?.envelope.sequence).toBe(small.sequence);
  expect(delivered?.core.buffer.byteLength).toBeLessThan(10_000);
});
