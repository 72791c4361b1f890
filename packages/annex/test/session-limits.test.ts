import { expect, test } from '@jest/globals';
import { CloseCode } from '../src/session/limits.js';
import { patternOf, type SessionWorld } from '../src/testing/session-world.js';
import type { SessionOptions } from '../src/session/session-options.js';
import { modelWorld } from './support/model-world.js';

/** An end that has more to say than its session may hold. */
async function talkative(session: Partial<SessionOptions>): Promise<SessionWorld> {
  const world = modelWorld('limits', { session });
  for (let at = 0; at < 60; at += 1)
    world.at(at * 100, () => {
      world.initiator.machine.write(0, patternOf('initiator', 0, at * 100, 100));
      world.pump(world.initiator);
    });
  await world.run(30_000);
  return world;
}

test('acceptance 14: at the limit of its records a session closes with LIMIT at both ends, and no number is used twice', async () => {
  const { initiator, responder, problems } = await talkative({ sessionRecordsMax: 40 });
  expect(initiator.closes).toEqual([{ code: CloseCode.LIMIT, isRemote: false }]);
  expect(responder.closes).toEqual([{ code: CloseCode.LIMIT, isRemote: true }]);
  expect([problems, initiator.numbers.size, initiator.isEnded, responder.isEnded]).toEqual([
    [],
    40,
    true,
    true,
  ]);
});
