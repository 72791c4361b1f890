import { decodeFrames, type Frame } from '../record/frames.js';
import type { RecordKeys } from '../record/record-keys.js';
import { decodeKeyUpdate } from './control-frames.js';
import { HELD_BYTES_MAX } from './link-limits.js';

/** A wire message that waits for its key. */
export interface HeldRecord {
  readonly wire: Uint8Array;
  readonly receivedMs: number;
}

export type OpenedRecord =
  | { readonly type: 'frames'; readonly frames: readonly Frame[] }
  | { readonly type: 'held' | 'too-much' | 'bad-tag' | 'bad-frames' };

/** Opens records under the peer's present key; holds them back while the next epoch's root is still being computed. */
export class RecordOpener {
  readonly #keys: RecordKeys;
  #root: Uint8Array | undefined;
  #held: HeldRecord[] = [];
  #heldBytes = 0;
  #isHolding = false;

  constructor(keys: RecordKeys) {
    this.#keys = keys;
  }

  open(wire: Uint8Array, receivedMs: number): OpenedRecord {
    if (this.#isHolding) {
      this.#heldBytes += wire.length;
      if (this.#heldBytes > HELD_BYTES_MAX) return { type: 'too-much' };
      this.#held.push({ wire, receivedMs });
      return { type: 'held' };
    }
    const plaintext = this.#keys.open(wire);
    if (plaintext === undefined) return { type: 'bad-tag' };
    const frames = decodeFrames(plaintext);
    return frames === undefined ? { type: 'bad-frames' } : { type: 'frames', frames };
  }

  /** KEY_UPDATE: the peer's next record uses another key. False when that key cannot be the next one. */
  keyUpdate(body: Uint8Array): boolean {
    const update = decodeKeyUpdate(body);
    const { epoch, phase } = this.#keys;
    if (update?.epoch === epoch && update.phase === phase + 1) {
      this.#keys.nextPhase();
      return true;
    }
    if (update?.epoch !== epoch + 1 || update.phase !== 0) return false;
    if (this.#root === undefined) this.#isHolding = true;
    else this.#nextEpoch(this.#root);
    return true;
  }

  /** The next epoch's root is known; answers the records that waited for it, in their order. */
  provide(root: Uint8Array): readonly HeldRecord[] {
    this.#root = root.slice();
    if (!this.#isHolding) return [];
    this.#isHolding = false;
    this.#nextEpoch(this.#root);
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    return held;
  }

  destroy(): void {
    this.#root?.fill(0);
    this.#keys.destroy();
  }

  #nextEpoch(root: Uint8Array): void {
    this.#keys.nextEpoch(root);
    root.fill(0);
    this.#root = undefined;
  }
}
