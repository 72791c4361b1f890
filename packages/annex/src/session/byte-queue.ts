const CAPACITY_BYTES = 4_096;

/** Bytes in a row, taken from the front and appended behind. */
export class ByteQueue {
  #bytes = new Uint8Array(CAPACITY_BYTES);
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  append(bytes: Uint8Array): void {
    if (this.#end + bytes.length > this.#bytes.length) this.#makeRoom(bytes.length);
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** A view of bytes counted from the front; good until the queue changes. */
  view(from: number, length: number): Uint8Array {
    return this.#bytes.subarray(this.#start + from, this.#start + from + length);
  }

  drop(count: number): void {
    this.#start += count;
    if (this.#start < this.#end) return;
    this.#start = 0;
    this.#end = 0;
    if (this.#bytes.length > 16 * CAPACITY_BYTES) this.#bytes = new Uint8Array(CAPACITY_BYTES);
  }

  #makeRoom(count: number): void {
    const wanted = this.length + count;
    const isRoomy = 2 * wanted <= this.#bytes.length;
    const target = isRoomy ? this.#bytes : new Uint8Array(Math.max(2 * wanted, CAPACITY_BYTES));
    if (isRoomy) target.copyWithin(0, this.#start, this.#end);
    else target.set(this.#bytes.subarray(this.#start, this.#end));
    this.#bytes = target;
    this.#end -= this.#start;
    this.#start = 0;
  }
}
