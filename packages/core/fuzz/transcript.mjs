// One real handshake between two machines, written down, so that its steps can be repeated without their cost.
import { CryptoPool, Identity, xWing } from '@yakmesh/crypto';
import { InitiatorMachine } from '../dist/handshake/initiator.js';
import { encodeParams } from '../dist/handshake/params.js';
import { PuzzleIssuer } from '../dist/handshake/puzzle.js';
import { ResponderMachine } from '../dist/handshake/responder.js';
import { MeshCrypto } from '../dist/mesh-crypto.js';
import { networkHash } from '../dist/network-hash.js';
import { systemClock } from '../dist/transport/index.js';
import { machineRandom } from './mutation.mjs';

export const NOW_MS = 1_800_000_000_000;
export const NETWORK = networkHash(xWing.suite, { networkId: 'fuzz', networkFingerprint: null });
const never = new AbortController().signal;

export async function party(seed) {
  const random = machineRandom(seed);
  const identity = await Identity.fromSeed(random.bytes(32));
  const pool = new CryptoPool({ workers: 0 });
  const crypto = new MeshCrypto({ identity, clock: systemClock, random, pool, headsScale: 1 });
  const { nodeId, nodeIdBytes, publicKey } = identity;
  const params = encodeParams({ bootId: random.bytes(16), creditBytes: 262_144, messagesPerSecond: 0 });
  return {
    identity,
    crypto,
    jobs: crypto.jobs(String(seed)),
    self: { nodeId, nodeIdBytes, publicKey, params },
  };
}

const accept = () => undefined;

export function initiatorOf({ self }) {
  const random = machineRandom(1);
  return new InitiatorMachine({
    kem: xWing,
    networkHash: NETWORK,
    self,
    expected: undefined,
    random,
    deny: accept,
  });
}

export function responderOf({ self }, bits = 0) {
  const random = machineRandom(2);
  return new ResponderMachine({
    kem: xWing,
    networkHashes: [NETWORK],
    self,
    random,
    deny: accept,
    admit: () => undefined,
    puzzles: new PuzzleIssuer({ random, bits: () => bits }),
    scope: '192.0.2.1',
  });
}

/** Machines wipe the secrets that they are given. */
const copyOf = (result) =>
  'sharedSecret' in result ? { ...result, sharedSecret: result.sharedSecret.slice() } : result;

/** Runs one handshake for real; answers its messages, and each job's result by type. */
export async function record(a, b) {
  const results = {};
  const keySeed = new Uint8Array(xWing.seedBytes).fill(3);
  const doJob = async (jobs, job) => {
    const result =
      job.type === 'generate'
        ? { type: 'generate', keyPair: await xWing.fromSeed(keySeed) }
        : await jobs(job, never);
    results[job.type] = copyOf(result);
    return result;
  };
  const machines = { initiator: initiatorOf(a), responder: responderOf(b) };
  const jobs = { initiator: a.jobs, responder: b.jobs };
  const sent = [];
  const outcomes = {};
  const work = machines.initiator.start().map((action) => ({ role: 'initiator', action }));
  for (let next = work.shift(); next !== undefined; next = work.shift()) {
    const { role, action } = next;
    const peer = role === 'initiator' ? 'responder' : 'initiator';
    if (action.type === 'send') {
      sent.push(action.bytes);
      for (const more of machines[peer].receive(action.bytes.slice(), NOW_MS))
        work.push({ role: peer, action: more });
    } else if (action.type === 'job') {
      const result = await doJob(jobs[role], action.job);
      for (const more of machines[role].complete(action.ticket, result)) work.push({ role, action: more });
    } else outcomes[role] = action.outcome;
  }
  // Key pairs are destroyed with their machine: each replay gets its own.
  const freshKeyPair = () => xWing.fromSeed(keySeed);
  return { sent, outcomes, results, freshKeyPair };
}

/** Lets a machine go on with the recorded results until it wants something else; answers its last actions. */
export function goOn(machine, actions, results) {
  let last = actions;
  for (;;) {
    const job = last.find(({ type }) => type === 'job');
    if (job === undefined) return last;
    const known = results[job.job.type];
    // A signature over other bytes than the recorded ones would not verify: the worst case is that it does.
    const answers = {
      verify: { type: 'verify', valid: true },
      'verify-slot': { type: 'verify-slot', valid: true },
    };
    const result = answers[job.job.type] ?? (known === undefined ? { type: 'failed' } : copyOf(known));
    last = machine.complete(job.ticket, result);
  }
}
