import { beforeAll, expect, test } from '@jest/globals';
import { sha256 } from '@yakmesh/crypto';
import type { CryptoJobs } from '../src/crypto-job.js';
import { encodeInfo, encodeTranscriptSignature } from '../src/link/control-frames.js';
import { HELD_BYTES_MAX, RATCHET_MS, TRANSCRIPT_MS_MAX } from '../src/link/link-limits.js';
import { RunningTranscript, transcriptMessage } from '../src/record/transcript.js';
import { encodeFrame, FrameKind } from '../src/record/frames.js';
import {
  EPOCH_MS,
  establishedPair,
  frameItem,
  item,
  LinkPair,
  outcomeOf,
  parcelOf,
  envelopeOf,
  START_MS,
} from './support/link-pair.js';
import { NETWORK, party, SUITE, type Party } from './support/parties.js';
import { RecordPeer } from './support/record-peer.js';
import { hash512 } from './support/second-key-schedule.js';

let a: Party;
let b: Party;

beforeAll(async () => {
  [a, b] = await Promise.all([party('alice'), party('bob')]);
});

const ROUND_MS = 1.1 * RATCHET_MS + 1_000;
const word = (number: number): Uint8Array => encodeFrame(FrameKind.PROTOCOL, Uint8Array.of(1, 97, number));

/** Moves time without the ticks in between: only the last one is a tick. */
async function jump(pair: LinkPair, durationMs: number): Promise<void> {
  // Both ends hear of each other meanwhile, as pings would have it.
  for (let passedMs = 0; passedMs < durationMs; passedMs += 20_000) {
    pair.nowMs += 20_000;
    for (const end of [pair.initiator, pair.responder]) end.take(end.machine.tick(pair.nowMs), pair.nowMs);
    await pair.settle();
  }
}

/** All jobs that an end was asked for, by type. */
function watch(pair: LinkPair, role: 'initiator' | 'responder'): string[] {
  const types: string[] = [];
  const end = pair.end(role);
  const { jobs } = end;
  end.jobs = (job, signal) => {
    types.push(job.type);
    return jobs(job, signal);
  };
  return types;
}

test('the running transcript is T_{n+1} = SHA-512(T_n ‖ u64 n ‖ SHA-256(frames)) and leaves out relayed bodies', () => {
  const transcript = new RunningTranscript(new Uint8Array(64).fill(2));
  const frames = [
    { kind: FrameKind.PING, body: Uint8Array.of(0, 0, 0, 1) },
    { kind: FrameKind.ENV, body: new Uint8Array(300).fill(9) },
    { kind: FrameKind.PROTOCOL, body: Uint8Array.of(1, 97) },
  ];
  transcript.absorb(frames);
  const hashed = Uint8Array.of(6, 0, 0, 4, 0, 0, 0, 1, 0x13, 0, 1, 44, 0x30, 0, 0, 2, 1, 97);
  expect(transcript.hash).toEqual(hash512(new Uint8Array(64).fill(2), new Uint8Array(8), sha256(hashed)));
  expect(transcript.records).toBe(1);
});

test('what is signed holds transcript, role, epoch, record, hash and KEM part, in this order', () => {
  const [th3, hash, part] = [new Uint8Array(64).fill(1), new Uint8Array(64).fill(2), Uint8Array.of(3)];
  const message = transcriptMessage(th3, 'responder', 258, 5, hash, part);
  expect([...message.subarray(64, 77)]).toEqual([1, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 5]);
  expect(message).toHaveLength(64 + 1 + 4 + 8 + 64 + 1);
});

test('within 11 minutes both sides sign their transcript and move to a new epoch, again and again', async () => {
  const pair = await establishedPair(a, b);
  const [mine, theirs] = [watch(pair, 'initiator'), watch(pair, 'responder')];
  for (let round = 1; round <= 3; round += 1) {
    await jump(pair, ROUND_MS);
    for (const from of ['initiator', 'responder'] as const) pair.send(from, frameItem(word(round)));
    await pair.settle();
  }
  expect(mine).toEqual(Array(3).fill(['generate', 'sign', 'verify', 'decapsulate']).flat());
  expect(theirs).toEqual(Array(3).fill(['verify', 'encapsulate', 'sign']).flat());
  for (const end of [pair.initiator, pair.responder]) {
    expect(end.closed).toBeUndefined();
    expect(end.of('protocol').map(({ body }) => body[0])).toEqual([1, 2, 3]);
  }
});

test('records that come while the next root is computed are held, and arrive in order', async () => {
  const pair = await establishedPair(a, b);
  const decapsulation = pair.initiator.holdDecapsulation();
  const turning = jump(pair, ROUND_MS);
  const release = await decapsulation;
  for (let number = 0; number < 5; number += 1) {
    pair.send('responder', frameItem(word(number)));
    pair.carry('responder');
  }
  expect(pair.initiator.of('protocol')).toEqual([]);
  release();
  await turning;
  expect(pair.initiator.of('protocol').map(({ body }) => body[0])).toEqual([0, 1, 2, 3, 4]);
  expect(pair.initiator.closed).toBeUndefined();
});

test('more than 1 MiB held closes the link', async () => {
  const pair = await establishedPair(a, b);
  await new Promise<void>((waiting) => {
    pair.initiator.jobs = (job, signal) => {
      if (job.type !== 'decapsulate') return a.jobs(job, signal);
      waiting();
      return new Promise(() => undefined);
    };
    void jump(pair, ROUND_MS);
  });
  const wire = new Uint8Array(65_536);
  for (let held = 0; held <= HELD_BYTES_MAX; held += wire.length)
    pair.initiator.take(pair.initiator.machine.receive(wire, pair.nowMs, pair.nowMs), pair.nowMs);
  expect(pair.initiator.closed?.code).toBe('LINK_STALLED');
});

test.each(['initiator', 'responder'] as const)(
  'a transcript signature of the %s that does not hold closes the link with LINK_TRANSCRIPT',
  async (role) => {
    const pair = await establishedPair(a, b);
    const end = pair.end(role);
    const { jobs } = end;
    const wrong: CryptoJobs = async (job, signal) =>
      job.type === 'sign' ? { type: 'sign', signature: new Uint8Array(3_309) } : jobs(job, signal);
    end.jobs = wrong;
    await jump(pair, ROUND_MS);
    expect(pair.end(role === 'initiator' ? 'responder' : 'initiator').closed).toMatchObject({
      code: 'LINK_TRANSCRIPT',
      isRemote: false,
    });
  },
);

test('a pool that refuses work for a while ends no link: jobs are tried again', async () => {
  const pair = await establishedPair(a, b);
  for (const end of [pair.initiator, pair.responder]) {
    const { jobs } = end;
    const refused = new Map<string, number>();
    end.jobs = async (job, signal) => {
      const count = (refused.get(job.type) ?? 0) + 1;
      refused.set(job.type, count);
      return count <= 3 ? { type: 'failed' } : jobs(job, signal);
    };
  }
  await jump(pair, ROUND_MS);
  await pair.pass(10_000);
  pair.send('initiator', frameItem(word(1)));
  await pair.settle();
  expect([pair.initiator.closed, pair.responder.of('protocol').length]).toEqual([undefined, 1]);
});

test('a job that never succeeds ends the link with LINK_TRANSCRIPT', async () => {
  const pair = await establishedPair(a, b);
  pair.responder.jobs = async (job, signal) =>
    job.type === 'encapsulate' ? { type: 'failed' } : b.jobs(job, signal);
  await jump(pair, ROUND_MS);
  await pair.pass(10_000);
  expect(pair.responder.closed?.code).toBe('LINK_TRANSCRIPT');
});

test('a thief of the session keys who spoke for one side is found at the next signature', async () => {
  const pair = await establishedPair(a, b);
  // The thief holds the keys and replaces one record; sequence and tag are right, the transcript is not.
  const thief = new RecordPeer(outcomeOf('initiator', a).secrets.root, 'initiator');
  const sent = pair.initiator.records.length;
  for (let skipped = 0; skipped < sent; skipped += 1) thief.seal([word(0)]);
  pair.send('initiator', frameItem(word(1)));
  let isReplaced = false;
  pair.wire = (from, wire) => {
    if (from === 'responder' || isReplaced) return wire;
    isReplaced = true;
    return thief.seal([word(66)]);
  };
  await pair.settle();
  expect(pair.responder.of('protocol').map(({ body }) => body[0])).toEqual([66]);
  await jump(pair, ROUND_MS);
  expect(pair.responder.closed?.code).toBe('LINK_TRANSCRIPT');
});

test('a link without a transcript signature for 12 minutes closes with LINK_TRANSCRIPT', async () => {
  const pair = await establishedPair(a, b);
  pair.initiator.jobs = async (job, signal) =>
    job.type === 'generate' ? new Promise(() => undefined) : a.jobs(job, signal);
  // The initiator never gets its key pair and so never marks; carrying goes on by hand.
  while (pair.nowMs < START_MS + TRANSCRIPT_MS_MAX) {
    pair.nowMs += 10_000;
    for (const end of [pair.initiator, pair.responder]) end.take(end.machine.tick(pair.nowMs), pair.nowMs);
    for (let round = 0; round < 3; round += 1) {
      pair.carry('initiator');
      pair.carry('responder');
    }
  }
  expect(pair.responder.closed).toBeUndefined();
  pair.nowMs += 10_000;
  pair.responder.take(pair.responder.machine.tick(pair.nowMs), pair.nowMs);
  expect(pair.responder.closed?.code).toBe('LINK_TRANSCRIPT');
});

/** A responder and a hand-made initiator that is past the first words. */
function responderAndPeer(): {
  pair: LinkPair;
  peer: RecordPeer;
  receive: (frames: readonly Uint8Array[]) => void;
} {
  const pair = new LinkPair(a, b);
  const peer = new RecordPeer(outcomeOf('initiator', a).secrets.root, 'initiator');
  const receive = (frames: readonly Uint8Array[]): void => {
    const end = pair.responder;
    end.take(end.machine.receive(peer.seal(frames), pair.nowMs, pair.nowMs), pair.nowMs);
  };
  const networks = [NETWORK.slice(0, 8)];
  receive([encodeInfo({ endpoint: undefined, protocols: [], timeMs: EPOCH_MS, networks })]);
  return { pair, peer, receive };
}

const TMARK = encodeFrame(FrameKind.TMARK);
const signed = (changes: object = {}): Uint8Array =>
  encodeTranscriptSignature({
    epoch: 0,
    record: 1,
    signature: new Uint8Array(3_309),
    kemPart: new Uint8Array(SUITE.publicKeyBytes),
    ...changes,
  });

test('a second mark before the first is signed closes the link', () => {
  const { pair, receive } = responderAndPeer();
  receive([TMARK]);
  expect(pair.responder.closed).toBeUndefined();
  receive([TMARK]);
  expect(pair.responder.closed?.code).toBe('LINK_TRANSCRIPT');
});

test('a mark that is not signed within 60 s closes the link', () => {
  const { pair, receive } = responderAndPeer();
  receive([TMARK]);
  const { responder } = pair;
  responder.take(responder.machine.tick(START_MS + 60_000), START_MS + 60_000);
  expect(responder.closed?.code).not.toBe('LINK_TRANSCRIPT');
  const other = responderAndPeer();
  other.receive([TMARK]);
  other.pair.responder.take(other.pair.responder.machine.tick(START_MS + 60_001), START_MS + 60_001);
  expect(other.pair.responder.closed?.code).toBe('LINK_TRANSCRIPT');
});

test.each([
  { what: 'without a mark', frames: [signed()] },
  { what: 'for another epoch', frames: [signed({ epoch: 1 })], isMarked: true },
  { what: 'for another record', frames: [signed({ record: 2 })], isMarked: true },
  {
    what: 'with a KEM part of another size',
    frames: [signed({ kemPart: new Uint8Array(3) })],
    isMarked: true,
  },
  { what: 'twice', frames: [signed(), signed()], isMarked: true },
])('a transcript signature $what closes the link', ({ frames, isMarked }) => {
  const { pair, receive } = responderAndPeer();
  if (isMarked === true) receive([TMARK]);
  receive(frames);
  expect(pair.responder.closed?.code).toBe('LINK_TRANSCRIPT');
});

test('relayed content counts by kind and length only, so both ends agree on what they did not say', async () => {
  const pair = await establishedPair(a, b);
  pair.send('initiator', item(await parcelOf(a, [envelopeOf('x'.repeat(1_000))])));
  await pair.settle();
  await jump(pair, ROUND_MS);
  expect([pair.initiator.closed, pair.responder.closed]).toEqual([undefined, undefined]);
});
