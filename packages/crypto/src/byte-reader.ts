import { requireBytes } from './bytes.js';

const EMPTY = new Uint8Array(0);

/**
 * Reads big-endian fields from bytes that a stranger sent. It never throws: reading past the end sets
 * {@link ByteReader.failed}, which stays set, and every read from then on answers 0 or an empty array, so a decoder
 * reads all its fields and asks once, with {@link ByteReader.end}.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;
  #failed = false;

  /** Reads from the first byte on; the array is not copied, so it must not change meanwhile. */
  constructor(bytes: Uint8Array) {
    requireBytes(bytes, 'bytes');
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Bytes not yet read; 0 after a failure. */
  get remaining(): number {
    return this.#failed ? 0 : this.#bytes.length - this.#offset;
  }

  /** Whether some read went past the end. */
  get failed(): boolean {
    return this.#failed;
  }

  /** True if and only if nothing failed and every byte was read. */
  end(): boolean {
    return !this.#failed && this.#offset === this.#bytes.length;
  }

  /** An unsigned byte. */
  u8(): number {
    const at = this.#take(1);
    return at < 0 ? 0 : this.#view.getUint8(at);
  }

  /** An unsigned 16-bit number. */
  u16(): number {
    const at = this.#take(2);
    return at < 0 ? 0 : this.#view.getUint16(at);
  }

  /** An unsigned 24-bit number. */
  u24(): number {
    const at = this.#take(3);
    return at < 0 ? 0 : this.#view.getUint16(at) * 0x100 + this.#view.getUint8(at + 2);
  }

  /** An unsigned 32-bit number. */
  u32(): number {
    const at = this.#take(4);
    return at < 0 ? 0 : this.#view.getUint32(at);
  }

  /** An unsigned 48-bit number, which a JavaScript number holds exactly. */
  u48(): number {
    const at = this.#take(6);
    return at < 0 ? 0 : this.#view.getUint16(at) * 0x1_0000_0000 + this.#view.getUint32(at + 2);
  }

  /** An unsigned 64-bit number. */
  u64(): bigint {
    const at = this.#take(8);
    return at < 0 ? 0n : this.#view.getBigUint64(at);
  }

  /** The next `length` bytes as a view of the input, not a copy. */
  bytes(length: number): Uint8Array {
    const at = this.#take(length);
    return at < 0 ? EMPTY : this.#bytes.subarray(at, at + length);
  }

  /** All bytes that remain, as a view. */
  rest(): Uint8Array {
    return this.bytes(this.remaining);
  }

  /** Passes over `length` bytes. */
  skip(length: number): void {
    this.#take(length);
  }

  /** Where the field starts, or -1 when it does not fit, which fails the reader. */
  #take(length: number): number {
    const at = this.#offset;
    if (this.#failed || !Number.isSafeInteger(length) || length < 0 || length > this.#bytes.length - at) {
      this.#failed = true;
      return -1;
    }
    this.#offset = at + length;
    return at;
  }
}
