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

/** Places before the oldest record in flight that are kept until there are so many. */
const PASSED_MAX = 1_024;

/** Records that wait for their acknowledgement, and when they count as lost (RFC 9002 section 6.1). */
export class SentRecords {
  /** In their order, undefined where one is settled. A map's iterator would begin with the places of all that were taken out before the oldest. */
  #records: (SentRecord | undefined)[] = [];
  /** The order of the first of these places. */
  #first = 0;
  /** The place of the oldest record in flight; their number where there is none. */
  #oldest = 0;
  #size = 0;
  #order = 0;
  #newestAcknowledged = -1;
  #bytes = 0;
  #newestSentMs = -Infinity;

  get bytesInFlight(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#size;
  }

  get oldest(): SentRecord | undefined {
    return this.#records[this.#oldest];
  }

  /** When the newest record in flight was sent. */
  get newestSentMs(): number {
    return this.#newestSentMs;
  }

  add(record: Omit<SentRecord, 'order'>): void {
    const { epoch, sequence, sentMs, bytes, frames } = record;
    // Spread would be as short, and takes a microsecond.
    this.#records.push({ epoch, sequence, order: this.#order, sentMs, bytes, frames });
    this.#order += 1;
    this.#size += 1;
    this.#bytes += record.bytes;
    this.#newestSentMs = record.sentMs;
  }

  acknowledge(ack: AckFrame, nowMs: number): Acknowledged {
    const highest = (ack.ranges.at(-1)?.end ?? 0) - 1;
    const records: SentRecord[] = [];
    let sampleMs: number | undefined;
    for (let at = this.#oldest; at < this.#records.length; at += 1) {
      const record = this.#records[at];
      if (record === undefined || record.epoch < ack.epoch) continue;
      if (record.epoch > ack.epoch || record.sequence > highest) break;
      if (!isWithin(ack.ranges, record.sequence)) continue;
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
    for (let at = this.#oldest; at < this.#records.length; at += 1) {
      const record = this.#records[at];
      if (record === undefined) continue;
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
    const all = this.#records.filter((record) => record !== undefined);
    this.#records = [];
    this.#first = this.#order;
    this.#oldest = 0;
    this.#size = 0;
    this.#bytes = 0;
    return all;
  }

  #remove(record: SentRecord): void {
    this.#records[record.order - this.#first] = undefined;
    this.#size -= 1;
    this.#bytes -= record.bytes;
    while (this.#oldest < this.#records.length && this.#records[this.#oldest] === undefined)
      this.#oldest += 1;
    if (this.#oldest < PASSED_MAX) return;
    this.#records.splice(0, this.#oldest);
    this.#first += this.#oldest;
    this.#oldest = 0;
  }
}

function isWithin(ranges: AckFrame['ranges'], sequence: number): boolean {
  for (const { start, end } of ranges) if (start <= sequence && sequence < end) return true;
  return false;
}
