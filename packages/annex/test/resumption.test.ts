import { bytesToHex, concatBytes, equalBytes } from '@yakmesh/crypto';
import { beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { padHandshake } from '../src/handshake/messages.js';
import { binderOf, Tickets, TICKETS_MAX, type Ticket } from '../src/handshake/resumption.js';
import {
  decodeReanswer,
  decodeReconfirm,
  decodeReopen,
  reanswerBytes,
  RECONFIRM_BYTES,
  reopenBytes,
} from '../src/handshake/resumption-messages.js';
import { shake, type HandshakeResult, type Wire } from './support/handshake-pair.js';
import { NETWORK, party, SUITE, type Party } from './support/parties.js';

const PSK = new Uint8Array(64).fill(3);
let alice: Party;
let bob: Party;

beforeAll(async () => {
  [alice, bob] = await Promise.all([party('alice'), party('bob')]);
});

const ticketFor = (peer: Party, psk = PSK, id = 1): Ticket => ({
  id: new Uint8Array(16).fill(id),
  psk: psk.slice(),
  peer: peer.self,
  endMs: 1_000,
});

/** A call with a ticket; the called end has the same, another, or none. */
const resume = (wire?: Wire, called: Ticket | undefined = ticketFor(alice)): Promise<HandshakeResult> =>
  shake(alice, bob, wire, { initiator: { ticket: ticketFor(bob) }, responder: { ticket: called } });

const isDone = ({ initiator, responder }: HandshakeResult): boolean[] => [
  initiator.outcome !== undefined,
  responder.outcome !== undefined,
];

test('a resumed handshake has 1368, 1304 and 136 bytes, each in 2048, and nobody signs', async () => {
  const before = [alice.signatures(), bob.signatures()];
  const { sent } = await resume();
  expect(sent.map(({ bytes }) => bytes.length)).toEqual([1_368, 1_304, 136]);
  expect([reopenBytes(SUITE), reanswerBytes(SUITE), RECONFIRM_BYTES]).toEqual([1_368, 1_304, 136]);
  expect(sent.map(({ bytes }) => padHandshake(bytes).length)).toEqual([2_048, 2_048, 2_048]);
  expect([alice.signatures(), bob.signatures()]).toEqual(before);
});

test('both ends derive the same fresh secrets, and know each other by the ticket', async () => {
  const [first, second] = [await resume(), await resume()];
  const [a, b] = [first.initiator.outcome, first.responder.outcome];
  for (const name of ['root', 'transcript', 'exporter', 'id', 'ticketId', 'psk'] as const)
    expect(a?.secrets[name]).toEqual(b?.secrets[name]);
  expect([a?.peer?.nodeId, b?.peer?.nodeId]).toEqual([bob.self.nodeId, alice.self.nodeId]);
  expect(second.initiator.outcome?.secrets.root).not.toEqual(a?.secrets.root);
});

test('a called end that has no such ticket answers in full, and both sign', async () => {
  const result = await shake(alice, bob, undefined, { initiator: { ticket: ticketFor(bob) } });
  expect(result.sent.map(({ bytes }) => bytes.length)).toEqual([1_368, 7_001, 5_397]);
  expect(isDone(result)).toEqual([true, true]);
  expect(result.initiator.outcome?.resumed).toBeUndefined();
});

test('whoever answers without the psk of the ticket is not believed', async () => {
  const result = await resume(undefined, ticketFor(alice, new Uint8Array(64).fill(4)));
  expect([isDone(result), result.initiator.ignored]).toEqual([[false, false], ['PEER_DECRYPT']]);
});

test('an answer that resumes is no answer to a call without a ticket', async () => {
  const { sent } = await resume();
  const reanswer = sent[1]?.bytes ?? new Uint8Array();
  const result = await shake(alice, bob, ({ bytes, from }) => (from === 'responder' ? reanswer : bytes));
  expect([isDone(result), result.initiator.ignored]).toEqual([[false, false], ['PEER_BAD_MESSAGE']]);
});

test('a bit that changes on the way makes no session at the end that gets it', async () => {
  const change = fc.record({ message: fc.nat(2), at: fc.nat(1_367), bit: fc.nat(7) });
  await fc.assert(
    fc.asyncProperty(change, async ({ message, at, bit }) => {
      const result = await resume(({ bytes }, index) => {
        if (index !== message) return bytes;
        const place = at % bytes.length;
        const changed = bytes.slice();
        changed[place] = (changed[place] ?? 0) ^ (1 << bit);
        return changed;
      });
      // The last message is sent by an end that is done already.
      expect(isDone(result)).toEqual([message === 2, false]);
    }),
    { numRuns: 60 },
  );
});

test('the binder covers network, called end, psk and every byte before it', async () => {
  const bound = Uint8Array.from({ length: 1_336 }, (_, at) => at);
  const other = (bytes: Uint8Array): Uint8Array => concatBytes(bytes.subarray(0, -1), Uint8Array.of(99));
  const id = bob.self.nodeIdBytes;
  const binders = [
    binderOf(NETWORK, id, PSK, bound),
    binderOf(other(NETWORK), id, PSK, bound),
    binderOf(NETWORK, other(id), PSK, bound),
    binderOf(NETWORK, id, other(PSK), bound),
    binderOf(NETWORK, id, PSK, other(bound)),
  ];
  expect(new Set(binders.map((binder) => bytesToHex(binder))).size).toBe(binders.length);
});

test('the decoders take nothing of another type, length or suite', async () => {
  const { sent } = await resume();
  const decoders = [decodeReopen, decodeReanswer, decodeReconfirm];
  for (const [index, { bytes }] of sent.entries()) {
    expect(decoders.map((decode) => decode(bytes) !== undefined)).toEqual(
      decoders.map((_, at) => at === index),
    );
    expect(decoders[index]?.(bytes.subarray(0, -1))).toBeUndefined();
    const suite = concatBytes(bytes.subarray(0, 4), Uint8Array.of(0, 9), bytes.subarray(6));
    expect(decoders[index]?.(suite)).toBeUndefined();
  }
});

test('a ticket serves once, and not after its end', () => {
  const tickets = new Tickets();
  const ticket = ticketFor(bob);
  const { nodeId } = bob.self;
  tickets.keep(ticket, 0);
  expect([tickets.take(nodeId, 1_000), tickets.named(ticket.id, 1_000)]).toEqual([undefined, undefined]);
  expect([tickets.named(ticket.id, 999), tickets.take(nodeId, 999)]).toEqual([ticket, ticket]);
  expect([tickets.take(nodeId, 0), tickets.named(ticket.id, 0)]).toEqual([undefined, undefined]);
});

test('the newest ticket of a peer takes the place of the one before, which is wiped', () => {
  const tickets = new Tickets();
  const [old, young] = [ticketFor(bob), ticketFor(bob, PSK, 2)];
  tickets.keep(old, 0);
  tickets.keep(young, 0);
  expect([tickets.size, tickets.named(old.id, 0), tickets.named(young.id, 0)]).toEqual([1, undefined, young]);
  expect(equalBytes(old.psk, new Uint8Array(64))).toBe(true);
});

test('beyond its limit the oldest ticket is forgotten, and what is too old goes first', () => {
  const tickets = new Tickets();
  const of = (number: number, endMs = 1_000): Ticket => {
    const id = new Uint8Array(16);
    new DataView(id.buffer).setUint32(0, number);
    return { ...ticketFor(bob), id, endMs, peer: { ...bob.self, nodeId: `yak1${number}` as never } };
  };
  for (let number = 0; number <= TICKETS_MAX; number += 1) tickets.keep(of(number), 0);
  expect([tickets.size, tickets.named(of(0).id, 0)]).toEqual([TICKETS_MAX, undefined]);
  tickets.keep(of(TICKETS_MAX + 1, 2_000), 1_000);
  expect(tickets.size).toBe(1);
  tickets.clear();
  expect(tickets.size).toBe(0);
});
