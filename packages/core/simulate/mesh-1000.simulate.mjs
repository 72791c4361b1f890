// A thousand nodes and two minutes: most of it in trouble, then time to be whole again.
import { tell } from './story.mjs';

export default {
  name: '1,000 nodes, at least 120 virtual seconds',
  seeds: 3,
  seedsMin: 1,
  run: ({ seed }) => tell({ seed, nodes: 1_000, lifeMs: 120_000 }),
};
