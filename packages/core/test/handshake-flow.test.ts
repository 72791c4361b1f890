import { beforeAll, expect, test } from '@jest/globals';
import { bytesToHex, mlKem768 } from '@yakmesh/crypto';
import type { CryptoJobs } from '../src/crypto-job.js';
import { networkHash } from '../src/network-hash.js';
import { systemRandom } from '../src/transport/index.js';
import {
  handshake,
  initiatorOf,
  responderOf,
  shake,
  type HandshakeResult,
} from './support/handshake-pair.js';
import { NETWORK, OTHER_NETWORK, party, type Party } from './support/parties.js';
import {
  fin,
  hash512,
  label,
  master,
  open,
  ownHkdf,
  platformHkdf,
  seal,
  secondSchedule,
} from './support/second-key-schedule.js';

let a: Party;
let b: Party;
let good: HandshakeResult;
/** The initiator's shared secret, which no observer has. */
let sharedSecret: Uint8Array;

beforeAll(async () => {
  a = await party('alice');
  b = await party('bob');
  const spying: CryptoJobs = async (job, signal) => {
    const result = await a.jobs(job, signal);
    if (result.type === 'decapsulate') sharedSecret = result.sharedSecret.slice();
    return result;
  };
  good = await handshake(initiatorOf(a), responderOf(b), { initiator: spying, responder: b.jobs });
});

function message(index: number): Uint8Array {
  return good.sent[index]?.bytes ?? new Uint8Array(0);
}

test('a handshake is HELLO, WELCOME and CONFIRM of the pinned sizes, and proves each to the other', () => {
  expect(good.sent.map(({ from, bytes }) => `${from} ${bytes.length}`)).toEqual([
    'initiator 1320',
    'responder 7001',
    'initiator 5397',
  ]);
  expect(good.initiator.outcome).toMatchObject({ role: 'initiator', nodeId: b.self.nodeId });
  expect(good.responder.outcome).toMatchObject({ role: 'responder', nodeId: a.self.nodeId });
});

test('both ends hold the same root, transcript and exporter, and know the other by key and params', () => {
  const { initiator, responder } = good;
  expect(initiator.outcome?.secrets).toEqual(responder.outcome?.secrets);
  expect(initiator.outcome?.publicKey).toEqual(b.identity.publicKey);
  expect(responder.outcome?.publicKey).toEqual(a.identity.publicKey);
  expect(responder.outcome?.params.bootId).toEqual(a.self.params.subarray(0, 16));
});

test('a second key schedule, written from PROTOCOL.md, derives the same keys and MACs', () => {
  const [hello, welcome, confirm] = [message(0), message(1), message(2)];
  const clear = welcome.slice(0, 1_192);
  const schedule = secondSchedule(NETWORK, hello, clear, sharedSecret);
  const ofWelcome = open(schedule.responder, welcome.slice(1_192), clear);
  const ofConfirm = open(schedule.initiator, confirm.slice(24), confirm.slice(0, 24));
  expect(ofWelcome.slice(0, 1_952)).toEqual(b.identity.publicKey);
  expect(ofConfirm.slice(0, 1_952)).toEqual(a.identity.publicKey);
  expect(ofWelcome.slice(-32)).toEqual(fin(schedule.responder, schedule.th1, ofWelcome.slice(0, -32)));
  const th2 = hash512(schedule.th1, ofWelcome);
  expect(ofConfirm.slice(-32)).toEqual(fin(schedule.initiator, th2, ofConfirm.slice(0, -32)));
  const derived = master(schedule, ofWelcome, ofConfirm);
  expect(good.initiator.outcome?.secrets).toEqual({
    root: derived.root,
    exporter: derived.exporter,
    transcript: derived.th3,
  });
});

test("the second schedule's HKDF is the platform's", () => {
  const [secret, salt, info] = [new Uint8Array(32).fill(1), new Uint8Array(64).fill(2), new Uint8Array(9)];
  expect(ownHkdf(secret, salt, info, 130)).toEqual(platformHkdf(secret, salt, info, 130));
});

test('a captured handshake and both stolen identities do not open it: only the erased ephemeral key does', () => {
  // Everything that a thief can have: both identity seeds, the network, all bytes on the wire; a guess for the secret.
  const welcome = message(1);
  const clear = welcome.slice(0, 1_192);
  for (const guess of [new Uint8Array(32), new Uint8Array(64), hash512(clear).slice(0, 32)]) {
    const schedule = secondSchedule(NETWORK, message(0), clear, guess);
    expect(() => open(schedule.responder, welcome.slice(1_192), clear)).toThrow();
  }
});

test('every run has its own keys, session ids and ciphertexts', async () => {
  const second = await shake(a, b, undefined, { responder: { random: systemRandom } });
  expect(second.initiator.outcome?.secrets.root).not.toEqual(good.initiator.outcome?.secrets.root);
  expect(second.sent[1]?.bytes.slice(24, 40)).not.toEqual(message(1).slice(24, 40));
});

test('suite 0x0002, plain ML-KEM-768, completes where the network says so', async () => {
  const hash = networkHash(mlKem768.suite, { networkId: 'tests', networkFingerprint: null });
  const result = await shake(a, b, undefined, {
    initiator: { kem: mlKem768, networkHash: hash },
    responder: { kem: mlKem768, networkHashes: [hash] },
  });
  expect(result.sent.map(({ bytes }) => bytes.length)).toEqual([1_288, 6_969, 5_397]);
  expect(result.responder.outcome?.nodeId).toBe(a.self.nodeId);
});

test('a responder of several networks binds the one that the initiator named', async () => {
  const result = await shake(a, b, undefined, {
    initiator: { networkHash: OTHER_NETWORK },
    responder: { networkHashes: [NETWORK, OTHER_NETWORK] },
  });
  expect(result.responder.outcome?.networkHash).toEqual(OTHER_NETWORK);
  expect(result.initiator.outcome?.networkHash).toEqual(OTHER_NETWORK);
});

test('labels bind their name, their context and the length asked for', () => {
  const secret = new Uint8Array(64).fill(9);
  const empty = new Uint8Array(0);
  const outputs = [
    label(secret, 'key', empty, 32),
    label(secret, 'iv', empty, 32),
    label(secret, 'key', Uint8Array.of(1), 32),
    label(secret, 'key', empty, 64).slice(0, 32),
  ].map(bytesToHex);
  expect(new Set(outputs).size).toBe(4);
});

test('the responder’s tag covers the clear bytes before it', () => {
  const schedule = secondSchedule(NETWORK, message(0), message(1).slice(0, 1_192), sharedSecret);
  const clear = message(1).slice(0, 1_192);
  const sealed = seal(schedule.responder, new Uint8Array(8), clear);
  expect(() => open(schedule.responder, sealed, clear.slice(1))).toThrow();
});
