// Jest's order of test files: those that take a minute and more first, so that none of them runs alone at the end. Without a
// record of earlier runs, as in a fresh clone, jest itself begins with the largest files; the slowest here are small.
import { basename } from 'node:path';

/** Files of 40 seconds and more on two processors, the slowest first. */
const SLOW = [
  'hostile',
  'network-hostile',
  'processes',
  'network-heal',
  'machine-tree',
  'network-membership',
  'compliance-websocket',
  'network-cut',
  'sync-partition',
];

const name = ({ path }) => basename(path, '.test.ts');

function place(test) {
  const index = SLOW.indexOf(name(test));
  return index < 0 ? SLOW.length : index;
}

export default class SlowFirst {
  sort(tests) {
    return [...tests].sort((a, b) => place(a) - place(b) || (a.path < b.path ? -1 : 1));
  }

  shard(tests) {
    return tests;
  }

  allFailedTests(tests) {
    return tests;
  }

  cacheResults() {
    // The order is fixed.
  }
}
