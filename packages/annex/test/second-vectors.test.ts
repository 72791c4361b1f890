import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bytesToHex } from '@yakmesh/crypto';
import { expect, test } from '@jest/globals';
import { InitiatorMachine } from '../src/handshake/initiator-machine.js';
import { decodeOpen } from '../src/handshake/messages.js';
import { ResponderMachine } from '../src/handshake/responder-machine.js';
import { fixedJobs, kemOf, scripted, selfOf, settle, type Reaction } from './second/ours.js';
import { identityOf } from './second/primitives.js';
import { inputsOf, runCase, VECTOR_CASES, vectorText, type VectorCase } from './second/vector.js';

const PLACE = join(dirname(fileURLToPath(import.meta.url)), 'vectors');
const NOW_MS = 0;

/** The kept file; `RECORD=1` writes it anew, which only a new version of the protocol may ask for. */
function kept(vectorCase: VectorCase): string {
  const file = join(PLACE, `${vectorCase.name}.json`);
  if (process.env.RECORD === '1') writeFileSync(file, vectorText(vectorCase));
  return readFileSync(file, 'utf8');
}

const hexOf = (reaction: Reaction): string[] => reaction.sent.map((bytes) => bytesToHex(bytes));

/** The initiator's messages and end, with the kept answers put before it. */
async function initiate(vectorCase: VectorCase) {
  const { initiator: input, responder } = inputsOf(vectorCase);
  const { messages, netFp } = runCase(vectorCase);
  const { publicKey, id } = identityOf(responder.identitySeed);
  const machine = new InitiatorMachine({
    kem: kemOf(vectorCase.suite),
    networkHash: netFp,
    self: selfOf(identityOf(input.identitySeed), input.params),
    peer: selfOf({ publicKey, id, sign: () => id }, responder.params),
    isAnonymous: vectorCase.isAnonymous ?? false,
    random: scripted(input.sid, input.nonce, input.filler?.publicKey, input.filler?.signature),
    nowMs: NOW_MS,
  });
  const jobs = fixedJobs({ ...vectorCase, ...input });
  const reactions = [await settle(machine, machine.start(), jobs)];
  for (const bytes of [messages.challenge, messages.answer])
    if (bytes !== undefined) reactions.push(await settle(machine, machine.receive(bytes, NOW_MS), jobs));
  return reactions;
}

async function respond(vectorCase: VectorCase) {
  const { responder: input } = inputsOf(vectorCase);
  const { messages, netFp } = runCase(vectorCase);
  const openBytes = messages.openAgain ?? messages.open;
  const open = decodeOpen(openBytes);
  if (open === undefined) throw new Error('no OPEN');
  const machine = new ResponderMachine({
    kem: kemOf(vectorCase.suite),
    networkHash: netFp,
    self: selfOf(identityOf(input.identitySeed), input.params),
    random: scripted(input.sid, input.nonce),
    open,
    openBytes,
    nowMs: NOW_MS,
  });
  const jobs = fixedJobs({ ...vectorCase, ...input });
  const started = await settle(machine, machine.start(), jobs);
  return [started, await settle(machine, machine.receive(messages.confirm), jobs)];
}

test.each(VECTOR_CASES)('the second implementation reproduces the vector $name', (vectorCase) => {
  expect(vectorText(vectorCase)).toBe(kept(vectorCase));
});

test.each(VECTOR_CASES)('our initiator sends the bytes of the vector $name', async (vectorCase) => {
  const { messages, session } = runCase(vectorCase);
  const reactions = await initiate(vectorCase);
  const { open, openAgain, confirm } = messages;
  const expected = [open, openAgain, confirm].filter((bytes) => bytes !== undefined);
  expect(reactions.flatMap(hexOf)).toEqual(expected.map((bytes) => bytesToHex(bytes)));
  expect(reactions.at(-1)?.outcome?.secrets).toEqual(session);
});

test.each(VECTOR_CASES)('our responder sends the bytes of the vector $name', async (vectorCase) => {
  const { messages, session, initiatorId } = runCase(vectorCase);
  const reactions = await respond(vectorCase);
  expect(reactions.flatMap(hexOf)).toEqual([bytesToHex(messages.answer)]);
  const outcome = reactions.at(-1)?.outcome;
  expect(outcome?.secrets).toEqual(session);
  expect(outcome?.peer?.nodeIdBytes).toEqual(vectorCase.isAnonymous === true ? undefined : initiatorId);
});
