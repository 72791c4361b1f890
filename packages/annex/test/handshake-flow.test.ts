import {
  bytesToHex,
  concatBytes,
  equalBytes,
  ML_DSA_65_SIGNATURE_BYTES,
  mlKem768,
  SLOT_BYTES,
} from '@yakmesh/crypto';
import { beforeAll, expect, test } from '@jest/globals';
import type { CryptoJobs } from '../src/crypto-job.js';
import {
  answerBytes,
  CONFIRM_BYTES,
  decodeProof,
  encodeProof,
  encodeRefuse,
  openBytes,
  padHandshake,
  RefuseCode,
} from '../src/handshake/messages.js';
import { encodeParams } from '../src/handshake/params.js';
import { initiatorOf, NOW_MS, responderOf, shake, type Wire } from './support/handshake-pair.js';
import { addressOf, OTHER_NETWORK, PARAMS, party, SUITE, type Party } from './support/parties.js';
import { recomputed } from './support/recomputed.js';

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
});

test('acceptance 3: a message that is reflected, or of the other role, is dropped by a waiting end', async () => {
  const { sent: before } = await shake(alice, bob);
  const [open, answer, confirm] = before.map(({ bytes }) => bytes);
  for (const reflected of [open, confirm]) {
    const { initiator } = await shake(alice, bob, ({ bytes }, at) => (at === 1 ? reflected : bytes));
    expect([initiator.outcome, initiator.ignored]).toEqual([undefined, ['PEER_BAD_MESSAGE']]);
  }
  const { responder } = await shake(alice, bob, ({ bytes }, at) => (at === 2 ? answer : bytes));
  expect([responder.outcome, responder.ignored]).toEqual([undefined, ['PEER_BAD_MESSAGE']]);
  for (const bytes of [answer, confirm]) expect(responderOf(bob, bytes ?? new Uint8Array())).toBeUndefined();
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
  // Whoever proves the called end's own identity to it, the signature being good.
  const twin = { ...bob.self, nodeId: alice.self.nodeId };
  const { responder } = await shake({ ...bob, self: twin }, bob);
  expect([responder.outcome, responder.code]).toEqual([undefined, 'PEER_SELF']);
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

test('acceptance 4: whoever relays OPEN and ANSWER and puts its own CONFIRM after them fails the tag', async () => {
  const { sent: own } = await shake(mallory, bob);
  const swapped: Wire = ({ bytes }, at) => {
    if (at !== 2) return bytes;
    const [clear, proof] = [bytes.subarray(0, 24), own[2]?.bytes.subarray(24) ?? bytes];
    return [concatBytes(clear, proof), bytes];
  };
  const { responder } = await shake(alice, bob, swapped);
  expect([responder.ignored, responder.outcome?.peer?.nodeId]).toEqual([['PEER_DECRYPT'], alice.self.nodeId]);
});

test('acceptance 4: key and signature of one identity with the fin of another fail at either end', async () => {
  let shared = new Uint8Array(0) as Uint8Array;
  const jobs: CryptoJobs = async (job) => {
    const result = await bob.jobs(job);
    if (result.type === 'encapsulate') shared = result.sharedSecret.slice();
    return result;
  };
  const messages: Uint8Array[] = [];
  /** The message again, its fin made for mallory's key. */
  const forged = (at: 1 | 2): Uint8Array => {
    const [open, answer, confirm] = messages;
    if (open === undefined || answer === undefined) throw new Error('no handshake');
    const found = recomputed(bob, { open, answer, confirm }, shared.slice());
    if (found === undefined) throw new Error('no secrets');
    const { secrets, transcript1, transcript2, answerClear, answerProof, confirmClear, confirmProof } = found;
    const isAnswer = at === 1;
    const role = isAnswer ? secrets.responder : secrets.initiator;
    const clear = (isAnswer ? answerClear : confirmClear) ?? open;
    const length = isAnswer ? SLOT_BYTES : ML_DSA_65_SIGNATURE_BYTES;
    const proof = decodeProof((isAnswer ? answerProof : confirmProof) ?? open, length);
    if (proof === undefined) throw new Error('no proof');
    const th = isAnswer ? transcript1 : transcript2;
    const fin = role.fin(th, mallory.self.publicKey, proof.params, proof.signature);
    return concatBytes(clear, role.seal(encodeProof({ ...proof, fin }), clear));
  };
  for (const at of [1, 2] as const) {
    messages.length = 0;
    const wire: Wire = ({ bytes }, index) => {
      messages.push(bytes);
      return index === at ? forged(at) : bytes;
    };
    const { initiator, responder } = await shake(alice, bob, wire, {
      jobs: { initiator: alice.jobs, responder: jobs },
    });
    expect([at === 1 ? initiator.code : responder.code, responder.outcome]).toEqual([
      at === 1 ? 'ANNEX_FIN' : 'PEER_FIN',
      undefined,
    ]);
  }
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

test('acceptance 5: whoever is told that its version is not spoken calls no second time', async () => {
  const machine = initiatorOf(alice, bob);
  const [start] = machine.start();
  if (start?.type !== 'job') throw new Error('no job');
  machine.complete(start.ticket, await alice.jobs(start.job), NOW_MS);
  const refusal = encodeRefuse({ suite: SUITE.suite, session: machine.session, code: RefuseCode.VERSION });
  expect(machine.receive(refusal, NOW_MS)).toEqual([{ type: 'fail', code: 'ANNEX_VERSION' }]);
  expect([machine.tick(NOW_MS + 5_000), machine.deadlineMs]).toEqual([[], undefined]);
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
