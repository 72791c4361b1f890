// Damage done to good encodings, from a seed.

/** A small generator of 32-bit numbers (mulberry32): repeatable, and secure for nothing. */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

/** One input in eight is random bytes; the others are good encodings with up to four injuries. */
const RANDOM_SHARE = 8;
const INJURIES_MAX = 4;
const RANDOM_BYTES_MAX = 512;
const PIECE_BYTES_MAX = 64;

/** Bytes, and numbers of one to six bytes, at which readers of lengths and counts change their mind. */
const BOUNDARY_BYTES = [0, 1, 0x1f, 0x20, 0x7f, 0x80, 0xfe, 0xff];
const BOUNDARY_WIDTHS = [1, 2, 3, 4, 6];

const randomBytes = (random, length) => Uint8Array.from({ length }, () => random(256));

/** One of the good encodings with up to four injuries, or random bytes of the right or any length. */
export function mutate(random, samples) {
  const sample = samples[random(samples.length)];
  if (random(RANDOM_SHARE) === 0)
    return randomBytes(random, random(2) === 0 ? sample.length : random(RANDOM_BYTES_MAX));
  let bytes = Uint8Array.from(sample);
  for (let left = random(INJURIES_MAX + 1); left > 0; left--) bytes = injured(random, bytes, samples);
  return bytes;
}

function injured(random, bytes, samples) {
  const at = random(bytes.length + 1);
  switch (random(9)) {
    case 0: // A bit flips.
      if (at < bytes.length) bytes[at] ^= 1 << random(8);
      return bytes;
    case 1: // A byte at the edge of its range.
      if (at < bytes.length) bytes[at] = BOUNDARY_BYTES[random(BOUNDARY_BYTES.length)];
      return bytes;
    case 2: // A length or a count that lies, in whichever width.
      return lie(random, bytes, at);
    case 3: // The end is missing.
      return bytes.slice(0, at);
    case 4: // Something follows.
      return joined(bytes, randomBytes(random, random(PIECE_BYTES_MAX)));
    case 5: // A piece is missing.
      return joined(bytes.subarray(0, at), bytes.subarray(at + random(PIECE_BYTES_MAX)));
    case 6: // A piece comes twice.
      return joined(
        bytes.subarray(0, Math.min(bytes.length, at + random(PIECE_BYTES_MAX))),
        bytes.subarray(at),
      );
    case 7: // Another encoding's end follows.
      return spliced(random, bytes.subarray(0, at), samples[random(samples.length)]);
    default: // A piece is noise.
      bytes.set(randomBytes(random, Math.min(bytes.length - at, random(PIECE_BYTES_MAX))), at);
      return bytes;
  }
}

/** A big-endian number: 0, 1, what really follows ± 1, half of its range, or its largest value. */
function lie(random, bytes, at) {
  const width = BOUNDARY_WIDTHS[random(BOUNDARY_WIDTHS.length)];
  if (at + width > bytes.length) return bytes;
  const limit = 2 ** (8 * width);
  const follows = bytes.length - at - width;
  let number = [0, 1, limit - 1, limit / 2, follows - 1, follows, follows + 1, random(4_294_967_296)][
    random(8)
  ];
  number = ((number % limit) + limit) % limit;
  for (let index = at + width - 1; index >= at; index--) {
    bytes[index] = number % 256;
    number = Math.floor(number / 256);
  }
  return bytes;
}

function spliced(random, head, sample) {
  return joined(head, sample.subarray(random(sample.length + 1)));
}

function joined(one, other) {
  const bytes = new Uint8Array(one.length + other.length);
  bytes.set(one);
  bytes.set(other, one.length);
  return bytes;
}
