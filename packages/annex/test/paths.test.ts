import { SeededRandom } from '@yakmesh/core/testing';
import { expect, test } from '@jest/globals';
import { FrameKind, type Frame } from '../src/session/frames.js';
import { Paths, type Arrival } from '../src/session/paths.js';
import { patternOf } from '../src/testing/session-world.js';
import { modelWorld } from './support/model-world.js';

const random = new SeededRandom('paths');
const PING: Frame = { kind: FrameKind.PING };
const CHALLENGE: Frame = { kind: FrameKind.PATH_CHALLENGE, data: new Uint8Array(8) };
/** A record on path 1 of two. */
const arrival = (sequence: number, frames = [CHALLENGE, PING]): Arrival => {
  return { path: 1, bytes: 512, epoch: 0, sequence, frames };
};

test('the initiator stays on the way that it has chosen, and the responder goes where the newest record came from', () => {
  const [initiator, responder] = [new Paths(0, random, false), new Paths(0, random, true)];
  expect([initiator.received(arrival(0)), initiator.active]).toEqual([false, 0]);
  responder.received({ ...arrival(5), path: 0 });
  expect([responder.received(arrival(4)), responder.active]).toEqual([false, 0]);
  expect([responder.received(arrival(6)), responder.active]).toEqual([true, 1]);
});

test('a question about a way alone moves nobody', () => {
  const paths = new Paths(0, random, true);
  expect([paths.received(arrival(0, [CHALLENGE])), paths.active]).toEqual([false, 0]);
});

test.each([false, true])('an end without a way takes the one that any record comes over', (isFollower) => {
  const paths = new Paths(0, random, isFollower);
  paths.close(0);
  expect([paths.received(arrival(0, [CHALLENGE])), paths.active]).toEqual([true, 1]);
});

test('with several ways alive records do not breed', async () => {
  for (let seed = 0; seed < 40; seed += 1) {
    const weather = { loss: 0.2, duplication: 0.2, jitterMs: 150 };
    const world = modelWorld(`ways ${seed}`, { weather });
    const { initiator, responder } = world;
    let written = 0;
    for (let step = 1; step <= 40; step += 1)
      world.at(step * 50, () => {
        if (step % 4 === 0) world.act(initiator, initiator.machine.openPath(step / 4, world.nowMs));
        for (const end of [initiator, responder]) {
          end.machine.write(0, patternOf(end.role, 0, written, 100));
          world.pump(end);
        }
        written += 100;
      });
    await world.run(10_000);
    expect([world.problems, responder.received.get(0), initiator.received.get(0)]).toEqual([
      [],
      4_000,
      4_000,
    ]);
    expect(initiator.records + responder.records).toBeLessThan(2_000);
  }
});
