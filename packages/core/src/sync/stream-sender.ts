import { FRAME_BODY_BYTES_MAX, type Random } from '../transport/index.js';
import { READY_BYTES, WINDOW_FRAMES } from './limits.js';
import { DATA_HEADER_BYTES, encodeSyncFrame } from './messages.js';

const SYNC_PIECE_BYTES_MAX = FRAME_BODY_BYTES_MAX - DATA_HEADER_BYTES;

/** Cuts messages into frames, none of them further ahead of the receiver's acknowledgements than the window. */
export class StreamSender {
  readonly #random: Random;
  #epoch: number;
  #messages: Uint8Array[] = [];
  /** Bytes of the first message that have left. */
  #offset = 0;
  #bytes = 0;
  #sent = 0;
  #acknowledged = 0;

  constructor(random: Random) {
    this.#random = random;
    this.#epoch = random.u32();
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Frames of this epoch that have left. */
  get sent(): number {
    return this.#sent;
  }

  /** True while more may be prepared. */
  get hasRoom(): boolean {
    return this.#bytes < READY_BYTES;
  }

  /** True when all has left and was dealt with. */
  get isFlushed(): boolean {
    return this.#bytes === 0 && this.#sent === this.#acknowledged;
  }

  push(message: Uint8Array): void {
    this.#messages.push(message);
    this.#bytes += message.length;
  }

  /** The next frame, while there is something to send and the window is open. */
  nextFrame(): Uint8Array | undefined {
    if (this.#bytes === 0 || this.#sent - this.#acknowledged >= WINDOW_FRAMES) return undefined;
    const piece = this.#take(Math.min(this.#bytes, SYNC_PIECE_BYTES_MAX));
    const frame = encodeSyncFrame({ type: 'data', epoch: this.#epoch, number: this.#sent, piece });
    this.#sent += 1;
    return frame;
  }

  /** Whether the receiver has got further. */
  acknowledge(epoch: number, received: number): boolean {
    if (epoch !== this.#epoch || received <= this.#acknowledged || received > this.#sent) return false;
    this.#acknowledged = received;
    return true;
  }

  /** Forgets all that was to be sent. */
  restart(): void {
    this.#epoch = this.#random.u32();
    this.#messages = [];
    this.#offset = 0;
    this.#bytes = 0;
    this.#sent = 0;
    this.#acknowledged = 0;
  }

  #take(length: number): Uint8Array {
    const piece = new Uint8Array(length);
    let at = 0;
    let used = 0;
    for (const message of this.#messages) {
      if (at === length) break;
      const part = message.subarray(this.#offset, this.#offset + length - at);
      piece.set(part, at);
      at += part.length;
      this.#offset += part.length;
      if (this.#offset < message.length) break;
      this.#offset = 0;
      used += 1;
    }
    this.#messages.splice(0, used);
    this.#bytes -= length;
    return piece;
  }
}
