import type { Parcel } from '../../envelope/batch.js';
import type { CreditUser } from '../../link/credit.js';
import { KEYS_SENT_MAX, PRIORITIES, SLOTS } from '../../link/link-limits.js';
import { FRAGMENT_BYTES_MIN } from '../../link/reassembly.js';
import type { QueueItem, SendQueue } from '../../link/send-queue.js';
import { FRAME_HEADER_BYTES, isCharged, RECORD_PLAINTEXT_BYTES_MAX } from '../../record/frames.js';
import { BoundedMap } from '../../transport/bounded-map.js';
import { ModelRecord, type ModelPart } from './model-record.js';
import {
  HEAD_BYTES,
  isBlock,
  KEY_BYTES,
  parcelWireBytes,
  PIECE_BYTES,
  recordWireBytes,
} from './model-sizes.js';
import type { Traffic } from './traffic.js';

/** Room that a real record keeps for its last frame. */
const ROOM_BYTES = RECORD_PLAINTEXT_BYTES_MAX - FRAME_HEADER_BYTES - 8;

/** An item that is being sent. */
interface Sending {
  readonly item: QueueItem;
  /** Bytes of it that are left to send. */
  leftBytes: number;
  isBegun: boolean;
}

export interface ModelRecordOut {
  readonly wire: ModelRecord;
  readonly chargedBytes: number;
}

/** Fills model records as the real writer fills real ones: control first, then by priority as far as credit goes, in pieces where it is long. */
export class ModelWriter {
  readonly #queue: SendQueue;
  readonly #credit: CreditUser;
  readonly #traffic: Traffic;
  readonly #sending: (Sending | undefined)[] = new Array<Sending | undefined>(PRIORITIES);
  /** Batches whose HEAD the peer has, the oldest of which is overwritten. */
  readonly #slots = new BoundedMap<string, true>(SLOTS);
  readonly #keysSent = new BoundedMap<string, true>(KEYS_SENT_MAX);
  #control: Uint8Array[] = [];
  #sendingCount = 0;
  #isDataStopped = false;

  constructor(queue: SendQueue, credit: CreditUser, traffic: Traffic) {
    this.#queue = queue;
    this.#credit = credit;
    this.#traffic = traffic;
  }

  /** True where nothing waits to be sent. */
  get isIdle(): boolean {
    return (
      this.#control.length === 0 && (this.#isDataStopped || (this.#sendingCount === 0 && this.#queue.isEmpty))
    );
  }

  get unsent(): QueueItem[] {
    return this.#sending.flatMap((sending) => (sending === undefined ? [] : [sending.item]));
  }

  control(frame: Uint8Array): void {
    this.#control.push(frame);
  }

  stopData(): void {
    this.#isDataStopped = true;
  }

  next(nowMs: number): ModelRecordOut | undefined {
    if (this.isIdle) return undefined;
    const parts: ModelPart[] = [];
    let bytes = 0;
    if (this.#control.length > 0) {
      for (const frame of this.#control) {
        parts.push({ type: 'frame', frame });
        bytes += frame.length;
      }
      this.#control = [];
    }
    const controlBytes = bytes;
    let charged = 0;
    let isAlone = false;
    while (!this.#isDataStopped && (this.#sendingCount > 0 || !this.#queue.isEmpty)) {
      const sending = this.#current();
      if (sending === undefined) break;
      isAlone = sending.item.type === 'frame' && sending.item.isAlone === true;
      if (isAlone && parts.length > 0) {
        isAlone = false;
        break;
      }
      const taken = this.#take(sending, ROOM_BYTES - bytes, parts, nowMs);
      if (taken === undefined) break;
      bytes += taken.bytes;
      charged += taken.charged;
      if (isAlone) break;
    }
    if (parts.length === 0) return undefined;
    const wireBytes = recordWireBytes(bytes, isAlone);
    this.#traffic.add('links', controlBytes + wireBytes - bytes);
    return {
      wire: new ModelRecord(wireBytes, { type: 'record', parts, chargedBytes: charged }),
      chargedBytes: charged,
    };
  }

  /** Takes the rest of an item, or a piece of it; undefined where there is no room worth using. */
  #take(
    sending: Sending,
    room: number,
    parts: ModelPart[],
    nowMs: number,
  ): { readonly bytes: number; readonly charged: number } | undefined {
    const { item, leftBytes } = sending;
    const announcement = sending.isBegun || item.type === 'frame' ? NOTHING : this.#announcement(item.parcel);
    const overhead = sending.isBegun ? PIECE_BYTES : 0;
    const isFree = item.type === 'frame' && !isCharged(item.frame[0] ?? 0);
    const space = Math.min(room - announcement.keyBytes, isFree ? Infinity : this.#credit.availableBytes);
    const wanted = announcement.headBytes + leftBytes + overhead;
    if (wanted <= space) {
      this.#finish(sending, announcement, parts, nowMs);
      const charged = isFree ? 0 : wanted;
      this.#credit.use(charged);
      return { bytes: wanted + announcement.keyBytes, charged };
    }
    const length = space - announcement.headBytes - PIECE_BYTES;
    if (!this.#isDivisible(sending) || length < FRAGMENT_BYTES_MIN) return undefined;
    sending.isBegun = true;
    sending.leftBytes -= length;
    const charged = length + PIECE_BYTES;
    parts.push({ type: 'piece', bytes: length });
    this.#credit.use(charged);
    this.#traffic.add('payload', charged);
    return { bytes: charged, charged };
  }

  #finish(sending: Sending, announcement: Announcement, parts: ModelPart[], nowMs: number): void {
    const { item, leftBytes } = sending;
    this.#sending[item.priority] = undefined;
    this.#sendingCount -= 1;
    if (item.type === 'frame') {
      // Whoever hears of it may use the array again, and this record is still under way.
      const frame = item.onSent === undefined ? item.frame : item.frame.slice();
      parts.push({ type: 'frame', frame });
      this.#traffic.addFrame(item.frame);
      item.onSent?.(nowMs);
      return;
    }
    const { parcel } = item;
    const { headBytes, keyBytes } = sending.isBegun ? this.#announcement(parcel) : announcement;
    if (headBytes > 0) this.#slots.set(parcel.batch.key, true);
    if (keyBytes > 0) this.#keysSent.set(parcel.batch.origin, true);
    const pieceBytes = sending.isBegun ? PIECE_BYTES : 0;
    parts.push({ type: 'parcel', parcel, headBytes: sending.isBegun ? 0 : headBytes, pieceBytes });
    this.#traffic.add('payload', leftBytes + headBytes + keyBytes);
  }

  #announcement({ batch }: Parcel): Announcement {
    if (this.#slots.has(batch.key)) return NOTHING;
    return { headBytes: HEAD_BYTES, keyBytes: this.#keysSent.has(batch.origin) ? 0 : KEY_BYTES };
  }

  /** What fits no record as a whole, and what is several frames anyway. */
  #isDivisible({ item, leftBytes, isBegun }: Sending): boolean {
    const isSeveral = item.type === 'parcel' && !isBlock(item.parcel) && item.parcel.messages.length > 1;
    return isBegun || isSeveral || leftBytes > ROOM_BYTES - HEAD_BYTES - KEY_BYTES;
  }

  /** The item to go on with: the highest priority that is being sent or waits. */
  #current(): Sending | undefined {
    let highest: Sending | undefined;
    if (this.#sendingCount > 0)
      for (const sending of this.#sending) if (sending !== undefined) highest = sending;
    const waiting = this.#queue.peekPriority();
    if (waiting === undefined || (highest !== undefined && highest.item.priority >= waiting)) return highest;
    const item = this.#queue.shift();
    if (item === undefined) return highest;
    const leftBytes = item.type === 'frame' ? item.frame.length : parcelWireBytes(item.parcel);
    const started = { item, leftBytes, isBegun: false };
    this.#sending[item.priority] = started;
    this.#sendingCount += 1;
    return started;
  }
}

interface Announcement {
  readonly keyBytes: number;
  readonly headBytes: number;
}

const NOTHING: Announcement = { keyBytes: 0, headBytes: 0 };
