import { SeededRandom } from '@yakmesh/core/testing';
import { expect, test } from '@jest/globals';
import { sessionStory } from '../src/testing/session-story.js';
import { MIXED_WAYS, modelWorld } from './support/model-world.js';

const STORIES = 300;
/** Of a write where records for bulk may go. */
const BULK_BYTES_MAX = 250_000;

test('acceptance 9: random stories in a storm end as a perfect channel would have it', async () => {
  const failed: string[] = [];
  let records = 0;
  let epochs = 0;
  for (let seed = 0; seed < STORIES; seed += 1) {
    const random = new SeededRandom(`story ${seed}`);
    const weather = { loss: 0.2, duplication: 0.2, jitterMs: random.below(200) };
    const isMixed = seed % 3 === 0;
    const world = modelWorld(`story ${seed}`, { weather, ...(isMixed ? MIXED_WAYS : {}) });
    const report = await sessionStory(world, random.fork('story'), isMixed ? BULK_BYTES_MAX : undefined);
    records += report.records;
    epochs += report.epochs;
    if (report.problems.length > 0)
      failed.push(`${random.describe()}: ${report.problems.slice(0, 3).join('; ')}`);
  }
  expect(failed).toEqual([]);
  expect([records > 20_000, epochs > 100]).toEqual([true, true]);
}, 120_000);
