import { bytesToHex, concatBytes, equalBytes, mlKem768, sha512 } from '@yakmesh/crypto';
import { beforeAll, expect, test } from '@jest/globals';
import {
  answerBytes,
  CONFIRM_BYTES,
  decodeOpen,
  openBytes,
  padHandshake,
} from '../src/handshake/messages.js';
import { encodeParams } from '../src/handshake/params.js';
import { initiatorOf, NOW_MS, responderOf, shake, type Wire } from './support/handshake-pair.js';
import { addressOf, OTHER_NETWORK, PARAMS, party, SUITE, type Party } from './support/parties.js';

let alice: Party;
let bob: Party;
let mallory: Party;

beforeAll(async () => {
  [alice, bob, mallory] = await Promise.all([party('alice'), party('bob'), party('mallory')]);
});

test('acceptance 1: the messages have exactly 1320, 7001 and 5397 bytes, in 2048, 8192 and 8192', async () => {
  const { sent } = await shake(alice, bob);
  expect(sent.map(({ bytes }) => bytes.length)).toEqual([1_320, 7_001, 5_397]);
  expect([openBytes(SUITE), answerBytes(SUITE), CONFIRM_BYTES]).toEqual([1_320, 7_001, 5_397]);
  expect(sent.map(({ bytes }) => padHandshake(bytes).length)).toEqual([2_048, 8_192, 8_192]);
  expect([openBytes(mlKem768), answerBytes(mlKem768)]).toEqual([1_288, 6_969]);
});

test('both ends derive the same secrets and know each other', async () => {
  const { initiator, responder } = await shake(alice, bob);
  const [a, b] = [initiator.outcome, responder.outcome];
  if (a === undefined || b === undefined) throw new Error('not done');
  for (const name of ['root', 'transcript', 'exporter', 'id'] as const)
    expect(bytesToHex(a.secrets[name])).toBe(bytesToHex(b.secrets[name]));
  expect([a.peer?.nodeId, b.peer?.nodeId]).toEqual([bob.self.nodeId, alice.self.nodeId]);
  expect([a.ownSession, a.peerSession]).toEqual([b.peerSession, b.ownSession]);
});

test('no identity, key or network hash shows in what is sent', async () => {
  const { sent } = await shake(alice, bob);
  const wire = bytesToHex(concatBytes(...sent.map(({ bytes }) => bytes)));
  for (const { self } of [alice, bob]) {
    expect(wire).not.toContain(bytesToHex(self.nodeIdBytes));
    expect(wire).not.toContain(bytesToHex(self.publicKey.subarray(0, 16)));
  }
});

test('acceptance 3: a wrong network, a wrong peer and a reflected message fail', async () => {
  const network = await shake(alice, bob, undefined, { responder: { networkHash: OTHER_NETWORK } });
  expect([network.initiator.outcome, network.initiator.ignored]).toEqual([undefined, ['PEER_DECRYPT']]);
  const peer = await shake(alice, bob, undefined, { initiator: { peer: addressOf(mallory) } });
  expect([peer.initiator.outcome, peer.initiator.ignored]).toEqual([undefined, ['PEER_DECRYPT']]);
  const reflect: Wire = ({ bytes, from }) => (from === 'responder' ? undefined : bytes);
  const { sent } = await shake(alice, bob, reflect);
  const initiator = initiatorOf(alice, bob);
  initiator.start();
  expect(initiator.receive(sent[0]?.bytes ?? new Uint8Array(), NOW_MS)).toEqual([
    { type: 'ignored', code: 'PEER_UNEXPECTED' },
  ]);
});

test('acceptance 3: an answer with our own session id, or our own identity, is refused', async () => {
  const own: Wire = ({ bytes, from }) => {
    if (from === 'initiator') return bytes;
    return concatBytes(bytes.subarray(0, 24), bytes.subarray(8, 24), bytes.subarray(40));
  };
  const equal = await shake(alice, bob, own);
  expect([equal.initiator.outcome, equal.initiator.ignored]).toEqual([undefined, ['PEER_BAD_MESSAGE']]);
  const self = await shake(alice, alice);
  expect([self.initiator.outcome, self.initiator.code]).toEqual([undefined, 'ANNEX_SELF']);
});

test('acceptance 3: a CONFIRM of another run is dropped without an answer', async () => {
  const first = await shake(alice, bob);
  const old = first.sent[2]?.bytes;
  const { responder, sent } = await shake(alice, bob, ({ bytes }, index) => (index === 2 ? old : bytes));
  expect([responder.outcome, sent.length]).toEqual([undefined, 3]);
});

test('acceptance 4: a responder that proves another identity than was called is ANNEX_PEER_MISMATCH', async () => {
  // Mallory knows whom Alice calls and hashes Bob's id, but has only her own key to sign with.
  const self = { ...mallory.self, nodeIdBytes: bob.self.nodeIdBytes };
  const { initiator, responder } = await shake(alice, { ...mallory, self }, undefined, {
    initiator: { peer: addressOf(bob) },
  });
  expect([initiator.code, initiator.outcome, responder.outcome]).toEqual([
    'ANNEX_PEER_MISMATCH',
    undefined,
    undefined,
  ]);
});

test('acceptance 4: the key of one identity with the signature of another fails', async () => {
  const self = { ...mallory.self, publicKey: alice.self.publicKey };
  const { responder } = await shake({ ...mallory, self }, bob);
  expect([responder.code, responder.outcome]).toEqual(['PEER_SIGNATURE', undefined]);
});

test('acceptance 5: a suite that was edited on the way ends nothing but the handshake', async () => {
  const edited: Wire = ({ bytes }) => {
    const copy = bytes.slice();
    copy[5] = 2;
    return copy;
  };
  const { initiator, responder, sent } = await shake(alice, bob, edited);
  expect([initiator.outcome, responder.outcome, sent.length]).toEqual([undefined, undefined, 1]);
});

test('acceptance 6: the same OPEN again gets the same ANSWER, for one encapsulation', async () => {
  const { sent } = await shake(alice, bob, ({ bytes }, index) => (index === 0 ? bytes : undefined));
  const open = sent[0]?.bytes ?? new Uint8Array();
  const machine = responderOf(bob, open);
  if (machine === undefined) throw new Error('no OPEN');
  let jobs = 0;
  let actions = machine.start();
  for (let next = actions.shift(); next !== undefined; next = actions.shift()) {
    if (next.type === 'send') break;
    if (next.type !== 'job') throw new Error(`unexpected ${next.type}`);
    jobs += 1;
    expect(machine.again()).toEqual([]);
    actions = machine.complete(next.ticket, await bob.jobs(next.job));
  }
  const [first] = machine.again();
  const [second] = machine.again();
  if (first?.type !== 'send' || second?.type !== 'send') throw new Error('no ANSWER');
  expect(equalBytes(first.bytes, second.bytes)).toBe(true);
  expect(jobs).toBe(2);
});

test('a handshake that nobody answers is sent again at 0.5, 1.5, 3.5 and 7.5 s and fails after ten', async () => {
  const machine = initiatorOf(alice, bob);
  const [start] = machine.start();
  if (start?.type !== 'job') throw new Error('no job');
  const [open] = machine.complete(start.ticket, await alice.jobs(start.job), NOW_MS);
  const times: number[] = [];
  let code: string | undefined;
  for (let atMs = NOW_MS; atMs <= NOW_MS + 11_000; atMs += 100) {
    for (const action of machine.tick(atMs)) {
      if (action.type === 'send') times.push(atMs - NOW_MS);
      if (action.type === 'send') expect(action).toEqual(open);
      if (action.type === 'fail') code = `${action.code} ${atMs - NOW_MS}`;
    }
  }
  expect([times, code]).toEqual([[500, 1_500, 3_500, 7_500], 'ANNEX_TIMEOUT 10000']);
});

test('an anonymous initiator proves nothing, and what it sends is as long', async () => {
  const self = { ...alice.self, params: encodeParams({ ...PARAMS, isAnonymous: true }) };
  const { responder, initiator, sent } = await shake({ ...alice, self }, bob, undefined, {
    initiator: { isAnonymous: true },
  });
  expect(responder.outcome?.peer).toBeUndefined();
  expect(responder.outcome?.isAnonymous).toBe(true);
  expect(initiator.outcome?.peer?.nodeId).toBe(bob.self.nodeId);
  expect(sent[2]?.bytes.length).toBe(5_397);
});

test('acceptance 8: a transcript and both identity keys do not give the session', async () => {
  // Everything but the ephemeral key: the schedule's only secret input is the shared secret, of which no part is on the wire.
  const { sent, initiator } = await shake(alice, bob);
  const open = decodeOpen(sent[0]?.bytes ?? new Uint8Array());
  const root = initiator.outcome?.secrets.root ?? new Uint8Array();
  const guesses = [alice, bob].map(({ self }) => sha512(concatBytes(self.publicKey, open?.nonce ?? root)));
  for (const guess of guesses) expect(equalBytes(guess, root)).toBe(false);
  const retry = await alice.jobs({
    type: 'decapsulate',
    keyPair: await SUITE.generate(),
    ciphertext: sent[1]?.bytes.slice(72, 72 + SUITE.ciphertextBytes) ?? root,
  });
  if (retry.type !== 'decapsulate') throw new Error('no secret');
  const { handshakeSecrets } = await import('../src/handshake/key-schedule.js');
  const answer = sent[1]?.bytes ?? root;
  const clear = answer.subarray(0, 72 + SUITE.ciphertextBytes);
  const network = new Uint8Array(32).fill(0x4e);
  const first = sent[0]?.bytes ?? root;
  const secrets = handshakeSecrets(network, bob.self.nodeIdBytes, first, clear, retry.sharedSecret);
  expect(secrets.responder.open(answer.subarray(clear.length), clear)).toBeUndefined();
});
