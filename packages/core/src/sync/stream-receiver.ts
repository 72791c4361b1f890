import { concatBytes } from '@yakmesh/crypto';
import { WINDOW_FRAMES } from './limits.js';
import {
  decodeStreamMessage,
  MESSAGE_BYTES_MAX,
  MESSAGE_HEADER_BYTES,
  type StreamMessage,
} from './stream-messages.js';

/** What becomes of a frame: `broken` where it does not continue the stream, `overrun` where it ignores the window. */
export type Reception = 'taken' | 'broken' | 'overrun';

const EMPTY = new Uint8Array(0);

/** Puts a neighbour's stream together again. What waits is bounded by the window, which is enforced here. */
export class StreamReceiver {
  /** Undefined until a first frame came, and after a fault: only a new epoch helps. */
  #epoch: number | undefined;
  #pieces: Uint8Array[] = [];
  #expected = 0;
  #rest: Uint8Array = EMPTY;
  #next: StreamMessage | 'bad' | undefined;

  get epoch(): number | undefined {
    return this.#epoch;
  }

  /** Frames whose messages were all taken but for the part of one that goes on in the next frame. */
  get done(): number {
    return this.#expected - this.#pieces.length;
  }

  get isEmpty(): boolean {
    return this.#pieces.length === 0 && this.#next === undefined;
  }

  accept(epoch: number, number: number, piece: Uint8Array): Reception {
    if (number === 0 && epoch !== this.#epoch) this.#begin(epoch);
    if (epoch !== this.#epoch || number !== this.#expected) return 'broken';
    if (this.#pieces.length >= WINDOW_FRAMES) return 'overrun';
    // The bytes of a frame are valid during the call only.
    this.#pieces.push(piece.slice());
    this.#expected += 1;
    return 'taken';
  }

  /** The next message, until `shift`; 'bad' for bytes that are none. */
  peek(): StreamMessage | 'bad' | undefined {
    this.#next ??= this.#read();
    return this.#next;
  }

  shift(): void {
    this.#next = undefined;
  }

  /** Hears nothing more of this epoch. */
  refuse(): void {
    this.#begin(undefined);
  }

  #begin(epoch: number | undefined): void {
    this.#epoch = epoch;
    this.#pieces = [];
    this.#expected = 0;
    this.#rest = EMPTY;
    this.#next = undefined;
  }

  #read(): StreamMessage | 'bad' | undefined {
    for (;;) {
      const message = this.#complete();
      if (message !== undefined) return message;
      const piece = this.#pieces.shift();
      if (piece === undefined) return undefined;
      this.#rest = this.#rest.length === 0 ? piece : concatBytes(this.#rest, piece);
    }
  }

  #complete(): StreamMessage | 'bad' | undefined {
    const [type = 0, high = 0, middle = 0, low = 0] = this.#rest;
    if (this.#rest.length < MESSAGE_HEADER_BYTES) return undefined;
    const length = (high << 16) | (middle << 8) | low;
    if (length > MESSAGE_BYTES_MAX) return 'bad';
    const end = MESSAGE_HEADER_BYTES + length;
    if (this.#rest.length < end) return undefined;
    const body = this.#rest.subarray(MESSAGE_HEADER_BYTES, end);
    this.#rest = this.#rest.subarray(end);
    return decodeStreamMessage(type, body) ?? 'bad';
  }
}
