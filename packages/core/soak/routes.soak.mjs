// A million links come and go under searches and traffic, in one seed after another: no way may ever lead in a circle.
import { routeChurn } from '../dist/testing/routing/route-churn.js';

const CHANGES_MIN = 1_000_000;
const CHANGES_A_ROUND = 10_000;
const ROUNDS_BETWEEN_LINES = 10;

/** Sizes, clocks and table bounds in turn. */
const worldOf = (round) => ({
  nodes: 10 + (round % 8),
  skewMs: round % 3 === 1 ? 5_000 : 0,
  destinationsMax: round % 5 === 4 ? 3 : undefined,
});

export default {
  name: 'routes',
  async run({ minutes, log }) {
    const endMs = performance.now() + minutes * 60_000;
    let [changes, checks, round] = [0, 0, 0];
    for (; performance.now() < endMs; round += 1) {
      const result = routeChurn({ seed: `soak ${round}`, changes: CHANGES_A_ROUND, ...worldOf(round) });
      changes += result.changes;
      checks += result.checks;
      if (result.loops > 0) throw new Error(`${result.loops} loops in round ${round}.`);
      if (round % ROUNDS_BETWEEN_LINES === 0) log(`${changes} changes, ${checks} checks, no loop`);
    }
    log(`${changes} changes of a topology in ${round} rounds, ${checks} checks, no loop`);
    if (changes < CHANGES_MIN) log(`fewer than ${CHANGES_MIN}: give it more minutes`);
  },
};
