/** Gaps in what came of one stream: each piece beyond one is kept apart. */
export const STREAM_PIECES_MAX = 2_048;
/** Pieces smaller than this are joined with the one before, so that their number stays a matter of gaps. */
const SMALL_BYTES = 4_096;

/** From this share of its record on a piece keeps the record's memory instead of being copied: no second one of it can be as large. */
const OWN_SHARE = 0.5;

interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** What a frame brought. */
export type Received =
  | {
      readonly type: 'taken';
      /** Bytes past the highest so far: they use up the session's window. */
      readonly newBytes: number;
      readonly chunks: readonly Uint8Array[];
      readonly isEnd: boolean;
    }
  /** The sender broke the window, moved the end, or made more gaps than are kept. */
  | { readonly type: 'fault' };

/** The receiving half of a stream: puts bytes in order and counts them against its window. */
export class ReceiveStream {
  #pieces: Piece[] = [];
  #delivered = 0;
  #highest = 0;
  #limit: number;
  #final: number | undefined;
  #isDone = false;
  #consumed = 0;
  #window: number;
  #raisedMs: number;

  constructor(window: number, nowMs: number) {
    this.#window = window;
    this.#limit = window;
    this.#raisedMs = nowMs;
  }

  get limit(): number {
    return this.#limit;
  }

  /** Everything was handed on, or the sender gave up. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** Bytes handed on that nobody has read yet. */
  get unreadBytes(): number {
    return this.#delivered - this.#consumed;
  }

  receive(offset: number, bytes: Uint8Array, isEnd: boolean): Received {
    const end = offset + bytes.length;
    if (
      end > this.#limit ||
      (this.#final !== undefined && (end > this.#final || (isEnd && end !== this.#final)))
    )
      return { type: 'fault' };
    if (isEnd && end < this.#highest) return { type: 'fault' };
    if (isEnd) this.#final = end;
    const newBytes = Math.max(0, end - this.#highest);
    this.#highest = Math.max(this.#highest, end);
    const chunks = this.#take(offset, bytes);
    if (chunks === undefined) return { type: 'fault' };
    const isFirstEnd = !this.#isDone && this.#delivered === this.#final;
    if (isFirstEnd) this.#isDone = true;
    return { type: 'taken', newBytes, chunks, isEnd: isFirstEnd };
  }

  /** The sender gave up after so many bytes: those that did not come count as come. Undefined where it contradicts itself. */
  reset(final: number): { readonly newBytes: number; readonly unread: number } | undefined {
    if (final < this.#highest || final > this.#limit) return undefined;
    if (this.#final !== undefined && this.#final !== final) return undefined;
    const newBytes = final - this.#highest;
    const unread = final - this.#delivered;
    this.#highest = final;
    this.#final = final;
    this.#delivered = final;
    this.#isDone = true;
    this.#pieces = [];
    return { newBytes, unread };
  }

  /** Bytes were read: the new limit, where it is worth telling. A window that is used up within two round trips doubles. */
  consumed(count: number, nowMs: number, rttMs: number, windowMax: number): number | undefined {
    this.#consumed += count;
    if (this.#final !== undefined || this.#limit - this.#consumed > this.#window / 2) return undefined;
    if (nowMs - this.#raisedMs < 2 * rttMs) this.#window = Math.min(windowMax, 2 * this.#window);
    this.#raisedMs = nowMs;
    this.#limit = this.#consumed + this.#window;
    return this.#limit;
  }

  #take(offset: number, bytes: Uint8Array): Uint8Array[] | undefined {
    const skip = Math.max(0, this.#delivered - offset);
    const rest = bytes.subarray(Math.min(skip, bytes.length));
    if (offset + skip === this.#delivered && this.#pieces.length === 0) {
      this.#delivered += rest.length;
      return rest.length === 0 ? [] : [ownOf(rest)];
    }
    if (rest.length > 0 && !this.#keep(offset + skip, rest)) return undefined;
    return this.#deliver();
  }

  /** Keeps what no piece has yet, in order. */
  #keep(offset: number, bytes: Uint8Array): boolean {
    let at = this.#pieces.length;
    while (at > 0 && (this.#pieces[at - 1]?.offset ?? 0) > offset) at -= 1;
    const before = this.#pieces[at - 1];
    let from = before === undefined ? offset : Math.max(offset, before.offset + before.bytes.length);
    const end = offset + bytes.length;
    while (from < end) {
      const next = this.#pieces[at];
      const to = next === undefined ? end : Math.min(end, next.offset);
      if (from < to) at += this.#insert(at, from, bytes.subarray(from - offset, to - offset));
      if (next === undefined) break;
      from = Math.max(from, next.offset + next.bytes.length);
      at += 1;
    }
    return this.#pieces.length <= STREAM_PIECES_MAX;
  }

  /** Answers how many pieces were added. */
  #insert(at: number, offset: number, bytes: Uint8Array): number {
    const before = this.#pieces[at - 1];
    const joins =
      before !== undefined &&
      before.offset + before.bytes.length === offset &&
      before.bytes.length + bytes.length <= SMALL_BYTES;
    if (!joins) {
      this.#pieces.splice(at, 0, { offset, bytes: ownOf(bytes) });
      return 1;
    }
    const joined = new Uint8Array(before.bytes.length + bytes.length);
    joined.set(before.bytes);
    joined.set(bytes, before.bytes.length);
    this.#pieces[at - 1] = { offset: before.offset, bytes: joined };
    return 0;
  }

  #deliver(): Uint8Array[] {
    const chunks: Uint8Array[] = [];
    for (const { offset, bytes } of this.#pieces) {
      if (offset !== this.#delivered) break;
      chunks.push(bytes);
      this.#delivered += bytes.length;
    }
    if (chunks.length > 0) this.#pieces.splice(0, chunks.length);
    return chunks;
  }
}

/** Bytes that whoever gets them may do with as he likes, also move to another thread: nobody else has a part of their memory. */
function ownOf(bytes: Uint8Array): Uint8Array {
  return bytes.length > OWN_SHARE * bytes.buffer.byteLength ? bytes : bytes.slice();
}
