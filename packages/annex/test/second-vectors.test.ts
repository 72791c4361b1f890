import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bytesToHex } from '@yakmesh/crypto';
import { expect, test } from '@jest/globals';
import { InitiatorMachine } from '../src/handshake/initiator-machine.js';
import { decodeOpen } from '../src/handshake/messages.js';
import { ResponderMachine } from '../src/handshake/responder-machine.js';
import { decodeReopen } from '../src/handshake/resumption-messages.js';
import { fixedJobs, kemOf, scripted, selfOf, settle, type Reaction } from './second/ours.js';
import { identityOf } from './second/primitives.js';
import {
  inputsOf,
  resumedCase,
  resumedText,
  runCase,
  VECTOR_CASES,
  vectorText,
  type VectorCase,
} from './second/vector.js';

const PLACE = join(dirname(fileURLToPath(import.meta.url)), 'vectors');
const NOW_MS = 0;

/** The kept file; `RECORD=1` writes it anew, which only a new version of the protocol may ask for. */
function kept(name: string, text: string): string {
  const file = join(PLACE, `${name}.json`);
  if (process.env.RECORD === '1') writeFileSync(file, text);
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
  const text = vectorText(vectorCase);
  expect(text).toBe(kept(vectorCase.name, text));
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

/** Our machines for the run that resumes, each with the ticket of its end. */
function resuming() {
  const { network, inputs, results } = resumedCase();
  const [a, b] = [identityOf(inputs.initiator.identitySeed), identityOf(inputs.responder.identitySeed)];
  const [callers, calleds] = [selfOf(a, inputs.initiator.params), selfOf(b, inputs.responder.params)];
  const ticketFor = (peer: typeof callers) => ({
    id: inputs.ticket.id,
    psk: inputs.ticket.psk.slice(),
    peer,
    endMs: Infinity,
  });
  const common = { kem: kemOf(1), networkHash: network.netFp, nowMs: NOW_MS };
  const { reopen } = results.messages;
  const open = decodeReopen(reopen)?.open;
  if (open === undefined) throw new Error('no REOPEN');
  const initiator = new InitiatorMachine({
    ...common,
    self: callers,
    peer: calleds,
    isAnonymous: false,
    ticket: ticketFor(calleds),
    random: scripted(inputs.initiator.sid, inputs.initiator.nonce),
  });
  const responder = new ResponderMachine({
    ...common,
    self: calleds,
    ticket: ticketFor(callers),
    random: scripted(inputs.responder.sid, inputs.responder.nonce),
    open,
    openBytes: reopen,
  });
  const jobsOf = (end: object) =>
    fixedJobs({ ...end, suite: 1, identitySeed: inputs.initiator.identitySeed });
  return { machines: { initiator, responder }, jobsOf, inputs, ...results };
}

test('the second implementation reproduces the vector resumed', () => {
  const text = resumedText();
  expect(text).toBe(kept('resumed', text));
});

test('our initiator resumes with the bytes of the vector, and signs nothing', async () => {
  const { machines, jobsOf, inputs, messages, session } = resuming();
  const machine = machines.initiator;
  const jobs = jobsOf(inputs.initiator);
  const opened = await settle(machine, machine.start(), jobs);
  const confirmed = await settle(machine, machine.receive(messages.reanswer, NOW_MS), jobs);
  expect([opened, confirmed].flatMap(hexOf)).toEqual([
    bytesToHex(messages.reopen),
    bytesToHex(messages.reconfirm),
  ]);
  expect(confirmed.outcome?.secrets).toEqual(session);
});

test('our responder resumes with the bytes of the vector, and knows the caller by the ticket', async () => {
  const { machines, jobsOf, inputs, messages, session, initiatorId } = resuming();
  const machine = machines.responder;
  const jobs = jobsOf(inputs.responder);
  const answered = await settle(machine, machine.start(), jobs);
  const done = await settle(machine, machine.receive(messages.reconfirm), jobs);
  expect(answered.sent.map((bytes) => bytesToHex(bytes))).toEqual([bytesToHex(messages.reanswer)]);
  expect(done.outcome?.secrets).toEqual(session);
  expect(done.outcome?.peer?.nodeIdBytes).toEqual(initiatorId);
});
