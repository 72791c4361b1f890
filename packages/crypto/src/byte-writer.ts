/** What a writer holds before it first grows: most control messages fit. */
const CAPACITY_BYTES_DEFAULT = 256;

/** What a writer may grow to unless told otherwise: one mebibyte, the largest reassembled message of a link. */
const LIMIT_BYTES_DEFAULT = 1_048_576;

const UINT48_MAX = 0xffff_ffff_ffff;
const UINT64_MAX = 0xffff_ffff_ffff_ffffn;

/**
 * Writes big-endian fields into a buffer that grows up to a limit. A value outside its field or a message beyond the
 * limit is a mistake of the caller and throws a `RangeError`.
 */
export class ByteWriter {
  readonly #limit: number;
  #bytes: Uint8Array;
  #view: DataView;
  /** What was not written yet is zero. */
  readonly #isFresh: boolean;
  #length = 0;
  #finished = false;

  /**
   * Reserves `capacity` bytes (256 by default) and grows by doubling up to `limit` bytes (1 MiB by default). An array in the place of `capacity` is written over, and
   * is the limit.
   */
  constructor(
    capacity: number | Uint8Array<ArrayBuffer> = CAPACITY_BYTES_DEFAULT,
    limit = limitOf(capacity),
  ) {
    this.#isFresh = typeof capacity === 'number';
    if (typeof capacity !== 'number') {
      if (limit !== capacity.length) throw new RangeError('an array is its own limit');
      this.#limit = limit;
      this.#bytes = capacity;
      this.#view = new DataView(capacity.buffer, capacity.byteOffset, capacity.length);
      return;
    }
    if (!Number.isSafeInteger(capacity) || capacity < 0)
      throw new RangeError('capacity must be a whole number of at least 0');
    if (!Number.isSafeInteger(limit) || limit < capacity)
      throw new RangeError('limit must be a whole number of at least capacity');
    this.#limit = limit;
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** Writes one byte. */
  u8(value: number): this {
    requireUnsigned(value, 0xff, 'u8');
    const at = this.#reserve(1);
    this.#view.setUint8(at, value);
    return this;
  }

  /** Writes two bytes. */
  u16(value: number): this {
    requireUnsigned(value, 0xffff, 'u16');
    const at = this.#reserve(2);
    this.#view.setUint16(at, value);
    return this;
  }

  /** Writes three bytes. */
  u24(value: number): this {
    requireUnsigned(value, 0xff_ffff, 'u24');
    const at = this.#reserve(3);
    this.#view.setUint8(at, value >>> 16);
    this.#view.setUint16(at + 1, value & 0xffff);
    return this;
  }

  /** Writes four bytes. */
  u32(value: number): this {
    requireUnsigned(value, 0xffff_ffff, 'u32');
    const at = this.#reserve(4);
    this.#view.setUint32(at, value);
    return this;
  }

  /** Writes six bytes. */
  u48(value: number): this {
    requireUnsigned(value, UINT48_MAX, 'u48');
    const at = this.#reserve(6);
    this.#view.setUint16(at, Math.floor(value / 0x1_0000_0000));
    this.#view.setUint32(at + 2, value % 0x1_0000_0000);
    return this;
  }

  /** Writes eight bytes. */
  u64(value: bigint): this {
    if (typeof value !== 'bigint' || value < 0n || value > UINT64_MAX)
      throw new RangeError('u64 must be a bigint from 0 to 2^64 - 1');
    const at = this.#reserve(8);
    this.#view.setBigUint64(at, value);
    return this;
  }

  /** Appends a copy of the bytes. */
  bytes(bytes: Uint8Array): this {
    const at = this.#reserve(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  /** Appends `count` zero bytes. */
  zeros(count: number): this {
    if (!Number.isSafeInteger(count) || count < 0)
      throw new RangeError('count must be a whole number of at least 0');
    const at = this.#reserve(count);
    if (!this.#isFresh) this.#bytes.fill(0, at, at + count);
    return this;
  }

  /**
   * What was written, exactly that long, as a view of the writer's own buffer, which nothing else shares, or of the array that it was given. The writer is spent: a
   * further write throws.
   */
  finish(): Uint8Array {
    const isFull = this.#length === this.#bytes.length;
    const written = isFull ? this.#bytes : this.#bytes.subarray(0, this.#length);
    this.#finished = true;
    return written;
  }

  #reserve(count: number): number {
    if (this.#finished) throw new TypeError('the writer is finished; make a new one');
    const at = this.#length;
    const needed = at + count;
    if (needed > this.#limit)
      throw new RangeError(`the message is longer than its limit of ${this.#limit} bytes`);
    if (needed > this.#bytes.length) this.#grow(needed);
    this.#length = needed;
    return at;
  }

  #grow(needed: number): void {
    const grown = new Uint8Array(Math.min(this.#limit, Math.max(needed, 2 * this.#bytes.length)));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

function limitOf(capacity: number | Uint8Array): number {
  return typeof capacity === 'number' ? Math.max(capacity, LIMIT_BYTES_DEFAULT) : capacity.length;
}

function requireUnsigned(value: number, max: number, field: string): void {
  if (!Number.isInteger(value) || value < 0 || value > max)
    throw new RangeError(`${field} must be a whole number from 0 to ${max}`);
}
