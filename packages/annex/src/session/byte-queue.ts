import { ByteWriter } from '@yakmesh/crypto';

/** Bytes of one block: a record for bulk, or four others. */
const BLOCK_BYTES = 65_536;
/** The first block, as long as a stream is small. */
const FIRST_BYTES = 4_096;
/** Blocks that are kept for what comes, of those that were read, while something waits. */
const SPARE_BLOCKS_MAX = 64;

/** Bytes in a row, taken from the front and appended behind: blocks that are filled, emptied and filled again, and never moved. */
export class ByteQueue {
  readonly #blocks: Uint8Array[] = [];
  readonly #spare: Uint8Array[] = [];
  /** Of the first block, bytes that are gone; of the last one, bytes that are there. */
  #start = 0;
  #end = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  append(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const last = this.#lastWithRoom(bytes.length - at);
      const room = last.length - this.#end;
      const part = at === 0 && bytes.length <= room ? bytes : bytes.subarray(at, at + room);
      last.set(part, this.#end);
      this.#end += part.length;
      this.#length += part.length;
      at += part.length;
    }
  }

  /** Writes so many of the bytes that are there, counted from the front. */
  writeTo(writer: ByteWriter, from: number, length: number): void {
    const [index, at] = this.#find(from);
    for (let next = index, offset = at, left = length; left > 0; next += 1, offset = 0) {
      const part = this.#blocks[next]?.subarray(offset, offset + left);
      if (part === undefined) throw new RangeError('these bytes are gone, or not there yet');
      writer.bytes(part);
      left -= part.length;
    }
  }

  copy(from: number, length: number): Uint8Array {
    const writer = new ByteWriter(length, length);
    this.writeTo(writer, from, length);
    return writer.finish();
  }

  drop(count: number): void {
    this.#start += count;
    this.#length -= count;
    for (let first = this.#blocks[0]; first !== undefined; first = this.#blocks[0]) {
      if (this.#blocks.length === 1 ? this.#length > 0 : this.#start < first.length) return;
      this.#start = this.#blocks.length === 1 ? 0 : this.#start - first.length;
      this.#blocks.shift();
      if (first.length === BLOCK_BYTES && this.#spare.length < SPARE_BLOCKS_MAX) this.#spare.push(first);
    }
    this.#spare.length = 0;
  }

  /** All blocks but the first have one length. */
  #find(from: number): [index: number, at: number] {
    const at = this.#start + from;
    const first = this.#blocks[0]?.length ?? 0;
    if (at < first) return [0, at];
    const behind = at - first;
    return [1 + Math.floor(behind / BLOCK_BYTES), behind % BLOCK_BYTES];
  }

  #lastWithRoom(wanted: number): Uint8Array {
    const last = this.#blocks.at(-1);
    if (last !== undefined && this.#end < last.length) return last;
    const isFirst = this.#blocks.length === 0 && wanted <= FIRST_BYTES;
    const block = isFirst ? new Uint8Array(FIRST_BYTES) : (this.#spare.pop() ?? new Uint8Array(BLOCK_BYTES));
    this.#blocks.push(block);
    this.#end = 0;
    return block;
  }
}
