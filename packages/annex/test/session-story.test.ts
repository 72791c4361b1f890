import { SeededRandom } from '@yakmesh/core/testing';
import { expect, test } from '@jest/globals';
import { MIXED_WAYS, RELAYED_WAYS, sessionStory } from '../src/testing/session-story.js';
import { modelWorld } from './support/model-world.js';

const STORIES = 300;

test('acceptance 9: random stories in a storm end as a perfect channel would have it', async () => {
  const failed: string[] = [];
  let records = 0;
  let epochs = 0;
  for (let seed = 0; seed < STORIES; seed += 1) {
    const random = new SeededRandom(`story ${seed}`);
    const weather = { loss: 0.2, duplication: 0.2, jitterMs: random.below(200) };
    const { writeBytesMax, ...ways } = seed % 3 === 0 ? MIXED_WAYS : RELAYED_WAYS;
    const world = modelWorld(`story ${seed}`, { weather, ...ways });
    const report = await sessionStory(world, random.fork('story'), writeBytesMax);
    records += report.records;
    epochs += report.epochs;
    if (report.problems.length > 0)
      failed.push(`${random.describe()}: ${report.problems.slice(0, 3).join('; ')}`);
  }
  expect(failed).toEqual([]);
  expect([records > 20_000, epochs > 100]).toEqual([true, true]);
}, 120_000);
