import { beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  handshake,
  initiatorOf,
  JobLog,
  responderOf,
  type HandshakeResult,
  type Wire,
} from './support/handshake-pair.js';
import { party, SUITE, type Party } from './support/parties.js';

let a: Party;
let b: Party;
let logs: { readonly initiator: JobLog; readonly responder: JobLog };

beforeAll(async () => {
  a = await party('alice');
  b = await party('bob');
  const seed = new Uint8Array(SUITE.seedBytes).fill(7);
  logs = { initiator: new JobLog(a.jobs, SUITE, seed), responder: new JobLog(b.jobs, SUITE, seed) };
  await handshake(initiatorOf(a), responderOf(b), {
    initiator: logs.initiator.record,
    responder: logs.responder.record,
  });
});

/** The same run again, with other bytes on the wire: everything slow comes from the log. */
function again(wire: Wire): Promise<HandshakeResult> {
  return handshake(
    initiatorOf(a),
    responderOf(b),
    { initiator: logs.initiator.replay, responder: logs.responder.replay },
    wire,
  );
}

const flipping =
  (index: number, bit: number): Wire =>
  ({ bytes }, at) => {
    if (at !== index) return bytes;
    const changed = bytes.slice();
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    return changed;
  };

/** No flipped bit may complete a handshake at the end that it was meant for, nor at the sender's. */
async function expectNoLink(index: number, bit: number): Promise<void> {
  const { initiator, responder } = await again(flipping(index, bit));
  // The initiator has done its part when CONFIRM leaves; without the responder's first record no link comes of it.
  if (index < 2) expect(initiator.outcome).toBeUndefined();
  expect(responder.outcome).toBeUndefined();
}

test('the logged run completes again as it is', async () => {
  const { initiator, responder } = await again(({ bytes }) => bytes);
  expect(initiator.outcome?.secrets).toEqual(responder.outcome?.secrets);
});

const fields = {
  HELLO: {
    magic: 0,
    version: 2,
    type: 3,
    suite: 5,
    length: 7,
    prefix: 8,
    session: 16,
    nonce: 32,
    ek: 64,
    ekEnd: 1_279,
    puzzle: 1_280,
  },
  WELCOME: {
    magic: 1,
    version: 2,
    type: 3,
    suite: 5,
    length: 6,
    theirSession: 8,
    session: 24,
    nonce: 40,
    ct: 72,
    ctEnd: 1_191,
    pk: 1_192,
    params: 3_144,
    slot: 3_208,
    fin: 6_953,
    tag: 6_985,
    end: 7_000,
  },
  CONFIRM: {
    magic: 0,
    version: 2,
    type: 3,
    suite: 4,
    length: 7,
    session: 8,
    pk: 24,
    params: 1_976,
    signature: 2_040,
    fin: 5_349,
    tag: 5_381,
    end: 5_396,
  },
};

test.each(
  Object.entries(fields).flatMap(([name, offsets], index) =>
    Object.entries(offsets).map(([field, offset]) => ({ name, field, index, offset })),
  ),
)('one bit of $name’s $field flipped: no link', async ({ index, offset }) => {
  await expectNoLink(index, 8 * offset + 3);
});

test('any bit of any message flipped: no link and no exception', async () => {
  const sizes = [1_320, 7_001, 5_397];
  const flips = fc.nat(2).chain((index) => fc.tuple(fc.constant(index), fc.nat(8 * (sizes[index] ?? 1) - 1)));
  await fc.assert(
    fc.asyncProperty(flips, ([index, bit]) => expectNoLink(index, bit)),
    { numRuns: 150 },
  );
});

test.each([
  { index: 0, name: 'HELLO' },
  { index: 1, name: 'WELCOME' },
  { index: 2, name: 'CONFIRM' },
])('a $name that is one byte shorter or longer is dropped without an answer', async ({ index }) => {
  const cut: Wire = ({ bytes }, at) => (at === index ? bytes.slice(0, -1) : bytes);
  const grown: Wire = ({ bytes }, at) => (at === index ? Uint8Array.of(...bytes, 0) : bytes);
  for (const wire of [cut, grown]) {
    const { sent, responder, initiator } = await again(wire);
    expect(sent).toHaveLength(index + 1);
    expect(responder.outcome).toBeUndefined();
    const receiver = index === 1 ? initiator : responder;
    expect(['PEER_NOT_HANDSHAKE', 'LINK_BAD_MESSAGE']).toContain(receiver.code);
  }
});

test.each([0, 1, 2])('message %i with its length field made to fit the cut is dropped too', async (index) => {
  const wire: Wire = ({ bytes }, at) => {
    if (at !== index) return bytes;
    const cut = bytes.slice(0, -1);
    new DataView(cut.buffer).setUint16(6, cut.length);
    return cut;
  };
  const { sent, initiator, responder } = await again(wire);
  expect(sent).toHaveLength(index + 1);
  expect((index === 1 ? initiator : responder).code).toBe('LINK_BAD_MESSAGE');
});
