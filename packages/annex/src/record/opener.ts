import { equalBytes, wipe } from '@yakmesh/crypto';
import { earlier, ReplayWindow } from '@yakmesh/core/transport';
import type { ChannelRole } from '../handshake/actions.js';
import { firstChain, GenerationKey, generationOf, nextChain } from './generations.js';
import { decodeRecordHeader, RECORD_HEADER_BYTES } from './header.js';
import { isRecordLength } from './padding.js';

/** Generations that a record may be ahead of the newest one opened: at most 48 derivations for a forged header. */
export const LOOK_AHEAD_GENERATIONS = 16;
/** Generations behind the newest one whose keys are kept, and how long. Those that were skipped are kept as well. */
const GENERATIONS_KEPT = 2;
export const KEY_KEPT_MS = 30_000;
/** Keys of one epoch that are held at once. */
const KEYS_MAX = 32;
/** Sequence numbers behind the highest opened one that may still come. */
export const WINDOW_RECORDS = 4_096;
/** Wrong tags in one session; long before, the generation's key has changed. */
const FORGERIES_MAX = 2 ** 36;

/** Why a record was not opened. */
export type RecordFault =
  'PEER_RECORD_BAD' | 'PEER_RECORD_EPOCH' | 'PEER_RECORD_REPLAY' | 'PEER_RECORD_DECRYPT';

/** A record that was opened, or why not. */
export type OpenedRecord =
  | {
      readonly type: 'opened';
      readonly epoch: number;
      readonly sequence: number;
      /** Frames, then zeros. */
      readonly content: Uint8Array;
    }
  | { readonly type: 'fault'; readonly code: RecordFault };

interface Kept {
  readonly key: GenerationKey;
  /** Undefined for the newest generation. */
  endMs: number | undefined;
  readonly isSkipped: boolean;
}

/** Keys and window of one epoch in one direction. */
class ReceiveEpoch {
  readonly window = new ReplayWindow(WINDOW_RECORDS);
  readonly #keys = new Map<number, Kept>();
  #newest = 0;
  #chain: Uint8Array;

  constructor(first: Uint8Array) {
    this.#keys.set(0, { key: new GenerationKey(first), endMs: undefined, isSkipped: false });
    this.#chain = nextChain(first);
    wipe(first);
  }

  open(sequence: number, sealed: Uint8Array, header: Uint8Array, nowMs: number): Uint8Array | undefined {
    const generation = generationOf(sequence);
    if (generation <= this.#newest) return this.#keys.get(generation)?.key.open(sequence, sealed, header);
    if (generation > this.#newest + LOOK_AHEAD_GENERATIONS) return undefined;
    return this.#openAhead(generation, sequence, sealed, header, nowMs);
  }

  expire(nowMs: number): void {
    for (const [generation, kept] of [...this.#keys]) {
      const isOver = kept.endMs !== undefined && kept.endMs <= nowMs;
      const isFar = generation < this.#newest - GENERATIONS_KEPT && !kept.isSkipped;
      if (isOver || isFar) this.#drop(generation, kept);
    }
    for (const [generation, kept] of [...this.#keys].sort(([a], [b]) => a - b)) {
      if (this.#keys.size <= KEYS_MAX) break;
      this.#drop(generation, kept);
    }
  }

  /** When `expire` has something to do. */
  get deadlineMs(): number | undefined {
    let earliest: number | undefined;
    for (const { endMs } of this.#keys.values()) earliest = earlier(earliest, endMs);
    return earliest;
  }

  destroy(): void {
    for (const [generation, kept] of [...this.#keys]) this.#drop(generation, kept);
    wipe(this.#chain);
  }

  /** Derives aside, and keeps what it derived only when the tag is good: a forged header must not move anything. */
  #openAhead(
    generation: number,
    sequence: number,
    sealed: Uint8Array,
    header: Uint8Array,
    nowMs: number,
  ): Uint8Array | undefined {
    const derived: GenerationKey[] = [];
    let chain: Uint8Array = this.#chain.slice();
    for (let at = this.#newest + 1; at <= generation; at += 1) {
      derived.push(new GenerationKey(chain));
      const next = nextChain(chain);
      wipe(chain);
      chain = next;
    }
    const plaintext = derived.at(-1)?.open(sequence, sealed, header);
    if (plaintext === undefined) {
      wipe(chain);
      for (const key of derived) key.destroy();
      return undefined;
    }
    const newest = this.#keys.get(this.#newest);
    if (newest !== undefined) newest.endMs = nowMs + KEY_KEPT_MS;
    derived.forEach((key, index) => {
      const isSkipped = index < derived.length - 1;
      const endMs = isSkipped ? nowMs + KEY_KEPT_MS : undefined;
      this.#keys.set(this.#newest + 1 + index, { key, endMs, isSkipped });
    });
    wipe(this.#chain);
    this.#chain = chain;
    this.#newest = generation;
    this.expire(nowMs);
    return plaintext;
  }

  #drop(generation: number, kept: Kept): void {
    kept.key.destroy();
    this.#keys.delete(generation);
  }
}

export interface OpenerOptions {
  /** Our role: what we open was sealed by the other. */
  readonly role: ChannelRole;
  /** root_0; not kept. */
  readonly root: Uint8Array;
  readonly ownSession: Uint8Array;
}

/** The receiving half of the record layer: any order, no replay, nothing moved by a bad tag. */
export class RecordOpener {
  readonly #direction: ChannelRole;
  readonly #session: Uint8Array;
  readonly #epochs = new Map<number, ReceiveEpoch>();
  /** When the epochs before the newest opened one end. */
  readonly #ends = new Map<number, number>();
  #newestEpoch = 0;
  #forgeries = 0;

  constructor({ role, root, ownSession }: OpenerOptions) {
    this.#direction = role === 'initiator' ? 'responder' : 'initiator';
    this.#session = ownSession;
    this.#epochs.set(0, new ReceiveEpoch(firstChain(root, this.#direction, 0)));
  }

  /** The newest epoch of which a record was opened. */
  get epoch(): number {
    return this.#newestEpoch;
  }

  get deadlineMs(): number | undefined {
    let earliest: number | undefined;
    for (const endMs of this.#ends.values()) earliest = earlier(earliest, endMs);
    for (const { deadlineMs } of this.#epochs.values()) earliest = earlier(earliest, deadlineMs);
    return earliest;
  }

  /** Wrong tags have used up what AES-GCM allows: the session must end. */
  get isSpent(): boolean {
    return this.#forgeries >= FORGERIES_MAX;
  }

  /** Records of the next epoch can be opened from now on. */
  addEpoch(epoch: number, root: Uint8Array): void {
    if (!this.#epochs.has(epoch))
      this.#epochs.set(epoch, new ReceiveEpoch(firstChain(root, this.#direction, epoch)));
  }

  open(record: Uint8Array, nowMs: number): OpenedRecord {
    const header = isRecordLength(record.length) ? decodeRecordHeader(record) : undefined;
    if (header === undefined || !equalBytes(header.session, this.#session)) return fault('PEER_RECORD_BAD');
    const { epoch, sequence } = header;
    const keys = this.#epochs.get(epoch);
    if (keys === undefined) return fault('PEER_RECORD_EPOCH');
    if (!keys.window.check(sequence)) return fault('PEER_RECORD_REPLAY');
    const clear = record.subarray(0, RECORD_HEADER_BYTES);
    const content = keys.open(sequence, record.subarray(RECORD_HEADER_BYTES), clear, nowMs);
    if (content === undefined) {
      this.#forgeries += 1;
      return fault('PEER_RECORD_DECRYPT');
    }
    keys.window.mark(sequence);
    if (epoch > this.#newestEpoch) this.#enter(epoch, nowMs);
    return { type: 'opened', epoch, sequence, content };
  }

  tick(nowMs: number): void {
    for (const [epoch, endMs] of [...this.#ends]) {
      if (endMs > nowMs) continue;
      this.#ends.delete(epoch);
      this.#epochs.get(epoch)?.destroy();
      this.#epochs.delete(epoch);
    }
    for (const epoch of this.#epochs.values()) epoch.expire(nowMs);
  }

  destroy(): void {
    for (const epoch of this.#epochs.values()) epoch.destroy();
    this.#epochs.clear();
    this.#ends.clear();
  }

  #enter(epoch: number, nowMs: number): void {
    this.#newestEpoch = epoch;
    for (const known of this.#epochs.keys())
      if (known < epoch && !this.#ends.has(known)) this.#ends.set(known, nowMs + KEY_KEPT_MS);
  }
}

const fault = (code: RecordFault): OpenedRecord => ({ type: 'fault', code });
