// Measures whether a decoder's time grows with the length of its input and no faster: whoever sends eight times the
// bytes may cost eight times the work.

const SHORT_BYTES = 16_384;
const FACTOR = 8;
/** Garbage collection and caches may cost linear work three times its share; quadratic work takes 64 times as long. */
const RATIO_MAX = 3 * FACTOR;
/** Shorter times are noise, and count as this. */
const SHORT_MS_MIN = 0.5;
/** The best of so many: a collection of garbage may fall into all but one. */
const ROUNDS = 7;

/** Throws where `work` takes more than 24 times as long for the input of 128 KiB that `make` gives as for the one of 16 KiB. */
export async function mustBeLinear(what, make, work) {
  const [short, long] = [make(SHORT_BYTES), make(FACTOR * SHORT_BYTES)];
  let shortMs = Infinity;
  let longMs = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    shortMs = Math.min(shortMs, await timeOf(work, short));
    longMs = Math.min(longMs, await timeOf(work, long));
    if (longMs <= RATIO_MAX * Math.max(shortMs, SHORT_MS_MIN)) return;
  }
  const times = `${shortMs.toFixed(2)} ms for ${short.length} bytes and ${longMs.toFixed(2)} ms for ${long.length}`;
  throw new Error(`broken: ${what} takes ${times}, which is more than linear`);
}

/** Milliseconds of processor time, which other processes do not lengthen. */
async function timeOf(work, input) {
  const start = process.cpuUsage();
  await work(input);
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1_000;
}

/** Bytes that mean much to some decoder: zeros, small counts, CBOR's arrays and maps, brackets, quotes, all ones. */
const FILLS = [0x00, 0x01, 0x22, 0x30, 0x3a, 0x5b, 0x5c, 0x7b, 0x7f, 0x80, 0x81, 0x9f, 0xa1, 0xff];

/** Makers of adversarial inputs of any length: one byte over and over, a good encoding over and over, and its start with each. */
export function shapesOf(samples) {
  const ofByte = FILLS.map((byte) => [
    `0x${byte.toString(16)} repeated`,
    (length) => new Uint8Array(length).fill(byte),
  ]);
  const ofSample = samples
    .filter((sample) => sample.length > 0)
    .slice(0, 16)
    .flatMap((sample, index) => [
      [`sample ${index} repeated`, (length) => repeated(sample, length)],
      [`sample ${index} and its end repeated`, (length) => stretched(sample, length)],
    ]);
  return [...ofByte, ...ofSample];
}

export function repeated(piece, length) {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += piece.length) bytes.set(piece.subarray(0, length - at), at);
  return bytes;
}

/** The first half once, then the second half until the end: a header in front of what goes on for ever. */
function stretched(sample, length) {
  const half = Math.floor(sample.length / 2);
  const bytes = repeated(sample.subarray(half), length);
  bytes.set(sample.subarray(0, Math.min(half, length)));
  return bytes;
}
