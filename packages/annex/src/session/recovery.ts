import { Congestion } from './congestion.js';
import type { AckFrame } from './frames.js';
import { DEAD_MS } from './limits.js';
import { RoundTrip } from './round-trip.js';
import { IN_FLIGHT_RECORDS_MAX, SentRecords, type SentFrame, type SentRecord } from './sent-records.js';

/** Doublings of the probe's timer: far beyond the time after which the other end counts as gone. */
const BACKOFF_MAX = 8;
/** Probes without an answer after which the window collapses. */
const PROBES_UNTIL_COLLAPSE = 3;

/** What an acknowledgement or the time has settled. */
export interface Settled {
  readonly arrived: readonly SentFrame[];
  readonly lost: readonly SentFrame[];
}

const NOTHING: Settled = { arrived: [], lost: [] };

/** Loss detection, probes and congestion control of one session (RFC 9002), fed with what is sent and acknowledged. */
export class Recovery {
  #roundTrip = new RoundTrip();
  #congestion = new Congestion();
  readonly #sent = new SentRecords();
  #probeCount = 0;
  #marks = 0;
  #progressMs: number;
  /** Whether there was less to send than the window takes. */
  isLimitedByUs = true;

  constructor(nowMs: number) {
    this.#progressMs = nowMs;
  }

  get rttMs(): number {
    return this.#roundTrip.smoothedMs;
  }

  get measuredRttMs(): number | undefined {
    return this.#roundTrip.measuredMs;
  }

  get probeMs(): number {
    return this.#roundTrip.probeMs;
  }

  get bytesInFlight(): number {
    return this.#sent.bytesInFlight;
  }

  get windowBytes(): number {
    return this.#congestion.windowBytes;
  }

  get roomBytes(): number {
    if (this.#sent.size >= IN_FLIGHT_RECORDS_MAX) return 0;
    return Math.max(0, this.#congestion.windowBytes - this.#sent.bytesInFlight);
  }

  /** When `tick` has something to do. */
  get deadlineMs(): number | undefined {
    if (this.#sent.size === 0) return undefined;
    const probeMs = this.#sent.newestSentMs + this.#roundTrip.probeMs * 2 ** this.#probeCount;
    return Math.min(this.#sent.lossMs(this.#roundTrip) ?? probeMs, probeMs, this.deadMs ?? probeMs);
  }

  /** When the other end counts as gone. */
  get deadMs(): number | undefined {
    return this.#sent.size === 0 ? undefined : this.#progressMs + DEAD_MS;
  }

  sent(record: Omit<SentRecord, 'order'>): void {
    if (this.#sent.size === 0) this.#progressMs = Math.max(this.#progressMs, record.sentMs);
    this.#sent.add(record);
  }

  acknowledged(ack: AckFrame, nowMs: number): Settled {
    const { records, sampleMs } = this.#sent.acknowledge(ack, nowMs);
    if (sampleMs !== undefined) this.#roundTrip.sample(sampleMs, ack.delayMs);
    for (const { bytes, sentMs } of records) this.#congestion.acknowledged(bytes, sentMs, this.isLimitedByUs);
    const newest = records.at(-1);
    if (newest !== undefined) {
      this.#probeCount = 0;
      this.#progressMs = nowMs;
    }
    if (ack.marks > this.#marks) {
      this.#marks = ack.marks;
      if (newest !== undefined) this.#congestion.congested(newest.sentMs, nowMs);
    }
    return { arrived: records.flatMap(({ frames }) => frames), lost: this.#lost(nowMs) };
  }

  /** What is lost by now, and whether to probe. */
  tick(nowMs: number): Settled & { readonly isProbe: boolean } {
    const lost = this.#lost(nowMs);
    if (lost.length > 0 || this.#sent.size === 0) return { ...NOTHING, lost, isProbe: false };
    const probeMs = this.#sent.newestSentMs + this.#roundTrip.probeMs * 2 ** this.#probeCount;
    if (nowMs < probeMs) return { ...NOTHING, isProbe: false };
    this.#probeCount = Math.min(BACKOFF_MAX, this.#probeCount + 1);
    if (this.#probeCount === PROBES_UNTIL_COLLAPSE) this.#congestion.collapsed();
    return { ...NOTHING, lost: this.#sent.takeOldest()?.frames ?? [], isProbe: true };
  }

  /** Another path: what was learnt of the old one does not hold, and what is under way there counts as lost. */
  pathChanged(nowMs: number): readonly SentFrame[] {
    this.#roundTrip = new RoundTrip();
    this.#congestion = new Congestion();
    this.#probeCount = 0;
    this.#progressMs = nowMs;
    return this.#sent.clear().flatMap(({ frames }) => frames);
  }

  #lost(nowMs: number): SentFrame[] {
    const lost = this.#sent.lost(nowMs, this.#roundTrip);
    const newest = lost.at(-1);
    if (newest !== undefined) this.#congestion.congested(newest.sentMs, nowMs);
    return lost.flatMap(({ frames }) => frames);
  }
}
