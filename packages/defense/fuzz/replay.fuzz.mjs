// Whatever a peer puts where nonces, times, numbers and names belong: a boolean or a verdict, never a throw, and nothing twice.
import { must, target } from '../../../tools/fuzz-target.mjs';
import { NonceRegistry, ReplayDefense, SequenceTracker, TimestampValidator } from '../dist/index.js';

const NOW_MS = 1_700_000_000_000;
const EDGES = [
  0,
  1,
  -1,
  -0,
  0.5,
  NaN,
  Infinity,
  2 ** 31,
  2 ** 40,
  2 ** 48 - 1,
  2 ** 48,
  2 ** 53 - 1,
  2 ** 53,
  NOW_MS,
];
const ODD = [undefined, null, true, '', '7', '__proto__', {}, [], [7], 7n, Symbol('x'), () => 7, new Date(0)];

const isPlain = (answer) => typeof answer === 'boolean';
const isVerdict = ({ valid, code, reason }) =>
  valid === true ? code === undefined : valid === false && typeof code === 'string' && reason.endsWith('.');

/** Values out of the bytes: mostly sound ones, so that the state behind them gets somewhere. */
function reader(bytes) {
  let at = 0;
  const byte = () => bytes[at++] ?? 0;
  const text = () => String.fromCharCode(...bytes.subarray(at, (at += byte() % 140)));
  const number = () => {
    const kind = byte();
    if (kind < 160) return NOW_MS + byte() * 1_000 - 128_000;
    if (kind < 200) return byte();
    return kind < 230 ? EDGES[byte() % EDGES.length] : ODD[byte() % ODD.length];
  };
  const name = () => {
    const kind = byte();
    return kind < 200 ? `sender-${kind % 6}` : kind < 230 ? text() : ODD[byte() % ODD.length];
  };
  const nonce = () => {
    const kind = byte();
    if (kind < 120) return kind.toString(16).padStart(16, '0');
    if (kind < 200) return bytes.subarray(at, (at += byte() % 80));
    return kind < 230 ? text() : ODD[byte() % ODD.length];
  };
  return { hasMore: () => at < bytes.length, byte, number, name, nonce };
}

function machines() {
  return {
    nonces: new NonceRegistry({ maxAge: 100_000, maxSize: 16 }),
    timestamps: new TimestampValidator(),
    sequences: new SequenceTracker({ maxSenders: 4, windowBits: 8 }),
    replay: new ReplayDefense({ sequences: { maxSenders: 4 } }),
  };
}

function askEach({ nonces, timestamps, sequences }, { name, number, nonce }, nowMs) {
  const [sender, sequence, timestamp, epoch, once] = [name(), number(), number(), number(), nonce()];
  const context = { epoch, timestamp, nowMs };
  const isNew = nonces.check(once, nowMs, sender);
  must(isPlain(isNew) && isVerdict(nonces.explain(once, nowMs, sender)), 'a nonce is judged');
  must(nonces.validate(once, nowMs, sender) === isNew, 'what is checked is what is marked');
  must(!nonces.validate(once, nowMs, sender), 'no nonce passes twice');
  must(isPlain(timestamps.validate(timestamp, nowMs)), 'a time is judged');
  must(isVerdict(timestamps.explain(timestamp, nowMs)), 'a time is explained');
  const isNext = sequences.check(sender, sequence, context);
  must(isPlain(isNext) && isVerdict(sequences.explain(sender, sequence, context)), 'a number is judged');
  must(sequences.validate(sender, sequence, context) === isNext, 'what is checked is what is marked');
  must(!sequences.validate(sender, sequence, context), 'no number passes twice');
  must(nonces.size <= 16 && sequences.size <= 4, 'memory is bounded');
}

function askAll({ replay }, { byte, name, number, nonce }, nowMs) {
  const stamp = {
    senderId: name(),
    timestamp: number(),
    sequence: number(),
    nonce: nonce(),
    epoch: number(),
  };
  const isAuthentic = byte() < 128;
  const verdict = replay.accept(stamp, isAuthentic, nowMs);
  must(isVerdict(verdict) && (isAuthentic || !verdict.valid), 'a message is judged');
  must(!replay.accept(stamp, true, nowMs).valid || !verdict.valid, 'no message passes twice');
}

function check(bytes) {
  const [all, input] = [machines(), reader(bytes)];
  let nowMs = NOW_MS;
  while (input.hasMore()) {
    nowMs += input.byte() * 500 - 20_000;
    askEach(all, input, nowMs);
    askAll(all, input, nowMs);
  }
}

const prepare = () => ({
  samples: [40, 200, 500].map((length) =>
    Uint8Array.from({ length }, (_, index) => (index * 97 + length) % 256),
  ),
});

export default target({ name: 'replay', prepare, check, cost: 4 });
