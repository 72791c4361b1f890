import { beforeAll, expect, test } from '@jest/globals';
import { SeededRandom } from '@yakmesh/core/testing';
import { decodePadded, padHandshake } from '../src/handshake/messages.js';
import { JobLog, shake, type HandshakeResult, type Wire } from './support/handshake-pair.js';
import { party, type Party } from './support/parties.js';

let alice: Party;
let bob: Party;
let log: JobLog;
let again: (wire: Wire) => Promise<HandshakeResult>;

beforeAll(async () => {
  [alice, bob] = await Promise.all([party('alice'), party('bob')]);
  log = new JobLog(alice.jobs, new Uint8Array(32).fill(7));
  const bobLog = new JobLog(bob.jobs, new Uint8Array(32).fill(8));
  await shake(alice, bob, undefined, { jobs: { initiator: log.record, responder: bobLog.record } });
  again = (wire) => shake(alice, bob, wire, { jobs: { initiator: log.replay, responder: bobLog.replay } });
});

/** Each field's first and last byte, and bytes in between. */
const FIELDS: readonly (readonly number[])[] = [
  [0, 2, 3, 5, 6, 7, 8, 15, 16, 31, 32, 63, 64, 700, 1_279, 1_280, 1_319],
  [0, 2, 3, 5, 7, 8, 23, 24, 39, 40, 71, 72, 600, 1_191, 1_192, 3_143, 3_200, 3_300, 6_950, 6_984, 7_000],
  [0, 2, 3, 5, 7, 8, 23, 24, 1_975, 1_976, 2_039, 2_040, 5_348, 5_380, 5_396],
];

test.each([0, 1, 2])('acceptance 2: no changed byte of message %i lets both ends finish', async (index) => {
  const random = new SeededRandom(`tamper ${index}`);
  for (const at of FIELDS[index] ?? []) {
    const bit = 1 << random.below(8);
    const { initiator, responder, sent } = await again(({ bytes }, count) => {
      if (count !== index) return bytes;
      const copy = bytes.slice();
      copy[at] = (copy[at] ?? 0) ^ bit;
      return copy;
    });
    expect([at, responder.outcome]).toEqual([at, undefined]);
    if (index < 2) expect([at, initiator.outcome]).toEqual([at, undefined]);
    // To whoever changes it all looks the same: an answer to an OPEN that can be read, and no word after that.
    expect([at, sent.length <= Math.max(2, index + 1)]).toEqual([at, true]);
  }
});

test.each([0, 1, 2])('acceptance 1: message %i one byte shorter or longer gets no answer', async (index) => {
  const cut: Wire = ({ bytes }, at) => (at === index ? bytes.slice(0, -1) : bytes);
  const grown: Wire = ({ bytes }, at) => (at === index ? Uint8Array.of(...bytes, 0) : bytes);
  for (const wire of [cut, grown]) {
    const { sent, responder } = await again(wire);
    expect([sent.length, responder.outcome]).toEqual([index + 1, undefined]);
  }
});

test('what a flow carries is padded to its class with zeros and nothing else', () => {
  for (const length of [8, 60, 1_320, 2_048, 2_049, 7_001, 8_192]) {
    const message = new Uint8Array(length).fill(1);
    new DataView(message.buffer).setUint16(6, length);
    const wire = padHandshake(message);
    expect(decodePadded(wire)).toEqual(message);
    expect(decodePadded(wire.subarray(1))).toBeUndefined();
    if (wire.length > length) {
      const dirty = wire.slice();
      dirty[wire.length - 1] = 1;
      expect(decodePadded(dirty)).toBeUndefined();
    }
  }
});
