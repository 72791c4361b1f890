import { wipe } from '@yakmesh/crypto';
import type { ChannelRole } from '../handshake/actions.js';
import { firstChain, GENERATION_RECORDS, GenerationKey, generationOf, nextChain } from './generations.js';
import { RECORD_HEADER_BYTES, writeRecordHeader } from './header.js';
import { recordBytes } from './padding.js';

/** A key in use for so long is left for the next one with the next record. */
const GENERATION_MS = 10_000;
/** Generations past the highest acknowledged one: farther ahead the receiver could not follow after an outage. */
export const GENERATIONS_AHEAD_MAX = 8;
/** Of what the receiver can follow, records that are kept for acknowledgements and probes. */
export const RESERVED_RECORDS = 64;
/** Records of one epoch; the KEM ratchet is due long before. */
export const EPOCH_RECORDS_MAX = 2 ** 20;
/** Records of one session, in each direction. */
export const SESSION_RECORDS_MAX = 2 ** 32;
/** The last epoch that its field can hold. */
const EPOCH_MAX = 0xffff_ffff;

export interface SealerOptions {
  readonly role: ChannelRole;
  /** root_0; not kept. */
  readonly root: Uint8Array;
  readonly peerSession: Uint8Array;
  readonly nowMs: number;
  /** @default {@link EPOCH_RECORDS_MAX} */
  readonly epochRecordsMax?: number | undefined;
  /** @default {@link SESSION_RECORDS_MAX} */
  readonly sessionRecordsMax?: number | undefined;
}

/** A sealed record and its number. */
export interface SealedRecord {
  readonly bytes: Uint8Array;
  readonly epoch: number;
  readonly sequence: number;
}

/** The sending half of the record layer: a key for 256 records or ten seconds, its chain wiped as it goes. */
export class RecordSealer {
  readonly #role: ChannelRole;
  readonly #session: Uint8Array;
  readonly #epochRecordsMax: number;
  readonly #sessionRecordsMax: number;
  #epoch = 0;
  #sequence = 0;
  #generation = 0;
  #sinceMs: number;
  #key: GenerationKey;
  /** ck of the next generation: the present one's is gone. */
  #chain: Uint8Array;
  #acknowledged = 0;
  #epochRecords = 0;
  #sessionRecords = 0;

  constructor(options: SealerOptions) {
    this.#role = options.role;
    this.#session = options.peerSession;
    this.#epochRecordsMax = options.epochRecordsMax ?? EPOCH_RECORDS_MAX;
    this.#sessionRecordsMax = options.sessionRecordsMax ?? SESSION_RECORDS_MAX;
    this.#sinceMs = options.nowMs;
    const first = firstChain(options.root, this.#role, 0);
    this.#key = new GenerationKey(first);
    this.#chain = nextChain(first);
    wipe(first);
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Records sealed in this epoch. */
  get epochRecords(): number {
    return this.#epochRecords;
  }

  /** No record is left but one, for CLOSE. */
  get isSpent(): boolean {
    return this.#sessionRecords >= this.#sessionRecordsMax - 1 || this.#epoch >= EPOCH_MAX;
  }

  /** The number that the next record has, unless time puts it further on. */
  get nextSequence(): number {
    return this.#sequence;
  }

  /** Whether data may be sent now: the epoch is not full, and the receiver can follow. */
  get hasRoom(): boolean {
    return this.#hasRoom(RESERVED_RECORDS);
  }

  /** Whether acknowledgements and probes may be sent, by which both ends find each other again. CLOSE may be sent always. */
  get hasRoomForControl(): boolean {
    return this.#hasRoom(1);
  }

  /** The other end has opened a record of ours. */
  acknowledged(epoch: number, sequence: number): void {
    if (epoch === this.#epoch) this.#acknowledged = Math.max(this.#acknowledged, generationOf(sequence));
  }

  /** A record of its own with this content. */
  seal(content: Uint8Array, nowMs: number): SealedRecord {
    const draft = new Uint8Array(recordBytes(content.length));
    draft.set(content, RECORD_HEADER_BYTES);
    return this.sealDraft(draft, nowMs);
  }

  /** Seals in place: room for the header, the content, zeros as far as its record goes. */
  sealDraft(bytes: Uint8Array, nowMs: number): SealedRecord {
    if (this.#sessionRecords >= this.#sessionRecordsMax || this.#epochRecords >= this.#epochRecordsMax)
      throw new RangeError('no record is left under these keys');
    this.#moveOn(nowMs);
    const epoch = this.#epoch;
    const sequence = this.#sequence;
    writeRecordHeader(bytes, { session: this.#session, epoch, sequence });
    const header = bytes.subarray(0, RECORD_HEADER_BYTES);
    this.#key.sealInPlace(sequence, bytes.subarray(RECORD_HEADER_BYTES), header);
    this.#sequence += 1;
    this.#epochRecords += 1;
    this.#sessionRecords += 1;
    return { bytes, epoch, sequence };
  }

  /** Sends under the next root from now on; the sequence begins anew, under other keys. */
  nextEpoch(root: Uint8Array, nowMs: number): void {
    this.destroy();
    this.#epoch += 1;
    this.#sequence = 0;
    this.#generation = 0;
    this.#acknowledged = 0;
    this.#epochRecords = 0;
    this.#sinceMs = nowMs;
    const first = firstChain(root, this.#role, this.#epoch);
    this.#key = new GenerationKey(first);
    this.#chain = nextChain(first);
    wipe(first);
  }

  destroy(): void {
    this.#key.destroy();
    wipe(this.#chain);
  }

  #hasRoom(reserved: number): boolean {
    if (this.isSpent || this.#epochRecords >= this.#epochRecordsMax - reserved) return false;
    const end = (this.#acknowledged + GENERATIONS_AHEAD_MAX + 1) * GENERATION_RECORDS;
    return this.#sequence <= end - reserved;
  }

  /** To the generation of the next record, which time may have put further on. */
  #moveOn(nowMs: number): void {
    const isOld = nowMs - this.#sinceMs >= GENERATION_MS && this.#sequence % GENERATION_RECORDS !== 0;
    const canSkip = this.#generation + 1 - this.#acknowledged <= GENERATIONS_AHEAD_MAX;
    if (isOld && canSkip) this.#sequence = (this.#generation + 1) * GENERATION_RECORDS;
    if (generationOf(this.#sequence) === this.#generation) return;
    this.#generation += 1;
    this.#sinceMs = nowMs;
    this.#key.destroy();
    this.#key = new GenerationKey(this.#chain);
    const chain = nextChain(this.#chain);
    wipe(this.#chain);
    this.#chain = chain;
  }
}
