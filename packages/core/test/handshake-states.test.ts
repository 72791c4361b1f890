import { beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { CryptoJobs } from '../src/crypto-job.js';
import type { HandshakeAction } from '../src/handshake/actions.js';
import { SeededRandom } from '../src/testing/seeded-random.js';
import {
  handshake,
  initiatorOf,
  NOW_MS,
  responderOf,
  shake,
  type AnyMachine,
  type HandshakeResult,
} from './support/handshake-pair.js';
import { never, party, type Party } from './support/parties.js';

let a: Party;
let b: Party;
let good: HandshakeResult;

beforeAll(async () => {
  [a, b] = await Promise.all([party('alice'), party('bob')]);
  good = await shake(a, b);
});

const codeOf = (actions: readonly HandshakeAction[]): string | undefined =>
  actions.flatMap((action) => (action.type === 'fail' ? [action.code] : []))[0];

function bytesOf(index: number): Uint8Array {
  return good.sent[index]?.bytes ?? new Uint8Array(0);
}

/** Does a machine's jobs until it wants something else. */
async function finish(
  jobs: CryptoJobs,
  machine: Pick<AnyMachine, 'complete'>,
  actions: HandshakeAction[],
): Promise<HandshakeAction[]> {
  let last = actions;
  for (;;) {
    const job = last.find((action) => action.type === 'job');
    if (job?.type !== 'job') return last;
    last = machine.complete(job.ticket, await jobs(job.job, never));
  }
}

test('a second HELLO on one socket ends it, while the first is worked on and after the answer', async () => {
  const early = responderOf(b);
  early.receive(bytesOf(0), NOW_MS);
  expect(codeOf(early.receive(bytesOf(0), NOW_MS))).toBe('LINK_UNEXPECTED');
  const late = responderOf(b);
  await finish(b.jobs, late, late.receive(bytesOf(0), NOW_MS));
  expect(codeOf(late.receive(bytesOf(0), NOW_MS))).toBe('LINK_BAD_MESSAGE');
});

test('a second CONFIRM while the first is verified ends the handshake', async () => {
  const responder = responderOf(b);
  const initiator = initiatorOf(a);
  const [hello] = await finish(a.jobs, initiator, initiator.start());
  if (hello?.type !== 'send') throw new Error('no HELLO');
  const [welcome] = await finish(b.jobs, responder, responder.receive(hello.bytes, NOW_MS));
  if (welcome?.type !== 'send') throw new Error('no WELCOME');
  const [confirm] = await finish(a.jobs, initiator, initiator.receive(welcome.bytes));
  if (confirm?.type !== 'send') throw new Error('no CONFIRM');
  const [verification] = responder.receive(confirm.bytes, NOW_MS);
  expect(verification?.type).toBe('job');
  expect(codeOf(responder.receive(confirm.bytes, NOW_MS))).toBe('LINK_UNEXPECTED');
  if (verification?.type === 'job')
    expect(responder.complete(verification.ticket, { type: 'verify', valid: true })).toEqual([]);
});

test('CONFIRM before HELLO, and any message to an initiator that has sent nothing, end it', () => {
  expect(codeOf(responderOf(b).receive(bytesOf(2), NOW_MS))).toBe('PEER_NOT_HANDSHAKE');
  expect(codeOf(initiatorOf(a).receive(bytesOf(1)))).toBe('LINK_UNEXPECTED');
});

test('a second WELCOME while the first is opened ends the handshake', async () => {
  const initiator = initiatorOf(a);
  await finish(a.jobs, initiator, initiator.start());
  initiator.receive(bytesOf(1));
  expect(codeOf(initiator.receive(bytesOf(1)))).toBe('LINK_UNEXPECTED');
});

test.each([0, 2])('message %i is nothing that an initiator takes', async (index) => {
  const initiator = initiatorOf(a);
  await finish(a.jobs, initiator, initiator.start());
  expect(codeOf(initiator.receive(bytesOf(index)))).toBe('LINK_BAD_MESSAGE');
});

test('an ended machine wants nothing more, whatever comes', async () => {
  const responder = responderOf(b);
  responder.receive(Uint8Array.of(1), NOW_MS);
  expect(responder.receive(bytesOf(0), NOW_MS)).toEqual([]);
  expect(responder.complete(1, { type: 'failed' })).toEqual([]);
  const initiator = initiatorOf(a);
  initiator.start();
  initiator.destroy();
  expect(initiator.receive(bytesOf(1))).toEqual([]);
  expect(initiator.complete(1, { type: 'failed' })).toEqual([]);
});

test('a key pair that arrives after the end is destroyed', async () => {
  const initiator = initiatorOf(a);
  const [job] = initiator.start();
  if (job?.type !== 'job') throw new Error('no job');
  const result = await a.jobs(job.job, never);
  initiator.destroy();
  initiator.complete(job.ticket, result);
  if (result.type !== 'generate') throw new Error('no key pair');
  await expect(result.keyPair.decapsulate(new Uint8Array(1_120))).rejects.toMatchObject({
    code: 'IDENTITY_DESTROYED',
  });
});

test('a job that fails ends the handshake with LINK_DECRYPT, at every step', async () => {
  for (const failing of [
    'generate',
    'decapsulate',
    'verify-slot',
    'sign',
    'encapsulate',
    'sign-slot',
    'verify',
  ]) {
    const broken =
      (jobs: CryptoJobs): CryptoJobs =>
      async (job, signal) =>
        job.type === failing ? { type: 'failed' } : jobs(job, signal);
    const result = await handshake(initiatorOf(a), responderOf(b), {
      initiator: broken(a.jobs),
      responder: broken(b.jobs),
    });
    expect(result.responder.outcome).toBeUndefined();
    expect([result.initiator.code, result.responder.code]).toContain('LINK_DECRYPT');
  }
});

test('garbage at any state makes neither machine throw, and it answers strangers with nothing', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 9_000 }), (bytes) => {
      const answers = responderOf(b).receive(bytes, NOW_MS);
      expect(answers.every(({ type }) => type === 'fail')).toBe(true);
      expect(codeOf(initiatorOf(a).receive(bytes))).toBe('LINK_UNEXPECTED');
    }),
    { numRuns: 200 },
  );
});

test('messages of any kind in any order never throw and complete no responder', async () => {
  const random = new SeededRandom('orders');
  for (let round = 0; round < 60; round += 1) {
    const responder = responderOf(b);
    let actions: HandshakeAction[] = [];
    for (let step = 0; step < 4; step += 1) {
      const bytes = bytesOf(random.below(3)).slice();
      if (random.below(2) === 0) bytes[random.below(bytes.length)] = random.below(256);
      actions = responder.receive(bytes, NOW_MS);
      const job = actions.find(({ type }) => type === 'job');
      const failed = { type: 'failed' } as const;
      if (job?.type === 'job' && random.below(3) === 0) actions = responder.complete(job.ticket, failed);
      expect(actions.some(({ type }) => type === 'done')).toBe(false);
    }
  }
});
