import { expect, test } from '@jest/globals';
import { CodedError, silentLogger } from '@yakmesh/core/transport';
import { SeededRandom, VirtualClock } from '@yakmesh/core/testing';
import { Joiner, type JoinerOptions } from '../../src/running/joiner.js';

type Connect = JoinerOptions['mesh']['connect'];

const joined = { nodeId: 'yak1' } as unknown as Awaited<ReturnType<Connect>>;

function joinerOf(clock: VirtualClock, connect: Connect): Joiner {
  return new Joiner({ mesh: { connect }, log: silentLogger, clock, random: new SeededRandom(1) });
}

test('an endpoint is dialled until it answers, ever more rarely, and once it has answered no more', async () => {
  const clock = new VirtualClock();
  const dialsMs: number[] = [];
  const joiner = joinerOf(clock, async () => {
    dialsMs.push(clock.monotonicMs());
    if (dialsMs.length < 12) throw new CodedError('MESH_CONNECT_FAILED', 'nobody there');
    return joined;
  });
  joiner.start(['ws://a']);
  expect(joiner.states).toEqual([{ endpoint: 'ws://a', state: 'dialling', code: undefined }]);
  await clock.advance(3_600_000);
  await joiner.stop();
  const waits = dialsMs.slice(1).map((ms, index) => ms - (dialsMs[index] ?? 0));
  expect(dialsMs).toHaveLength(12);
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(500);
  expect(Math.max(...waits)).toBeLessThanOrEqual(60_500);
  expect(joiner.states).toEqual([{ endpoint: 'ws://a', state: 'joined' }]);
});

test('what no further dial would mend is given up, and the others go on', async () => {
  const clock = new VirtualClock();
  const joiner = joinerOf(clock, async (endpoint) => {
    throw new CodedError(endpoint === 'ws://self' ? 'LINK_SELF' : 'MESH_TIMEOUT', 'no');
  });
  joiner.start(['ws://self', 'ws://other', 'ws://other']);
  await clock.advance(10_000);
  expect(joiner.states).toEqual([
    { endpoint: 'ws://self', state: 'given up', code: 'LINK_SELF' },
    { endpoint: 'ws://other', state: 'dialling', code: 'MESH_TIMEOUT' },
  ]);
  await joiner.stop();
  await joiner.stop();
  expect(clock.pendingTimers).toBe(0);
});
