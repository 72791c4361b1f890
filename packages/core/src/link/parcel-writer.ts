import { BoundedMap } from '../transport/index.js';
import type { Batch, BatchMessage, Parcel } from '../envelope/batch.js';
import { HopFlag } from '../envelope/hop-flags.js';
import { ENVELOPE_BYTES_MAX } from '../envelope/envelope.js';
import { encodeFrame, FrameKind } from '../record/frames.js';
import { KEYS_SENT_MAX, SLOTS } from './link-limits.js';
import { encodeBlock, encodeHeadFrame, encodeSingle } from './parcel-frames.js';

/** A block must be put together again by the peer: leave room for one whole envelope and its neighbours. */
const BLOCK_BYTES_MAX = ENVELOPE_BYTES_MAX + 262_144;

/** Frames of one parcel, in their order; the slot stays pinned until `release`. */
export interface EncodedParcel {
  /** KEY and HEAD, as far as the peer does not have them yet. */
  readonly announcement: readonly Uint8Array[];
  readonly frames: readonly Uint8Array[];
  /** The announcement has left: parcels of the same batch may do without from now on. */
  readonly announced: () => void;
  readonly release: () => void;
}

/** Turns parcels into KEY, HEAD, BLOCK and ENV frames and remembers what the peer already has. */
export class ParcelWriter {
  readonly #keysSent = new BoundedMap<string, true>(KEYS_SENT_MAX);
  readonly #slotOf = new Map<string, number>();
  readonly #owner: (string | undefined)[] = [];
  readonly #announced = new Set<number>();
  readonly #pinned = new Map<number, number>();
  #next = 0;

  /** The peer asks for a key again: it has forgotten it. */
  forgetKey(origin: string): void {
    this.#keysSent.delete(origin);
  }

  encode(parcel: Parcel): EncodedParcel {
    const { batch } = parcel;
    const slot = this.#slotOf.get(batch.key) ?? this.#allot(batch);
    // A parcel of higher priority may overtake one of the same batch whose HEAD still waits: then both bring it.
    const announcement: Uint8Array[] = [];
    if (!this.#announced.has(slot)) {
      if (!this.#keysSent.has(batch.origin)) announcement.push(encodeFrame(FrameKind.KEY, batch.publicKey));
      announcement.push(encodeHeadFrame(slot, batch, ((parcel.flags ?? 0) & HopFlag.REPAIR) !== 0));
    }
    this.#pinned.set(slot, (this.#pinned.get(slot) ?? 0) + 1);
    return {
      announcement,
      frames: this.#body(slot, parcel),
      announced: () => {
        this.#announced.add(slot);
        this.#keysSent.set(batch.origin, true);
      },
      release: () => this.#unpin(slot),
    };
  }

  #body(slot: number, parcel: Parcel): Uint8Array[] {
    const { batch, messages, isWhole, ttl, flags } = parcel;
    if (isWhole && parcel.bytes <= BLOCK_BYTES_MAX) return [encodeBlock(slot, ttl, messages, flags)];
    return messages.map((message: BatchMessage) => encodeSingle(slot, ttl, batch, message, flags));
  }

  #allot(batch: Batch): number {
    // At most one parcel per priority is being sent, so of 256 slots most are always free to take.
    while (this.#pinned.has(this.#next)) this.#next = (this.#next + 1) % SLOTS;
    const slot = this.#next;
    this.#next = (slot + 1) % SLOTS;
    const before = this.#owner[slot];
    if (before !== undefined) this.#slotOf.delete(before);
    this.#owner[slot] = batch.key;
    this.#announced.delete(slot);
    this.#slotOf.set(batch.key, slot);
    return slot;
  }

  #unpin(slot: number): void {
    const count = (this.#pinned.get(slot) ?? 1) - 1;
    if (count === 0) this.#pinned.delete(slot);
    else this.#pinned.set(slot, count);
  }
}
