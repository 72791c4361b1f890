import type { AckFrame, Frame } from './frames.js';
import type { RoundTrip } from './round-trip.js';

/** Later records acknowledged before an earlier one counts as lost. */
const ORDER_THRESHOLD = 3;
/** Records in flight at once; what is older counts as lost. */
export const IN_FLIGHT_RECORDS_MAX = 65_536;

/** What a record carried that must arrive, for the case that it does not. */
export type SentFrame =
  | {
      readonly type: 'stream';
      readonly id: number;
      readonly offset: number;
      readonly length: number;
      readonly isEnd: boolean;
    }
  | { readonly type: 'control'; readonly frame: Frame }
  /** A question or answer whether a path works: it goes this way and no other. */
  | { readonly type: 'path'; readonly path: number; readonly frame: Frame };

export interface SentRecord {
  readonly epoch: number;
  readonly sequence: number;
  readonly order: number;
  readonly sentMs: number;
  readonly bytes: number;
  readonly frames: readonly SentFrame[];
}

export interface Acknowledged {
  readonly records: readonly SentRecord[];
  /** Of the newest record, when this acknowledged it for the first time. */
  readonly sampleMs: number | undefined;
}

/** Records that wait for their acknowledgement, and when they count as lost (RFC 9002 section 6.1). */
export class SentRecords {
  /** By order; a map's order is that of insertion. */
  readonly #records = new Map<number, SentRecord>();
  #order = 0;
  #newestAcknowledged = -1;
  #bytes = 0;
  #newestSentMs = -Infinity;

  get bytesInFlight(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#records.size;
  }

  get oldest(): SentRecord | undefined {
    return this.#records.values().next().value;
  }

  /** When the newest record in flight was sent. */
  get newestSentMs(): number {
    return this.#newestSentMs;
  }

  add(record: Omit<SentRecord, 'order'>): void {
    const { epoch, sequence, sentMs, bytes, frames } = record;
    // Spread would be as short, and takes a microsecond.
    this.#records.set(this.#order, { epoch, sequence, order: this.#order, sentMs, bytes, frames });
    this.#order += 1;
    this.#bytes += record.bytes;
    this.#newestSentMs = record.sentMs;
  }

  acknowledge(ack: AckFrame, nowMs: number): Acknowledged {
    const highest = (ack.ranges.at(-1)?.end ?? 0) - 1;
    const records: SentRecord[] = [];
    let sampleMs: number | undefined;
    for (const record of this.#records.values()) {
      if (record.epoch > ack.epoch) break;
      if (record.epoch !== ack.epoch) continue;
      if (record.sequence > highest) break;
      if (!ack.ranges.some(({ start, end }) => start <= record.sequence && record.sequence < end)) continue;
      records.push(record);
      if (record.sequence === highest) sampleMs = nowMs - record.sentMs;
    }
    for (const record of records) this.#remove(record);
    const newest = records.at(-1);
    if (newest !== undefined) this.#newestAcknowledged = Math.max(this.#newestAcknowledged, newest.order);
    return { records, sampleMs };
  }

  /** Takes out what counts as lost by now. */
  lost(nowMs: number, roundTrip: RoundTrip): SentRecord[] {
    const { lossDelayMs } = roundTrip;
    const lost: SentRecord[] = [];
    for (const record of this.#records.values()) {
      if (record.order >= this.#newestAcknowledged) break;
      const isPassed = this.#newestAcknowledged - record.order >= ORDER_THRESHOLD;
      if (isPassed || record.sentMs + lossDelayMs <= nowMs) lost.push(record);
    }
    for (const record of lost) this.#remove(record);
    return lost;
  }

  /** When `lost` finds the next one, unless it is acknowledged. */
  lossMs(roundTrip: RoundTrip): number | undefined {
    const first = this.oldest;
    if (first === undefined || first.order >= this.#newestAcknowledged) return undefined;
    return first.sentMs + roundTrip.lossDelayMs;
  }

  /** Takes the oldest out, to be sent again with a probe. */
  takeOldest(): SentRecord | undefined {
    const record = this.oldest;
    if (record !== undefined) this.#remove(record);
    return record;
  }

  clear(): SentRecord[] {
    const all = [...this.#records.values()];
    this.#records.clear();
    this.#bytes = 0;
    return all;
  }

  #remove(record: SentRecord): void {
    this.#records.delete(record.order);
    this.#bytes -= record.bytes;
  }
}
