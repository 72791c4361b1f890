// The input is a history of envelopes for a small replay state: none is accepted twice, whatever is evicted, given up or
// restored in between. Its first 16 bytes stand in the store as what the process before saved.
import { memoryStore } from '../dist/transport/index.js';
import { ReplayState } from '../dist/envelope/replay-state.js';
import { ReplayKeeper } from '../dist/mesh/replay-keeper.js';
import { must, repeated, target } from './mutation.mjs';

const NOW_MS = 1_800_000_000_000;
const ORIGINS_MAX = 4;
const STORED_BYTES = 16;
const ENVELOPE_BYTES = 4;

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const clock = { nowMs: () => NOW_MS, setTimer: () => 0, clearTimer() {} };

/** Few origins and epochs, small sequences, times near now: so that envelopes meet. */
function envelopeOf(bytes, at) {
  const [who, when, high, low] = bytes.subarray(at, at + ENVELOPE_BYTES);
  const envelope = {
    class: 1 + (who >> 7),
    epoch: NOW_MS - ((who >> 4) & 7),
    sequence: ((high & 3) << 8) | low,
    timeMs: NOW_MS - when * 1_000,
    lifeSeconds: 600,
  };
  return { origin: `origin ${who & 15}`, envelope };
}

/** A copy has the same time: another time makes it another message, which only its origin can sign. */
const name = ({ origin, envelope }) =>
  `${origin} ${envelope.class} ${envelope.epoch} ${envelope.sequence} ${envelope.timeMs}`;

const stored = (floorMs, savedMs) => {
  const view = new DataView(new ArrayBuffer(STORED_BYTES));
  view.setFloat64(0, floorMs);
  view.setFloat64(8, savedMs);
  return new Uint8Array(view.buffer);
};

function history(start, length, step) {
  const bytes = new Uint8Array(STORED_BYTES + length * ENVELOPE_BYTES);
  bytes.set(start);
  for (let index = 0; index < length; index++) {
    const sequence = index * step;
    bytes.set([index % 7, 1, (sequence >> 8) & 3, sequence & 255], STORED_BYTES + index * ENVELOPE_BYTES);
  }
  return bytes;
}

async function check(bytes) {
  const store = memoryStore();
  if (bytes.length >= STORED_BYTES) await store.put('core/replay', bytes.slice(0, STORED_BYTES));
  const replay = new ReplayState(ORIGINS_MAX);
  const keeper = new ReplayKeeper(replay, store, clock, silent);
  await keeper.start();
  must(!Number.isNaN(replay.snapshot(0).unknownFloorMs), 'the floor is a number');
  const accepted = new Set();
  for (let at = STORED_BYTES; at + ENVELOPE_BYTES <= bytes.length; at += ENVELOPE_BYTES) {
    const arrival = envelopeOf(bytes, at);
    const { origin, envelope } = arrival;
    if (replay.check(origin, envelope, NOW_MS) !== undefined) continue;
    must(replay.mark(origin, envelope), 'what was found new can be marked');
    must(!accepted.has(name(arrival)), 'no envelope is accepted twice');
    accepted.add(name(arrival));
    must(replay.check(origin, envelope, NOW_MS) !== undefined, 'what was marked is not new');
    must(replay.origins <= ORIGINS_MAX, 'no more origins than allowed are remembered');
  }
}

export default target({
  name: 'replay',
  samples: () => [
    history(stored(0, NOW_MS - 1_000_000), 20, 1),
    history(stored(NOW_MS - 400_000, NOW_MS - 500_000), 60, 3),
    history(new Uint8Array(STORED_BYTES), 120, 2),
  ],
  decoders: { 'replay history': check },
  shapes: [['one origin with gaps', (length) => repeated(Uint8Array.of(1, 1, 0, 2, 1, 1, 1, 4), length)]],
});
