// What neighbours say of the tree: no bytes throw, what is read can be written again, and a machine stays within its bounds.
import { encodeNodeId, equalBytes } from '@yakmesh/crypto';
import { systemRandom } from '@yakmesh/core/transport';
import { decodeTreeMessage, encodeTreeMessage } from '../dist/tree/messages.js';
import { TreeMachine } from '../dist/tree/tree-machine.js';
import { must, repeated, target } from './mutation.mjs';

const origin = new Uint8Array(32).fill(7);
const entries = [
  { origin, epoch: 5, spans: [{ first: 0, last: 9 }] },
  {
    origin: new Uint8Array(32).fill(9),
    epoch: 2 ** 47,
    spans: [
      { first: 3, last: 70_000 },
      { first: 80_000, last: 80_000 },
    ],
  },
];
const good = [
  { type: 'have', entries },
  { type: 'offer', entries },
  { type: 'graft', sinceMs: 1, entries },
  { type: 'want', sinceMs: 2 ** 40, entries },
  { type: 'prune' },
  { type: 'done' },
  { type: 'ask' },
  { type: 'digest', untilMs: 5, digest: new Uint8Array(8).fill(1) },
  { type: 'root', root: origin, sequence: 9, ageMs: 5, distanceMs: 80, isParent: true },
].map(encodeTreeMessage);

const peer = encodeNodeId(new Uint8Array(32).fill(1));

const machine = () => {
  const made = new TreeMachine({
    self: new Uint8Array(32).fill(5),
    random: systemRandom,
    lacking: (_origin, _epoch, spans) => spans,
    holdings: () => entries,
    digest: () => new Uint8Array(8),
    refusedUntilMs: () => 0,
    wallMs: () => 1,
    messagesPerSecond: 10,
    retentionMs: 120_000,
  });
  made.connected(peer, 0);
  return made;
};

export default target({
  name: 'messages of the tree',
  samples: () => good,
  decoders: {
    decodeTreeMessage: (bytes) => {
      const message = decodeTreeMessage(bytes);
      if (message === undefined) return;
      const again = encodeTreeMessage(message);
      const second = decodeTreeMessage(again);
      must(
        second !== undefined && equalBytes(encodeTreeMessage(second), again),
        'what is read can be written again',
      );
    },
  },
  shapes: [
    [
      'an offer of many runs',
      (length) => {
        const bytes = repeated(Uint8Array.of(0, 0, 0, 0, 0, 9, 0, 0), length);
        bytes.set([2, 0, 1]);
        return bytes;
      },
    ],
  ],
  check: (bytes) => {
    const message = decodeTreeMessage(bytes);
    if (message === undefined) return;
    const made = machine();
    for (let nowMs = 0; nowMs < 4; nowMs += 1) made.receive(peer, message, 10, nowMs);
    for (const action of made.tick(60_000))
      if (action.type === 'send')
        must(encodeTreeMessage(action.message).length <= 16_384, 'every frame fits');
  },
});
