import { bytesToHex } from '@yakmesh/crypto';
import { SeededRandom } from '@yakmesh/core/testing';
import { expect, test } from '@jest/globals';
import type { CryptoJobs } from '../src/crypto-job.js';
import type { RatchetAction } from '../src/ratchet/ratchet-actions.js';
import { RatchetMachine } from '../src/ratchet/ratchet-machine.js';
import { decodeFrames, encodeFrame, type Frame, type RatchetFrame } from '../src/session/frames.js';
import { fixedJobs, kemOf } from './second/ours.js';
import { identityOf, uint, join, type Bytes } from './second/primitives.js';
import { inputsOf, runCase, VECTOR_CASES, type VectorCase } from './second/vector.js';

const NOW_MS = 0;
const KINDS = { ek: 11, ct: 12 } as const;

/** What a machine says and makes ready, until it waits. */
async function settle(machine: RatchetMachine, first: readonly RatchetAction[], jobs: CryptoJobs) {
  const frames: Frame[] = [];
  const roots: Bytes[] = [];
  const others: string[] = [];
  const work = [...first];
  for (let action = work.shift(); action !== undefined; action = work.shift()) {
    if (action.type === 'job') work.push(...machine.complete(action.ticket, await jobs(action.job), NOW_MS));
    else if (action.type === 'frame') frames.push(action.frame);
    else if (action.type === 'ready') roots.push(action.root.slice());
    else others.push(action.type);
  }
  return { frames: frames.map((frame) => bytesToHex(encodeFrame(frame))), roots, others };
}

function machinesOf(vectorCase: VectorCase) {
  const inputs = inputsOf(vectorCase);
  const { session } = runCase(vectorCase);
  const isAnonymous = vectorCase.isAnonymous ?? false;
  const keys = {
    initiator: identityOf(inputs.initiator.identitySeed).publicKey,
    responder: identityOf(inputs.responder.identitySeed).publicKey,
  };
  const machine = (role: 'initiator' | 'responder') =>
    new RatchetMachine({
      role,
      kem: kemOf(vectorCase.suite),
      root: session.root.slice(),
      transcript: session.transcript.slice(),
      peerKey: role === 'initiator' ? keys.responder : isAnonymous ? undefined : keys.initiator,
      isAnonymous: role === 'initiator' && isAnonymous,
      random: new SeededRandom('times'),
      nowMs: NOW_MS,
    });
  return { initiator: machine('initiator'), responder: machine('responder') };
}

function frameOf(vectorCase: VectorCase, kind: keyof typeof KINDS, body: Bytes): RatchetFrame {
  const [frame] = decodeFrames(join(uint(KINDS[kind], 1), body), kemOf(vectorCase.suite)) ?? [];
  if (frame === undefined || !('kemPart' in frame)) throw new Error('no frame');
  return frame;
}

test.each(VECTOR_CASES)(
  'both ends ratchet to the frames and roots of the vector $name',
  async (vectorCase) => {
    const machines = machinesOf(vectorCase);
    const inputs = inputsOf(vectorCase);
    for (const [at, expected] of runCase(vectorCase).ratchets.entries()) {
      const [from, to] =
        at % 2 === 0 ? (['initiator', 'responder'] as const) : (['responder', 'initiator'] as const);
      const jobsOf = (role: 'initiator' | 'responder') =>
        fixedJobs({ ...vectorCase, ...inputs.ratchets[at], identitySeed: inputs[role].identitySeed });
      const hexOf = (kind: keyof typeof KINDS): string =>
        bytesToHex(join(uint(KINDS[kind], 1), kind === 'ek' ? expected.ek : expected.ct));

      const offer = await settle(machines[from], machines[from].turn(NOW_MS), jobsOf(from));
      expect(offer.frames).toEqual([hexOf('ek')]);
      const keyFrame = frameOf(vectorCase, 'ek', expected.ek);
      const answer = await settle(machines[to], machines[to].received(keyFrame, NOW_MS), jobsOf(to));
      expect([answer.frames, answer.roots]).toEqual([[hexOf('ct')], [expected.root]]);
      const textFrame = frameOf(vectorCase, 'ct', expected.ct);
      const end = await settle(machines[from], machines[from].received(textFrame, NOW_MS), jobsOf(from));
      expect([end.roots, end.others]).toEqual([[expected.root], ['switch']]);
      expect(machines[to].entered(expected.epoch, NOW_MS)).toEqual([{ type: 'switch' }]);
    }
  },
);

test('a frame of the ratchet whose signature is not the one of the vector ends the session', async () => {
  const [vectorCase] = VECTOR_CASES;
  if (vectorCase === undefined) throw new Error('no case');
  const [turn] = runCase(vectorCase).ratchets;
  if (turn === undefined) throw new Error('no turn');
  const body = turn.ek.slice();
  body[body.length - 1] = (body[body.length - 1] ?? 0) ^ 1;
  const { responder } = machinesOf(vectorCase);
  const jobs = fixedJobs({ ...vectorCase, ...inputsOf(vectorCase).responder });
  const received = responder.received(frameOf(vectorCase, 'ek', body), NOW_MS);
  expect((await settle(responder, received, jobs)).others).toEqual(['fail']);
});
