/** Random numbers, injected, so that a test can replay them. */
export interface Random {
  /** Fresh random bytes. */
  bytes(length: number): Uint8Array;
  /** An integer in [0, 2³²). */
  u32(): number;
  /** An unbiased integer in [0, n). @throws RangeError unless n is an integer in 1..2³². */
  below(n: number): number;
  /** A number in [0, 1) with 53 random bits. */
  unit(): number;
}

/** The two primitives from which {@link randomFrom} makes the rest. */
export type RandomSource = Pick<Random, 'bytes' | 'u32'>;

const U32_VALUES = 0x1_0000_0000;

/** getRandomValues refuses more at once (Web Cryptography, 10.1.1). */
const PIECE_BYTES_MAX = 65_536;

/** 32-bit values drawn ahead: one call of the system for 256 values. */
const POOL_VALUES = 256;

/** A Random over a source of bytes and 32-bit integers. */
export function randomFrom(source: RandomSource): Random {
  const u32 = (): number => source.u32();
  return {
    bytes: (length) => source.bytes(length),
    u32,
    below(n) {
      if (!Number.isInteger(n) || n < 1 || n > U32_VALUES) {
        throw new RangeError(`below(n) takes an integer in 1..2^32, not ${n}`);
      }
      // Values of the last, incomplete run of n would make small results likelier: draw again.
      const end = U32_VALUES - (U32_VALUES % n);
      for (;;) {
        const value = u32();
        if (value < end) return value % n;
      }
    },
    unit: () => ((u32() >>> 5) * 0x400_0000 + (u32() >>> 6)) / 0x20_0000_0000_0000,
  };
}

function systemBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let offset = 0; offset < length; offset += PIECE_BYTES_MAX) {
    crypto.getRandomValues(bytes.subarray(offset, offset + PIECE_BYTES_MAX));
  }
  return bytes;
}

function systemU32(): () => number {
  const pool = new Uint32Array(POOL_VALUES);
  let next = POOL_VALUES;
  return () => {
    if (next === POOL_VALUES) {
      crypto.getRandomValues(pool);
      next = 0;
    }
    const value = pool[next] ?? 0;
    pool[next] = 0; // What was handed out must not stay readable in memory.
    next += 1;
    return value;
  };
}

/** The system's cryptographic generator. */
export const systemRandom: Random = Object.freeze(randomFrom({ bytes: systemBytes, u32: systemU32() }));
