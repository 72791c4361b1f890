// The parts of the soak `mesh`. Each takes what its earlier legs came to and answers the totals; a part that takes many legs goes
// on with another mesh where the minutes are over. `claims` are the rows of its table: what, measured, goal, and whether it holds.
import { churn } from './churn.mjs';
import { routes } from './routes.mjs';
import { grown, measured, outcome, percent, quantile, seconds, spoken } from './world.mjs';

const REDUNDANCY_MAX = 0.05;
const REACHED_MS_MAX = 1_000;

const steady = {
  async leg({ nodes, seed, log }) {
    const world = await grown({ nodes, seed, log });
    const result = await outcome(world, await spoken(world, measured(nodes), 250));
    const { redundancy, bytes, virtualMs, eventsPerSecond } = world.measure();
    const bytesPerSecond = (1_000 * bytes) / virtualMs / nodes;
    log(`${Math.round(eventsPerSecond)} events a second; trace ${world.trace.hash}`);
    return { ...result, redundancy, bytesPerSecond, isDone: true };
  },
  claims({ share, doubled, redundancy, ms99, ms50, each99, bytesPerSecond }) {
    const inTime = ms99.filter((ms) => ms <= REACHED_MS_MAX).length / ms99.length;
    const slowest = quantile(ms99, 1);
    const times = [0.5, 0.95, 1].map((part) => seconds(quantile(ms99, part))).join(', ');
    return [
      [`reached, of ${ms99.length} messages`, percent(share), '100 %', share === 1],
      ['delivered twice', doubled, '0', doubled === 0],
      [
        'copies beyond the first of each delivery',
        redundancy.toFixed(3),
        `≤ ${REDUNDANCY_MAX}`,
        redundancy <= REDUNDANCY_MAX,
      ],
      ['99 % reached: median, p95 and slowest of the messages', times, '≤ 1 s', slowest <= REACHED_MS_MAX],
      ['messages that reached 99 % within 1 s', percent(inTime)],
      ['99 % of all deliveries, messages together', seconds(each99)],
      ['50 % reached, median', seconds(quantile(ms50, 0.5))],
      ['received by a node, all in all', `${(bytesPerSecond / 1_000).toFixed(1)} kB/s`],
    ];
  },
};

/** A part of the processes dies at once, or of the hosts falls silent; ten virtual seconds later the survivors speak. */
function death(share, how, goal) {
  return {
    async leg({ nodes, seed, log }) {
      const world = await grown({ nodes, seed, log });
      world[how](world.some(share));
      await world.pass('10 s');
      return { ...(await outcome(world, await spoken(world, 20, 250))), isDone: true };
    },
    claims({ share: reached, doubled, ms99 }) {
      const what = `${100 * share} % ${how === 'kill' ? 'killed' : 'silent'} at once, 10 s later`;
      return [
        [`${what}: reached`, percent(reached), goal && `≥ ${100 * goal} %`, reached >= (goal ?? 0)],
        [`${what}: delivered twice`, doubled, '0', doubled === 0],
        [`${what}: 99 % reached, slowest of 20 messages`, seconds(quantile(ms99, 1))],
      ];
    },
  };
}

/** In the order in which they are run. */
export const PARTS = {
  steady,
  'kill-50': death(0.5, 'kill', 1),
  'kill-80': death(0.8, 'kill', 0.99),
  'silence-50': death(0.5, 'silence'),
  routes,
  churn,
};
