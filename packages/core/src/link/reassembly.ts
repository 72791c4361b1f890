import { ByteReader, ByteWriter, copyBytes } from '@yakmesh/crypto';
import { FRAME_HEADER_BYTES, FrameKind } from '../record/frames.js';
import { PRIORITIES, REASSEMBLY_BYTES_MAX } from './link-limits.js';

/** stream u8 · flags u8. */
export const FRAGMENT_HEADER_BYTES = 2;
const FLAG_LAST = 1;
/** Least bytes of a fragment that is not the last: tiny ones would cost the receiver more than they count for. A shorter one closes the link. */
export const FRAGMENT_BYTES_MIN = 1_024;

/** All of a FRAG frame but the `length` bytes of the frame that it carries: these follow without being copied first. */
export function encodeFragmentHeader(stream: number, isLast: boolean, length: number): Uint8Array {
  return new ByteWriter(FRAME_HEADER_BYTES + FRAGMENT_HEADER_BYTES)
    .u8(FrameKind.FRAG)
    .u24(FRAGMENT_HEADER_BYTES + length)
    .u8(stream)
    .u8(isLast ? FLAG_LAST : 0)
    .finish();
}

export type Reassembled =
  | { readonly type: 'partial' }
  | { readonly type: 'bad' }
  | { readonly type: 'frame'; readonly kind: number; readonly body: Uint8Array; readonly bytes: number };

/** Puts FRAG frames together: one frame at a time for each stream (a stream is a priority), at most 1 MiB in all. */
export class Reassembly {
  readonly #streams: Uint8Array[][] = Array.from({ length: PRIORITIES }, () => []);
  readonly #lengths: number[] = new Array<number>(PRIORITIES).fill(0);
  #bytes = 0;

  /** Bytes of frames that are not complete yet. */
  get bytes(): number {
    return this.#bytes;
  }

  add(body: Uint8Array): Reassembled {
    const reader = new ByteReader(body);
    const stream = reader.u8();
    const flags = reader.u8();
    const piece = reader.rest();
    const pieces = this.#streams[stream];
    if (reader.failed || pieces === undefined || piece.length === 0) return { type: 'bad' };
    if (this.#bytes + piece.length > REASSEMBLY_BYTES_MAX) return { type: 'bad' };
    const isLast = (flags & FLAG_LAST) !== 0;
    if (!isLast && piece.length < FRAGMENT_BYTES_MIN) return { type: 'bad' };
    // A copy: a view would keep its whole record alive.
    pieces.push(copyBytes(piece));
    this.#bytes += piece.length;
    this.#lengths[stream] = (this.#lengths[stream] ?? 0) + piece.length;
    return isLast ? this.#finish(stream, pieces) : { type: 'partial' };
  }

  #finish(stream: number, pieces: readonly Uint8Array[]): Reassembled {
    const length = this.#lengths[stream] ?? 0;
    const whole = new Uint8Array(length);
    let at = 0;
    for (const piece of pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    this.#streams[stream] = [];
    this.#lengths[stream] = 0;
    this.#bytes -= length;
    const reader = new ByteReader(whole);
    const kind = reader.u8();
    const bodyLength = reader.u24();
    const isWhole = !reader.failed && bodyLength === length - FRAME_HEADER_BYTES;
    // A control frame is never that long, and a fragment within a fragment would nest without end.
    const isAllowed = kind === FrameKind.BLOCK || kind === FrameKind.ENV;
    return isWhole && isAllowed
      ? { type: 'frame', kind, body: reader.rest(), bytes: length }
      : { type: 'bad' };
  }
}
