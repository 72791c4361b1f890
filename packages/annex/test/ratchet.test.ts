import { SeededRandom } from '@yakmesh/core/testing';
import { beforeAll, expect, test } from '@jest/globals';
import type { ChannelRole, HandshakeOutcome } from '../src/handshake/actions.js';
import { encodeParams } from '../src/handshake/params.js';
import { RecordOpener } from '../src/record/opener.js';
import { decodeRecordHeader } from '../src/record/header.js';
import { patternOf, SessionWorld, type SessionWorldOptions } from '../src/testing/session-world.js';
import { modelJob, modelOutcomes } from '../src/testing/model-crypto.js';
import { shake } from './support/handshake-pair.js';
import { CALM } from './support/model-world.js';
import { PARAMS, party, type Party } from './support/parties.js';

let alice: Party;
let bob: Party;

beforeAll(async () => {
  [alice, bob] = await Promise.all([party('alice'), party('bob')]);
});

async function outcomes(): Promise<Record<ChannelRole, HandshakeOutcome>> {
  const { initiator, responder } = await shake(alice, bob);
  if (initiator.outcome === undefined || responder.outcome === undefined) throw new Error('no session');
  return { initiator: initiator.outcome, responder: responder.outcome };
}

async function world(options: Partial<SessionWorldOptions> = {}): Promise<SessionWorld> {
  const random = new SeededRandom('ratchet');
  const jobs = { initiator: alice.jobs, responder: bob.jobs };
  return new SessionWorld({
    random,
    outcomes: options.outcomes ?? (await outcomes()),
    job: (role, job) => jobs[role](job),
    weather: CALM,
    ...options,
  });
}

const ask = (of: SessionWorld, role: ChannelRole): void =>
  of.act(of[role], of[role].machine.ratchet(of.nowMs));

test('the keys turn by real signatures, asked for by either end, and streams go on', async () => {
  const w = await world();
  for (const role of ['initiator', 'responder', 'responder', 'initiator'] as const) {
    ask(w, role);
    await w.run(w.nowMs + 3_000);
  }
  w.initiator.machine.write(0, patternOf('initiator', 0, 0, 5_000));
  w.pump(w.initiator);
  await w.run(w.nowMs + 1_000);
  expect([w.initiator.machine.epoch, w.responder.machine.epoch, w.responder.received.get(0)]).toEqual([
    4, 4, 5_000,
  ]);
  expect(w.problems).toEqual([]);
});

test('acceptance 11: both ends asking at once converge', async () => {
  const w = await world();
  ask(w, 'initiator');
  ask(w, 'responder');
  await w.run(5_000);
  const [a, b] = [w.initiator.machine.epoch, w.responder.machine.epoch];
  expect([a, a >= 1, w.problems]).toEqual([b, true, []]);
});

test.each([1, 2, 3, 4, 5, 6, 7])(
  'acceptance 11: whatever records of the turn are lost (combination %i), it converges',
  async (lost) => {
    // Bits: the record with EK, the one with CT, the first one of the new epoch.
    const w = await world({
      outcomes: modelOutcomes(new SeededRandom('lost'), 65_536, 65_536),
      job: (_role, job) => modelJob(job, new SeededRandom('model')),
    });
    await w.run(1_000);
    const dropped = new Set<string>();
    w.drop = (role, bytes) => {
      const header = decodeRecordHeader(bytes);
      const isLarge = bytes.length === 8_192;
      const what =
        header?.epoch === 1 ? 'first' : isLarge && role === 'initiator' ? 'EK' : isLarge ? 'CT' : '';
      const bit = what === 'EK' ? 1 : what === 'CT' ? 2 : what === 'first' ? 4 : 0;
      if ((lost & bit) === 0 || dropped.has(what)) return false;
      dropped.add(what);
      return true;
    };
    ask(w, 'initiator');
    await w.run(20_000);
    expect([w.initiator.machine.epoch, w.responder.machine.epoch, w.problems]).toEqual([1, 1, []]);
    expect(dropped.size).toBe([0, 1, 1, 2, 1, 2, 2, 3][lost]);
  },
);

test('acceptance 10: a thief of one epoch with everything that was sent reads nothing after the next turn', async () => {
  const pair = await outcomes();
  const stolen = pair.initiator.secrets.root.slice();
  const captured: Uint8Array[] = [];
  const w = await world({ outcomes: pair });
  w.onRecord = (role, bytes) => role === 'initiator' && captured.push(bytes.slice());
  w.initiator.machine.write(0, patternOf('initiator', 0, 0, 100));
  w.pump(w.initiator);
  ask(w, 'initiator');
  await w.run(3_000);
  w.initiator.machine.write(0, patternOf('initiator', 0, 100, 100));
  w.pump(w.initiator);
  await w.run(4_000);
  const thief = new RecordOpener({ role: 'responder', root: stolen, ownSession: pair.responder.ownSession });
  const read = captured.map((bytes) => [decodeRecordHeader(bytes)?.epoch, thief.open(bytes, 0).type]);
  expect(read.filter(([epoch]) => epoch === 0).every(([, type]) => type === 'opened')).toBe(true);
  const later = read.filter(([epoch]) => epoch === 1);
  expect([later.length > 0, later.every(([, type]) => type === 'fault')]).toEqual([true, true]);
});

test('acceptance 10: a thief in the middle without the identity key fails at the signature', async () => {
  const w = await world();
  const mallory = await party('mallory');
  const forged = new SessionWorld({
    random: new SeededRandom('mitm'),
    outcomes: await outcomes(),
    // The thief has the session's state of the initiator, and a key of its own.
    job: (role, job) => (role === 'initiator' ? mallory.jobs(job) : bob.jobs(job)),
    weather: CALM,
  });
  ask(forged, 'initiator');
  await forged.run(5_000);
  expect(forged.responder.closes).toEqual([{ code: 5, isRemote: false }]);
  expect(w.problems).toEqual([]);
});

test('with an anonymous initiator a thief in the middle is found at the initiator and not at the responder', async () => {
  const mallory = await party('mallory');
  const self = { ...alice.self, params: encodeParams({ ...PARAMS, isAnonymous: true }) };
  const forged = async (stolen: ChannelRole): Promise<SessionWorld> => {
    const { initiator, responder } = await shake({ ...alice, self }, bob, undefined, {
      initiator: { isAnonymous: true },
    });
    if (initiator.outcome === undefined || responder.outcome === undefined) throw new Error('no session');
    const jobs = { initiator: alice.jobs, responder: bob.jobs, [stolen]: mallory.jobs };
    const w = await world({
      outcomes: { initiator: initiator.outcome, responder: responder.outcome },
      job: (role, job) => jobs[role](job),
    });
    ask(w, 'initiator');
    await w.run(5_000);
    return w;
  };
  const asResponder = await forged('responder');
  expect(asResponder.initiator.closes).toEqual([{ code: 5, isRemote: false }]);
  const asInitiator = await forged('initiator');
  expect([asInitiator.responder.closes, asInitiator.responder.machine.epoch]).toEqual([[], 1]);
});
