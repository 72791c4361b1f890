// Saved reputations that were damaged or forged: entries that cannot be used are skipped, the others keep their bounds.
import { bytesToUtf8, utf8ToBytes } from '@yakmesh/crypto';
import { must, target } from '../../../tools/fuzz-target.mjs';
import { decodeNode, decodeScope } from '../dist/reputation-json.js';
import { ReputationTracker } from '../dist/reputation-tracker.js';

const NOW_MS = 1_800_000_000_000;
const NODES_MAX = 8;

function saved() {
  const tracker = new ReputationTracker();
  for (const [index, peerId] of ['a', 'b', 'c'].entries()) {
    tracker.registerNode(peerId, undefined, { address: `192.0.2.${index}` }, NOW_MS - 1_000);
    tracker.reportGoodBehavior(peerId, NOW_MS - 900);
  }
  for (let count = 0; count < 6; count++)
    tracker.reportBadBehavior('c', 'SPAM', 40, {}, NOW_MS - 800 + count);
  return tracker.toJSON();
}

function valueOf(bytes) {
  try {
    return JSON.parse(bytesToUtf8(bytes) ?? '');
  } catch {
    return undefined;
  }
}

const isTime = (timeMs, latestMs) => timeMs >= 0 && timeMs <= latestMs;

export default target({
  name: 'saved reputations',
  samples: () => {
    const all = saved();
    return [all, ...all.nodes, ...all.scopes].map((value) => utf8ToBytes(JSON.stringify(value)));
  },
  decoders: {
    decodeNode: (bytes) => {
      const node = decodeNode(valueOf(bytes), NOW_MS);
      if (node === undefined) return;
      const { score, bans, bannedUntilMs, evidence } = node.state;
      must(Math.abs(score) <= 100 && Number.isInteger(bans), 'a score and its bans are within their bounds');
      must(isTime(bannedUntilMs, NOW_MS + 604_800_000), 'no ban is longer than the longest');
      must(evidence.length <= 16, 'no more evidence is kept than allowed');
    },
    decodeScope: (bytes) => {
      const scope = decodeScope(valueOf(bytes), NOW_MS);
      if (scope !== undefined)
        must(isTime(scope.atMs, NOW_MS) && scope.blame >= 0, 'a scope is within its bounds');
    },
  },
  check: (bytes) => {
    const tracker = new ReputationTracker({ maxNodes: NODES_MAX });
    const { restored } = tracker.restore(valueOf(bytes), NOW_MS);
    must(restored <= NODES_MAX, 'no more nodes are restored than kept');
    const again = new ReputationTracker({ maxNodes: NODES_MAX });
    must(again.restore(tracker.toJSON(), NOW_MS).skipped === 0, 'what is kept can be saved and restored');
    for (const { peerId } of tracker.toJSON().nodes)
      must(Number.isFinite(tracker.score(peerId, NOW_MS)), 'a score is a number');
  },
});
