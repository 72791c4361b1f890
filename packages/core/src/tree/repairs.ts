import { bytesKey, type NodeId } from '@yakmesh/crypto';
import { TokenBucket } from '../link/token-bucket.js';
import { BoundedMap } from '../transport/index.js';
import { EntryBook, entryKey } from './entry-book.js';
import type { Entry } from './messages.js';
import type { Lacking } from './missing.js';
import { countOf, includes, lowest, SpanSet, without, type Spans } from './spans.js';
import {
  ARRIVAL_MS_MAX,
  OFFERED_SPANS_MAX,
  REPAIR_ORIGINS_MAX,
  REPAIR_RETRY_MS,
  SLICES_MAX,
  WANT_MS_MAX,
  WANTED_MESSAGES_MAX,
  WANTED_ORIGIN_MESSAGES_MIN,
} from './tree-limits.js';

/** What one neighbour has on offer, and what of it was asked for. */
interface Line {
  readonly offers: EntryBook;
  /** When the answer to our request counts as lost; undefined while none is under way. */
  outstandingUntilMs: number | undefined;
  readyMs: number;
  /** All that is on offer here was asked for elsewhere: until then nothing can be free again. */
  heldUntilMs: number;
  /** Before that it is not tidied again, however often something is offered. */
  tidyMs: number;
  readonly slices: Slice[];
}

/** One request: what was asked for, until its answers are verified. */
interface Slice {
  readonly keys: ReadonlyMap<string, Spans>;
  untilMs: number;
}

/** A request that is due. */
export interface Want {
  readonly to: NodeId;
  readonly entries: readonly Entry[];
}

export interface RepairsOptions {
  readonly lacking: Lacking;
  /** Messages of one origin that this node takes in a second; 0 for no limit. */
  readonly messagesPerSecond: number;
  readonly retentionMs: number;
}

/**
 * Fetches what this node has missed from neighbours that have kept it: in sequence order for each origin, a slice at a
 * time, each message from one neighbour at once, and of no origin more than it could have said within the retention.
 */
export class Repairs {
  readonly #options: RepairsOptions;
  readonly #lines = new Map<NodeId, Line>();
  readonly #allowances = new BoundedMap<string, TokenBucket>(REPAIR_ORIGINS_MAX, { touchOnGet: true });

  constructor(options: RepairsOptions) {
    this.#options = options;
  }

  get deadlineMs(): number | undefined {
    let deadlineMs = Infinity;
    for (const line of this.#lines.values())
      deadlineMs = Math.min(deadlineMs, line.outstandingUntilMs ?? askableMs(line));
    return deadlineMs === Infinity ? undefined : deadlineMs;
  }

  /** Notes what a neighbour has and we lack; answers how many runs found no room. */
  offered(from: NodeId, entries: readonly Entry[], delayMs: number, nowMs: number): number {
    const line = this.#line(from, nowMs);
    this.#tidy(line, nowMs);
    let room = OFFERED_SPANS_MAX - line.offers.runs;
    let refused = 0;
    for (const { origin, epoch, spans } of entries) {
      const lacking = this.#options.lacking(origin, epoch, spans);
      const taken = lacking.slice(0, Math.max(0, room));
      room -= taken.length;
      refused += lacking.length - taken.length;
      if (taken.length === 0) continue;
      line.offers.add({ origin, epoch, spans: taken });
      line.heldUntilMs = -Infinity;
    }
    line.readyMs = Math.max(line.readyMs, nowMs + delayMs);
    return refused;
  }

  /** What we asked this neighbour for has left it. */
  served(from: NodeId, nowMs: number): void {
    const line = this.#lines.get(from);
    if (line?.outstandingUntilMs === undefined) return;
    line.outstandingUntilMs = undefined;
    const slice = line.slices.at(-1);
    if (slice !== undefined) slice.untilMs = nowMs + ARRIVAL_MS_MAX;
    this.#release(nowMs + ARRIVAL_MS_MAX);
  }

  forget(peer: NodeId): void {
    if (this.#lines.delete(peer)) this.#release(-Infinity);
  }

  /** Whether we have asked this neighbour for this message, a while ago at most. */
  isAsked(from: NodeId, origin: Uint8Array, epoch: number, sequence: number, nowMs: number): boolean {
    const slices = this.#lines.get(from)?.slices ?? [];
    if (slices.length === 0) return false;
    const key = entryKey({ origin, epoch });
    return slices.some(({ keys, untilMs }) => untilMs > nowMs && includes(keys.get(key) ?? [], sequence));
  }

  /** Whether answers of this neighbour may be on their way. */
  isUnderWay(from: NodeId, nowMs: number): boolean {
    return this.#lines.get(from)?.slices.some(({ untilMs }) => untilMs > nowMs) ?? false;
  }

  tick(nowMs: number): Want[] {
    const wants: Want[] = [];
    for (const [to, line] of this.#lines) {
      if ((line.outstandingUntilMs ?? Infinity) <= nowMs) {
        line.outstandingUntilMs = undefined;
        line.offers.clear();
      }
      if (line.outstandingUntilMs !== undefined || askableMs(line) > nowMs) continue;
      const entries = this.#slice(line, nowMs);
      if (entries.length > 0) wants.push({ to, entries });
    }
    return wants;
  }

  /** Takes off what has come meanwhile: it needs no room. */
  #tidy(line: Line, nowMs: number): void {
    if (nowMs < line.tidyMs) return;
    line.tidyMs = nowMs + REPAIR_RETRY_MS;
    for (const entry of line.offers.entries)
      line.offers.replace(entry, this.#options.lacking(entry.origin, entry.epoch, entry.spans));
  }

  /** The next messages to ask for: the lowest of each origin in turn. What others are asked for already stays on offer. */
  #slice(line: Line, nowMs: number): Entry[] {
    const slice: Entry[] = [];
    let room = WANTED_MESSAGES_MAX;
    let isAllUnderWay = true;
    const { entries } = line.offers;
    const share = Math.max(WANTED_ORIGIN_MESSAGES_MIN, Math.floor(room / entries.length));
    for (const entry of entries) {
      if (room === 0) break;
      const lacking = this.#options.lacking(entry.origin, entry.epoch, entry.spans);
      const free = without(lacking, this.#underWay(entryKey(entry), nowMs));
      if (free.length > 0) isAllUnderWay = false;
      const most = this.#allowed(entry, Math.min(room, share, countOf(free)), nowMs);
      const asked = lowest(free, most);
      // Behind the others: origins take turns.
      line.offers.replace(entry, without(lacking, asked));
      if (most === 0) continue;
      room -= most;
      slice.push({ ...entry, spans: asked });
    }
    if (slice.length === 0) {
      if (isAllUnderWay) line.heldUntilMs = this.#nextOverdueMs(nowMs);
      else line.readyMs = nowMs + REPAIR_RETRY_MS;
      return slice;
    }
    const keys = new Map(slice.map((entry) => [entryKey(entry), entry.spans]));
    line.outstandingUntilMs = nowMs + WANT_MS_MAX;
    line.slices.push({ keys, untilMs: nowMs + WANT_MS_MAX + ARRIVAL_MS_MAX });
    if (line.slices.length > SLICES_MAX) line.slices.shift();
    return slice;
  }

  /** What somebody was asked for and may still send. */
  #underWay(key: string, nowMs: number): Spans {
    const asked = new SpanSet();
    for (const { slices } of this.#lines.values())
      for (const { keys, untilMs } of slices)
        if (untilMs > nowMs) for (const { first, last } of keys.get(key) ?? []) asked.add(first, last);
    return asked.spans;
  }

  /** When the first of the answers that are under way counts as lost. */
  #nextOverdueMs(nowMs: number): number {
    let nextMs = Infinity;
    for (const { slices } of this.#lines.values())
      for (const { untilMs } of slices) if (untilMs > nowMs) nextMs = Math.min(nextMs, untilMs);
    return nextMs;
  }

  /** Something that was under way is no longer so after that time: lines that wait for it look again. */
  #release(untilMs: number): void {
    for (const line of this.#lines.values()) line.heldUntilMs = Math.min(line.heldUntilMs, untilMs);
  }

  /** How many of `count` messages of an origin may be asked for; they count as asked for. */
  #allowed({ origin }: Entry, count: number, nowMs: number): number {
    const { messagesPerSecond, retentionMs } = this.#options;
    if (messagesPerSecond === 0) return count;
    const key = bytesKey(origin);
    let bucket = this.#allowances.get(key);
    if (bucket === undefined) {
      bucket = new TokenBucket(messagesPerSecond, (messagesPerSecond * retentionMs) / 1_000, nowMs);
      this.#allowances.set(key, bucket);
    }
    let allowed = 0;
    while (allowed < count && bucket.take(nowMs)) allowed += 1;
    return allowed;
  }

  #line(peer: NodeId, nowMs: number): Line {
    const known = this.#lines.get(peer);
    if (known !== undefined) return known;
    const line: Line = {
      offers: new EntryBook(),
      outstandingUntilMs: undefined,
      readyMs: nowMs,
      heldUntilMs: -Infinity,
      tidyMs: nowMs + REPAIR_RETRY_MS,
      slices: [],
    };
    this.#lines.set(peer, line);
    return line;
  }
}

/** When something of what is on offer may be asked for. */
function askableMs({ offers, readyMs, heldUntilMs }: Line): number {
  return offers.size === 0 ? Infinity : Math.max(readyMs, heldUntilMs);
}
