// 64 nodes and a minute: most of it in trouble, then time to be whole again.
import { tell } from './story.mjs';

export default {
  name: '64 nodes, at least 60 virtual seconds',
  seeds: 200,
  seedsMin: 12,
  isFirstTwice: true,
  run: ({ seed }) => tell({ seed, nodes: 64, lifeMs: 60_000 }),
};
