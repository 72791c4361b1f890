// Messages a second that each part of the replay defence and the reputation tracker take.
import {
  NonceRegistry,
  ReplayDefense,
  ReputationTracker,
  SequenceTracker,
  TimestampValidator,
} from '../dist/index.js';

/** Long enough that the clock's grain and one garbage collection do not show. */
const SAMPLE_MS = 300;
const WARM_UP_MS = 100;
const EACH = 100;
const START_MS = 1_700_000_000_000;

/** Calls `work(index)` for a while and answers how often a second it went. */
function rate(work) {
  let index = 0;
  const time = (ms) => {
    const startMs = performance.now();
    const first = index;
    while (performance.now() - startMs < ms) for (let i = 0; i < EACH; i++) work(index++);
    return ((index - first) * 1_000) / (performance.now() - startMs);
  };
  time(WARM_UP_MS);
  return time(SAMPLE_MS);
}

const SENDERS = Array.from({ length: 1_000 }, (_, index) => `sender-${index}`.padEnd(59, 'x'));
const nonceOf = (index) => index.toString(16).padStart(32, '0');

/** Time goes on by a millisecond for every ten messages, so that nonces expire as fast as they come. */
const timeOf = (index) => START_MS + index / 10;

const CASES = [
  [
    'nonces validated, new ones, as many expiring',
    () => {
      const nonces = new NonceRegistry({ maxAge: 10_000 });
      return (index) => nonces.validate(nonceOf(index), timeOf(index), SENDERS[index % 1_000]);
    },
  ],
  [
    'nonces validated, repeated ones',
    () => {
      const nonces = new NonceRegistry();
      const known = Array.from({ length: 1_000 }, (_, index) => nonceOf(index));
      for (const nonce of known) nonces.validate(nonce, START_MS);
      return (index) => nonces.validate(known[index % 1_000], START_MS);
    },
  ],
  [
    'nonces generated',
    () => {
      const nonces = new NonceRegistry();
      return () => nonces.generate();
    },
  ],
  [
    'timestamps validated',
    () => {
      const timestamps = new TimestampValidator();
      return (index) => timestamps.validate(START_MS + (index % 1_000), START_MS);
    },
  ],
  [
    'sequence numbers validated, 1,000 senders',
    () => {
      const sequences = new SequenceTracker();
      return (index) =>
        sequences.validate(SENDERS[index % 1_000], Math.floor(index / 1_000), { epoch: 1, nowMs: START_MS });
    },
  ],
  [
    'sequence numbers validated, every sender new',
    () => {
      const sequences = new SequenceTracker();
      return (index) =>
        sequences.validate(`sender-${index}`, 1, { timestamp: START_MS + index, nowMs: START_MS + index });
    },
  ],
  [
    'messages accepted by ReplayDefense, 1,000 senders',
    () => {
      const replay = new ReplayDefense({
        timestamps: { maxAge: 5_000, maxFuture: 1_000 },
        nonces: { maxAge: 6_000 },
      });
      return (index) => {
        const nowMs = Math.floor(timeOf(index));
        const sequence = Math.floor(index / 1_000);
        const stamp = { senderId: SENDERS[index % 1_000], timestamp: nowMs, sequence, nonce: nonceOf(index) };
        replay.accept(stamp, true, nowMs);
      };
    },
  ],
  [
    'reputation: bad reports of 1,000 nodes',
    () => {
      const reputation = new ReputationTracker();
      const context = { address: '192.0.2.7' };
      return (index) =>
        reputation.reportBadBehavior(SENDERS[index % 1_000], 'SPAM', 1, context, START_MS + index * 100);
    },
  ],
  [
    'reputation: levels asked of 1,000 nodes',
    () => {
      const reputation = new ReputationTracker();
      for (const sender of SENDERS) reputation.reportBadBehavior(sender, 'SPAM', 30, {}, START_MS);
      return (index) => reputation.getTrustLevel(SENDERS[index % 1_000], START_MS + index);
    },
  ],
];

export default {
  name: 'replay defence and reputation of @yakmesh/defense',
  async run({ runs, median, spread, log }) {
    const results = [];
    for (const [name, prepare] of CASES) {
      log(`  ${name}`);
      const values = Array.from({ length: runs }, () => rate(prepare()));
      results.push({ name, value: median(values), unit: '/s', spread: spread(values) });
    }
    return results;
  },
};
