// Data sync: frames, messages and records from a neighbour, and its machine under any frames at all.
import { equalBytes } from '@yakmesh/crypto';
import { RangeIndex } from '../dist/sync/range-index.js';
import { decodeSyncFrame, encodeSyncFrame } from '../dist/sync/messages.js';
import { NeighbourMachine } from '../dist/sync/neighbour-machine.js';
import { decodeRecordPayload, encodeRecordPayload } from '../dist/sync/record.js';
import { recordName } from '../dist/sync/record-name.js';
import { WINDOW_FRAMES } from '../dist/sync/limits.js';
import {
  decodeStreamMessage,
  encodeChunk,
  encodeCompare,
  encodeFetch,
  encodeHead,
  encodeIds,
  encodeKey,
  encodeRecord,
} from '../dist/sync/stream-messages.js';
import { machineRandom, must, target } from './mutation.mjs';

const bytes = (length, value = 7) => new Uint8Array(length).fill(value);
const names = Array.from({ length: 40 }, (_, index) => recordName('notes', `key ${index}`)).sort();
const ranges = names.map((from, at) => ({ from, to: names[at + 1], count: at, fingerprint: bytes(16) }));
const ids = ranges.map(({ from, to }, at) => ({ from, to, ids: [bytes(16, at)] }));
const record = { index: 1, salt: bytes(16), path: bytes(64), core: bytes(200) };
const head = { networkPrefix: bytes(8), head: bytes(112), signature: bytes(3_309) };
const version = { timeMs: 1_700_000_000_000, counter: 3 };
const fields = (content) => ({ name: names[0], version, claim: version, content });

const messages = [
  ...encodeCompare(ranges, true),
  ...encodeIds('list', ids),
  ...encodeIds('want', ids),
  encodeKey(bytes(1_952)),
  encodeHead(head),
  encodeRecord(record),
  encodeFetch(bytes(32), 0, 9),
  encodeChunk(bytes(32), 4, bytes(1_000)),
];
const frames = [
  ...messages.map((piece, number) => encodeSyncFrame({ type: 'data', epoch: 5, number, piece })),
  encodeSyncFrame({ type: 'ack', epoch: 1, received: 2, sent: 3, isIdle: true }),
  encodeSyncFrame({ type: 'restart', epoch: 1 }),
];
const payloads = [
  fields({ type: 'value', value: { any: [1, 'thing'] } }),
  fields({ type: 'tombstone' }),
  fields({ type: 'large', size: 100_000, root: bytes(32) }),
].map(encodeRecordPayload);

const filled = () => {
  const index = new RangeIndex(machineRandom(3));
  for (const [at, name] of names.entries()) index.set({ name, id: bytes(16, at), bytes: 500 });
  return index;
};

export default target({
  name: 'data sync',
  samples: () => [...frames, ...messages, ...payloads],
  prepare: () => ({ samples: [...frames, ...messages, ...payloads], index: filled() }),
  decoders: {
    decodeSyncFrame: (input) => {
      const frame = decodeSyncFrame(input);
      if (frame !== undefined) must(equalBytes(encodeSyncFrame(frame), input), 'a frame has one encoding');
    },
    decodeStreamMessage: (input) => void decodeStreamMessage(input[0] ?? 0, input.subarray(4)),
    decodeRecordPayload: (input) => {
      const decoded = decodeRecordPayload(input);
      if (decoded === undefined) return;
      must(decodeRecordPayload(encodeRecordPayload(decoded)) !== undefined, 'what is read can be written');
    },
  },
  check: (input, { index }, random) => {
    const machine = new NeighbourMachine({ index, random: machineRandom(random(1_000)), nowMs: 0 });
    machine.begin(0);
    // Whole frames, and the same bytes as a stream: what begins well is continued with the input.
    const actions = [...machine.receive(input, 1)];
    const pieces = [
      frames[random(frames.length)],
      encodeSyncFrame({ type: 'data', epoch: 9, number: 0, piece: input }),
    ];
    for (const piece of pieces) actions.push(...machine.receive(piece, 2));
    must(
      actions.filter(({ type }) => type === 'frame').length <= 2 * WINDOW_FRAMES,
      'answers keep to the window',
    );
    machine.tick(machine.deadlineMs ?? 0);
  },
});
