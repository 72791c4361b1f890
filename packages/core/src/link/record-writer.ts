import { wipe } from '@yakmesh/crypto';
import type { RecordKeys } from '../record/record-keys.js';
import {
  decodeFrames,
  encodeFrame,
  FrameKind,
  FRAME_HEADER_BYTES,
  isCharged,
  RECORD_PLAINTEXT_BYTES_MAX,
  TAG_BYTES,
} from '../record/frames.js';
import { AttachmentDraft } from './attachment.js';
import { encodeKeyUpdate } from './control-frames.js';
import type { CreditUser } from './credit.js';
import { encodeFlowAttached, FLOW_OVERHEAD_BYTES } from './flow-frames.js';
import type { LinkRatchet } from './link-ratchet.js';
import { PRIORITIES } from './link-limits.js';
import type { ParcelWriter } from './parcel-writer.js';
import { RecordDraft } from './record-draft.js';
import { encodeFragmentHeader, FRAGMENT_BYTES_MIN, FRAGMENT_HEADER_BYTES } from './reassembly.js';
import type { QueueItem, SendQueue } from './send-queue.js';

const TMARK = encodeFrame(FrameKind.TMARK);
/** Room kept for the frame that must be the last of its record. */
const LAST_FRAME_BYTES = FRAME_HEADER_BYTES + 8;
const FRAGMENT_OVERHEAD_BYTES = FRAME_HEADER_BYTES + FRAGMENT_HEADER_BYTES;

/** An item that is being sent: its frames, and how far into the first of them we are. */
interface Sending {
  readonly item: QueueItem;
  readonly frames: Uint8Array[];
  offset: number;
  /** Frames of it that announce its batch and are not sent yet. */
  announcements: number;
  readonly announced: () => void;
  readonly release: () => void;
}

export interface RecordWriterParts {
  readonly keys: RecordKeys;
  readonly ratchet: LinkRatchet;
  readonly queue: SendQueue;
  readonly parcels: ParcelWriter;
  readonly credit: CreditUser;
}

/** A record that is ready for the socket. */
export interface WireRecord {
  readonly wire: Uint8Array;
  /** Bytes of it that the peer's credit paid for. */
  readonly chargedBytes: number;
  /** True when it ended with our TMARK. */
  readonly isMark: boolean;
}

/** Fills records: control frames first, then data by priority as far as the peer's credit goes; what is too long is cut into fragments. */
export class RecordWriter {
  readonly #parts: RecordWriterParts;
  readonly #sending: (Sending | undefined)[] = new Array<Sending | undefined>(PRIORITIES);
  readonly #draft = new RecordDraft();
  /** Its bodies' frames are in the draft, or in the record that `next` gave last. */
  readonly #attachments = new AttachmentDraft();
  #switchRoot: Uint8Array | undefined;
  #control: Uint8Array[] = [];
  #isDataStopped = false;

  constructor(parts: RecordWriterParts) {
    this.#parts = parts;
  }

  get controlFrames(): number {
    return this.#control.length;
  }

  /** Queues a small frame that the link itself has to say. */
  control(frame: Uint8Array): void {
    this.#control.push(frame);
  }

  /** After the frames queued so far, our records use a new root. */
  switchAfterControl(root: Uint8Array): void {
    this.#switchRoot = root.slice();
  }

  /** Items that were taken from the queue and are not wholly sent: another link to the peer can send them again. */
  get unsent(): QueueItem[] {
    return this.#sending.flatMap((sending) => (sending === undefined ? [] : [sending.item]));
  }

  /** Sends no more data: the link is about to end. */
  stopData(): void {
    this.#isDataStopped = true;
  }

  /** True while the next message is an attachment of the last record. */
  get isAttaching(): boolean {
    return !this.#attachments.isEmpty;
  }

  /** The last record's next attachment, or seals the next record, which may have so many; undefined when there is nothing that may be sent now. */
  next(nowMs: number, attachmentsMax = 1): WireRecord | undefined {
    const { keys, ratchet } = this.#parts;
    const draft = this.#draft;
    const attachment = this.#attachments.shift();
    if (attachment !== undefined) return { wire: attachment, chargedBytes: 0, isMark: false };
    if (this.#isAloneNext()) return this.#alone(nowMs);
    this.#takeControl();
    const chargedBytes = this.#isDataStopped ? 0 : this.#takeData(nowMs, attachmentsMax);
    // The switch comes after the signature that announced it, hence only in a record that took all control frames.
    const root = this.#control.length === 0 ? this.#switchRoot : undefined;
    const isMark = root === undefined && ratchet.wantsMark;
    const isWorn = root === undefined && !isMark && keys.isWorn;
    if (draft.length === 0 && root === undefined && !isMark && !isWorn) return undefined;
    if (root !== undefined) draft.add(encodeKeyUpdate(keys.epoch + 1, 0));
    else if (isMark) draft.add(TMARK);
    else if (isWorn) draft.add(encodeKeyUpdate(keys.epoch, keys.phase + 1));
    const wire = draft.finish();
    ratchet.sent.absorb(decodeFrames(wire.subarray(0, wire.length - TAG_BYTES)) ?? []);
    keys.sealInPlace(wire);
    if (root !== undefined) {
      keys.nextEpoch(root);
      wipe(root);
      this.#switchRoot = undefined;
    } else if (isWorn) keys.nextPhase();
    return { wire, chargedBytes, isMark };
  }

  /** What the link itself has to say goes first, in a record of its own. */
  #isAloneNext(): boolean {
    const { keys, ratchet } = this.#parts;
    const isLinkFirst = this.#control.length > 0 || this.#switchRoot !== undefined;
    if (isLinkFirst || ratchet.wantsMark || keys.isWorn) return false;
    const sending = this.#isDataStopped ? undefined : this.#current();
    return (
      sending !== undefined &&
      isAlone(sending.item) &&
      sending.item.bytes <= this.#parts.credit.availableBytes
    );
  }

  /** One frame, unpadded and with nothing else: all such records of one frame size look alike. */
  #alone(nowMs: number): WireRecord | undefined {
    const { keys, ratchet, credit } = this.#parts;
    const sending = this.#current();
    const frame = sending?.frames[0];
    if (sending === undefined || frame === undefined) return undefined;
    const wire = keys.seal(frame);
    ratchet.sent.absorb(decodeFrames(frame) ?? []);
    credit.use(frame.length);
    this.#advance(sending, nowMs);
    return { wire, chargedBytes: frame.length, isMark: false };
  }

  /** Room for frames that need not be the last. */
  get #roomBytes(): number {
    return RECORD_PLAINTEXT_BYTES_MAX - LAST_FRAME_BYTES - this.#draft.length;
  }

  #takeControl(): void {
    let count = 0;
    for (const frame of this.#control) {
      if (frame.length > this.#roomBytes) break;
      this.#draft.add(frame);
      count += 1;
    }
    if (count > 0) this.#control = this.#control.slice(count);
  }

  /** Answers the bytes that the peer's credit pays for. */
  #takeData(nowMs: number, attachmentsMax: number): number {
    const { credit } = this.#parts;
    let charged = 0;
    for (;;) {
      const sending = this.#current();
      const frame = sending?.frames[0];
      if (sending === undefined || frame === undefined || isAlone(sending.item)) return charged;
      const sealedFrom = sealedFromOf(sending.item);
      if (sealedFrom !== undefined) {
        const bytes = this.#attach(frame, sealedFrom, attachmentsMax);
        if (bytes === 0) return charged;
        charged += bytes;
        credit.use(bytes);
        this.#advance(sending, nowMs);
        continue;
      }
      // Frames in the record are dealt with before the attachments come, and those of a flow keep their order.
      if (!this.#attachments.isEmpty) return charged;
      const before = this.#draft.length;
      this.#addPiece(sending, frame, Math.min(this.#roomBytes, credit.availableBytes));
      const length = this.#draft.length - before;
      if (length === 0) return charged;
      // Fragments of a frame are charged like it.
      if (isCharged(frame[0] ?? 0)) {
        charged += length;
        credit.use(length);
      }
      this.#advance(sending, nowMs);
    }
  }

  /** Puts a FLOW's body behind the record, where all of it has room; answers the bytes that it costs. */
  #attach(flow: Uint8Array, sealedFrom: number, attachmentsMax: number): number {
    const bodyBytes = flow.length - FLOW_OVERHEAD_BYTES;
    if (!this.#attachments.hasRoom(bodyBytes, attachmentsMax)) return 0;
    const frame = encodeFlowAttached(flow, sealedFrom);
    const bytes = frame.length + bodyBytes;
    if (frame.length > this.#roomBytes || bytes > this.#parts.credit.availableBytes) return 0;
    this.#draft.add(frame);
    this.#attachments.add(flow, sealedFrom);
    return bytes;
  }

  /** The item to go on with: the highest priority that is being sent or waits. */
  #current(): Sending | undefined {
    let highest: Sending | undefined;
    for (const sending of this.#sending) if (sending !== undefined) highest = sending;
    const { queue } = this.#parts;
    const waiting = queue.peekPriority();
    if (waiting === undefined || (highest !== undefined && highest.item.priority >= waiting)) return highest;
    const item = queue.shift();
    if (item === undefined) return highest;
    const started = this.#start(item);
    this.#sending[item.priority] = started;
    return started;
  }

  #start(item: QueueItem): Sending {
    if (item.type === 'frame') {
      const nothing = (): void => undefined;
      return {
        item,
        frames: [item.frame],
        offset: 0,
        announcements: 0,
        announced: nothing,
        release: nothing,
      };
    }
    const { announcement, frames, ...callbacks } = this.#parts.parcels.encode(item.parcel);
    const announcements = announcement.length;
    return { item, frames: [...announcement, ...frames], offset: 0, announcements, ...callbacks };
  }

  /** A whole frame, or a fragment's header and its bytes; nothing where there is no room worth using. */
  #addPiece(sending: Sending, frame: Uint8Array, room: number): void {
    const isWhole = sending.offset === 0;
    if (isWhole && frame.length <= room) return this.#draft.add(frame);
    const fitsAnEmptyRecord = frame.length <= RECORD_PLAINTEXT_BYTES_MAX - LAST_FRAME_BYTES;
    const rest = frame.length - sending.offset;
    const length = Math.min(rest, room - FRAGMENT_OVERHEAD_BYTES);
    if ((isWhole && fitsAnEmptyRecord) || (length < FRAGMENT_BYTES_MIN && length < rest)) return;
    const bytes = frame.subarray(sending.offset, sending.offset + length);
    sending.offset += length;
    this.#draft.add(encodeFragmentHeader(sending.item.priority, sending.offset === frame.length, length));
    this.#draft.add(bytes);
  }

  #advance(sending: Sending, nowMs: number): void {
    const frame = sending.frames[0];
    if (sending.offset > 0 && frame !== undefined && sending.offset < frame.length) return;
    sending.frames.shift();
    sending.offset = 0;
    if (sending.announcements > 0) {
      sending.announcements -= 1;
      if (sending.announcements === 0) sending.announced();
    }
    if (sending.frames.length > 0) return;
    const { item } = sending;
    this.#sending[item.priority] = undefined;
    sending.release();
    if (item.type === 'frame') item.onSent?.(nowMs);
  }
}

function sealedFromOf(item: QueueItem): number | undefined {
  return item.type === 'frame' ? item.sealedFrom : undefined;
}

function isAlone(item: QueueItem): boolean {
  return item.type === 'frame' && item.isAlone === true;
}
