import { randomBytes } from 'node:crypto';
import { bytesToHex, concatBytes, nodeIdOf, sha256, solvesHashPuzzle } from '@yakmesh/crypto';
import { SeededRandom } from '@yakmesh/core/testing';
import { beforeAll, expect, test } from '@jest/globals';
import { encodeChallenge, padHandshake } from '../src/handshake/messages.js';
import { encodeParams } from '../src/handshake/params.js';
import { GENERATION_RECORDS } from '../src/record/generations.js';
import { RecordSealer } from '../src/record/sealer.js';
import { padded, SecondInitiator, SecondResponder, type Session } from './second/handshake.js';
import { settle } from './second/ours.js';
import { identityOf, open, type Bytes } from './second/primitives.js';
import { generationKeys } from './second/ratchets.js';
import { initiatorOf, NOW_MS, responderOf } from './support/handshake-pair.js';
import { NETWORK, PARAMS, party, type Party } from './support/parties.js';

let alice: Party;
let bob: Party;
const params = encodeParams(PARAMS);
const second = identityOf(new Uint8Array(32).fill(8));

beforeAll(async () => {
  [alice, bob] = await Promise.all([party('alice'), party('bob')]);
});

const draw = (length: number): Bytes => new Uint8Array(randomBytes(length));
const common = () => ({
  suite: 1 as const,
  netFp: NETWORK,
  self: second,
  params,
  sid: draw(16),
  nonce: draw(32),
});
const secondResponder = () => {
  const slot = { timeMs: 1_800_000_000_000, batchId: draw(32), index: 77, salt: draw(32), path: draw(256) };
  return new SecondResponder({ ...common(), kemRandomness: draw(64), slot });
};
const secondInitiator = (peer: Party) =>
  new SecondInitiator({ ...common(), kemSeed: draw(32), peerId: peer.self.nodeIdBytes });
const secondParty = () => {
  const { publicKey, id } = second;
  return { ...alice, self: { ...alice.self, publicKey, nodeIdBytes: id, nodeId: nodeIdOf(publicKey) } };
};

function only(messages: readonly Bytes[]): Bytes {
  const [message] = messages;
  if (message === undefined || messages.length !== 1) throw new Error(`${messages.length} messages`);
  return message;
}

/** Our initiator calls the second responder; `change` is what the wire does to the ANSWER. */
async function callSecond(change: (answer: Bytes) => Bytes = (answer) => answer) {
  const machine = initiatorOf(alice, secondParty(), { random: new SeededRandom(bytesToHex(draw(8))) });
  const responder = secondResponder();
  const opening = only((await settle(machine, machine.start(), alice.jobs)).sent);
  const answer = change(responder.answer(opening));
  return { responder, ours: await settle(machine, machine.receive(answer, NOW_MS), alice.jobs) };
}

/** The second initiator calls our responder. */
async function callOurs() {
  const initiator = secondInitiator(bob);
  const machine = responderOf(bob, initiator.open, { random: new SeededRandom(bytesToHex(draw(8))) });
  if (machine === undefined) throw new Error('no OPEN');
  const answer = only((await settle(machine, machine.start(), bob.jobs)).sent);
  return {
    initiator,
    answer,
    finish: (confirm: Bytes) => settle(machine, machine.receive(confirm), bob.jobs),
  };
}

const secretsOf = ({ root, transcript, exporter, id, ticketId, psk }: Session) => ({
  root,
  transcript,
  exporter,
  id,
  ticketId,
  psk,
});

/** A copy with one bit of one byte turned. */
function turned(bytes: Bytes, at: number): Bytes {
  const copy = bytes.slice();
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

test('our initiator and the second responder come to the same secrets and know each other', async () => {
  const { responder, ours } = await callSecond();
  const session = responder.finish(only(ours.sent));
  expect(ours.outcome?.secrets).toEqual(secretsOf(session));
  expect([session.peerSid, session.peerId]).toEqual([ours.outcome?.ownSession, alice.self.nodeIdBytes]);
});

test('the second initiator and our responder come to the same secrets and know each other', async () => {
  const { initiator, answer, finish } = await callOurs();
  const { confirm, session } = initiator.confirm(answer);
  const { outcome } = await finish(confirm);
  expect(outcome?.secrets).toEqual(secretsOf(session));
  expect([outcome?.peer?.nodeIdBytes, outcome?.ownSession]).toEqual([second.id, session.peerSid]);
});

/** One byte of each field of the ANSWER, and of its tag. */
const ANSWER_PLACES = [0, 2, 3, 5, 7, 8, 24, 40, 72, 1_192, 3_144, 3_208, 6_953, 7_000];

test('both refuse an ANSWER with a turned bit in any field', async () => {
  for (const at of ANSWER_PLACES) {
    const { ours } = await callSecond((answer) => turned(answer, at));
    expect([at, ours.sent.length, ours.outcome]).toEqual([at, 0, undefined]);
    const { initiator, answer } = await callOurs();
    expect(() => initiator.confirm(turned(answer, at))).toThrow();
  }
}, 60_000);

test('both refuse a CONFIRM with a turned bit in any field', async () => {
  const [{ responder, ours }, calling] = [await callSecond(), await callOurs()];
  const confirm = only(ours.sent);
  const theirs = calling.initiator.confirm(calling.answer).confirm;
  for (const at of [0, 2, 3, 5, 7, 8, 24, 1_976, 2_040, 5_349, 5_396]) {
    expect(() => responder.finish(turned(confirm, at))).toThrow();
    expect([at, (await calling.finish(turned(theirs, at))).outcome]).toEqual([at, undefined]);
  }
});

test('both pad a message alike', async () => {
  const { answer, initiator } = await callOurs();
  for (const message of [answer, initiator.open]) expect(padded(message)).toEqual(padHandshake(message));
});

test('the second initiator solves a challenge of ours, and our responder answers it', async () => {
  const initiator = secondInitiator(bob);
  const [session, key] = [initiator.open.slice(16, 32), initiator.open.slice(64, -40)];
  const seed = draw(32);
  const challenge = { suite: 1, session, seed, bits: 7, count: 8, expirySeconds: 60 };
  const solved = initiator.solve(encodeChallenge(challenge));
  expect(solvesHashPuzzle(concatBytes(seed, session, sha256(key)), 7, solved.slice(-40))).toBe(true);
  const machine = responderOf(bob, solved);
  if (machine === undefined) throw new Error('no OPEN');
  const answer = only((await settle(machine, machine.start(), bob.jobs)).sent);
  const confirm = initiator.confirm(answer);
  const { outcome } = await settle(machine, machine.receive(confirm.confirm), bob.jobs);
  expect(outcome?.secrets).toEqual(secretsOf(confirm.session));
});

test('records open with the keys of the second hash ratchet, in both directions and over generations', () => {
  const root = draw(64);
  for (const role of ['initiator', 'responder'] as const) {
    const sealer = new RecordSealer({ role, root, peerSession: draw(16), nowMs: 0 });
    for (let sequence = 0; sequence <= 2 * GENERATION_RECORDS; sequence += 1) {
      const record = sealer.seal(Uint8Array.of(5), 0);
      sealer.acknowledged(record.epoch, record.sequence);
      if (sequence % GENERATION_RECORDS !== 0) continue;
      const { key, iv } = generationKeys(root, role === 'initiator' ? 'i' : 'r', 0, sequence >> 8);
      iv.set([(iv[10] ?? 0) ^ (sequence >> 8), (iv[11] ?? 0) ^ (sequence & 255)], 10);
      expect(open(key, iv, record.bytes.subarray(0, 28), record.bytes.subarray(28))[0]).toBe(5);
    }
  }
});
