import { bytesKey } from '@yakmesh/crypto';
import { parcelBytes, HEAD_FRAME_BYTES } from '../envelope/batch.js';
import type { Batch, BatchMessage, Parcel } from '../envelope/batch.js';
import type { Entry } from '../tree/messages.js';
import { includes, SpanSet, type Spans } from '../tree/spans.js';
import { idWord, pack, packedBytes, unpack, type PackedMessages } from './packed-messages.js';

/** Memory that a run of kept messages costs besides its bytes. */
const RUN_BYTES = 512;
/** Bytes of an answer that travel as one item: a live message waits for no more. */
export const SUPPLIED_BYTES_MAX = 65_536;
/** A digest covers messages signed within so long before its time: younger than any honest retention would drop. */
export const DIGEST_AGE_MS_MAX = 60_000;

export interface RetentionOptions {
  readonly retentionMs: number;
  readonly bytesMax: number;
}

/** Messages of one batch, kept and let go together. */
interface Chunk extends PackedMessages {
  readonly batch: Batch;
  readonly ttl: number;
  readonly runs: Spans;
  readonly space: Space;
  readonly untilMs: number;
  readonly charge: number;
}

/** Kept messages of one origin and epoch. */
interface Space {
  readonly key: string;
  readonly origin: Uint8Array;
  readonly epoch: number;
  readonly chunks: Chunk[];
  readonly set: SpanSet;
}

/** What answers a request: in sequence order, none signed by `sinceMs`, none whose life is over. */
export interface Wish {
  readonly entry: Entry;
  readonly sinceMs: number;
  readonly wallMs: number;
}

/** Keeps broadcasts for a while, own and relayed ones, with all that links need to pass them on. */
export class Retention {
  readonly #options: RetentionOptions;
  readonly #spaces = new Map<string, Space>();
  /** Oldest first, from `#head` on. */
  #chunks: Chunk[] = [];
  #head = 0;
  readonly #batches = new Map<Batch, { chunks: number; readonly charge: number }>();
  #bytes = 0;
  #evicted = 0;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  /** Bytes in use, an estimate that includes what runs and batches cost. */
  get bytes(): number {
    return this.#bytes;
  }

  /** All that is kept, by origin; epochs of one origin in rising order. */
  get holdings(): Entry[] {
    const entries = [...this.#spaces.values()].map(({ origin, epoch, set }) => ({
      origin,
      epoch,
      spans: set.spans,
    }));
    return entries.sort((a, b) => a.epoch - b.epoch);
  }

  /** Keeps verified messages of one batch; answers how many older ones had to leave before their time. */
  add(batch: Batch, messages: readonly BatchMessage[], ttl: number, nowMs: number): number {
    this.expire(nowMs);
    if (this.#options.bytesMax === 0 || this.#options.retentionMs === 0) return 0;
    for (let from = 0; from < messages.length;) {
      const epoch = messages[from]?.envelope.epoch;
      let to = from + 1;
      while (to < messages.length && messages[to]?.envelope.epoch === epoch) to += 1;
      this.#keep(batch, to - from === messages.length ? messages : messages.slice(from, to), ttl, nowMs);
      from = to;
    }
    const before = this.#evicted;
    while (this.#bytes > this.#options.bytesMax && this.#head < this.#chunks.length)
      this.#evicted += this.#dropOldest();
    return this.#evicted - before;
  }

  /** Lets go of what has been kept long enough. */
  expire(nowMs: number): void {
    while ((this.#chunks[this.#head]?.untilMs ?? Infinity) <= nowMs) this.#dropOldest();
  }

  /** Parcels that answer a request; their flags and priority are the caller's. */
  parcels({ entry, sinceMs, wallMs }: Wish): Parcel[] {
    const space = this.#spaces.get(keyOf(entry.origin, entry.epoch));
    if (space === undefined) return [];
    const found: { chunk: Chunk; at: number; sequence: number }[] = [];
    for (const chunk of space.chunks)
      for (const [at, sequence] of chunk.sequences.entries())
        if (includes(entry.spans, sequence) && (chunk.timesMs[at] ?? 0) > sinceMs)
          found.push({ chunk, at, sequence });
    found.sort((a, b) => a.sequence - b.sequence);
    const parcels: Parcel[] = [];
    for (let from = 0; from < found.length;) {
      const run: BatchMessage[] = [];
      const chunk = found[from]?.chunk;
      let bytes = 0;
      for (; from < found.length && found[from]?.chunk === chunk; from += 1) {
        const message = chunk && unpack(chunk, found[from]?.at ?? 0);
        if (message === undefined || !isAlive(message, wallMs)) continue;
        if (run.length > 0 && bytes + message.core.length > SUPPLIED_BYTES_MAX) break;
        run.push(message);
        bytes += message.core.length;
      }
      if (chunk !== undefined && run.length > 0) parcels.push(parcelOf(chunk, run));
    }
    return parcels;
  }

  /** A sum over the ids of all that is kept and was signed within the minute before `untilMs`: two nodes that keep the same have the same. */
  digest(untilMs: number): Uint8Array {
    let [low, high] = [0, 0];
    for (let index = this.#head; index < this.#chunks.length; index += 1) {
      const chunk = this.#chunks[index];
      if (chunk === undefined) continue;
      const { timesMs, table, sequences } = chunk;
      for (const [at, timeMs] of timesMs.entries()) {
        if (timeMs > untilMs || timeMs <= untilMs - DIGEST_AGE_MS_MAX) continue;
        const word = idWord(table, at);
        low = (low + word) >>> 0;
        high = (high + Math.imul(word ^ (sequences[at] ?? 0), 0x9e37_79b1)) >>> 0;
      }
    }
    const digest = new Uint8Array(8);
    const view = new DataView(digest.buffer);
    view.setUint32(0, low);
    view.setUint32(4, high);
    return digest;
  }

  #keep(batch: Batch, messages: readonly BatchMessage[], ttl: number, nowMs: number): void {
    const [first] = messages;
    if (first === undefined) return;
    const space = this.#space(batch, first.envelope.epoch);
    const packed = pack(messages);
    const { bytes, table, sequences, timesMs } = packed;
    const charge = RUN_BYTES + packedBytes(packed);
    const chunk: Chunk = {
      batch,
      ttl,
      bytes,
      table,
      sequences,
      timesMs,
      runs: runsOf(sequences),
      space,
      untilMs: nowMs + this.#options.retentionMs,
      charge,
    };
    this.#bytes += charge;
    this.#hold(batch);
    for (const { first: from, last } of chunk.runs) space.set.add(from, last);
    space.chunks.push(chunk);
    this.#chunks.push(chunk);
  }

  #hold(batch: Batch): void {
    const held = this.#batches.get(batch);
    if (held !== undefined) {
      held.chunks += 1;
      return;
    }
    const charge = batchBytes(batch);
    this.#batches.set(batch, { chunks: 1, charge });
    this.#bytes += charge;
  }

  #release(batch: Batch): void {
    const held = this.#batches.get(batch);
    if (held === undefined) return;
    held.chunks -= 1;
    if (held.chunks > 0) return;
    this.#batches.delete(batch);
    this.#bytes -= held.charge;
  }

  #space({ originBytes }: Batch, epoch: number): Space {
    const key = keyOf(originBytes, epoch);
    let space = this.#spaces.get(key);
    if (space === undefined) {
      space = { key, origin: originBytes, epoch, chunks: [], set: new SpanSet() };
      this.#spaces.set(key, space);
    }
    return space;
  }

  /** Answers how many messages that was. */
  #dropOldest(): number {
    const chunk = this.#chunks[this.#head];
    if (chunk === undefined) return 0;
    this.#head += 1;
    if (2 * this.#head > this.#chunks.length) {
      this.#chunks = this.#chunks.slice(this.#head);
      this.#head = 0;
    }
    const { space, batch, sequences, runs, charge } = chunk;
    this.#bytes -= charge;
    this.#release(batch);
    space.chunks.splice(space.chunks.indexOf(chunk), 1);
    if (space.chunks.length === 0) this.#spaces.delete(space.key);
    else space.set.remove(runs);
    return sequences.length;
  }
}

function keyOf(origin: Uint8Array, epoch: number): string {
  return `${bytesKey(origin)}${epoch}`;
}

/** What a batch holds besides its messages, as long as any of them is kept. */
function batchBytes({ tree, head }: Batch): number {
  return HEAD_FRAME_BYTES + (tree === undefined ? 0 : 32 * 3 * head.count);
}

/** Numbers as runs: one, as nearly always, where they follow each other. */
function runsOf(sequences: Float64Array): Spans {
  const [first = 0] = sequences;
  const last = first + sequences.length - 1;
  let isOneRun = true;
  for (let at = 1; at < sequences.length && isOneRun; at += 1) isOneRun = sequences[at] === first + at;
  if (isOneRun) return [{ first, last }];
  const set = new SpanSet();
  for (const sequence of sequences) set.add(sequence);
  return set.spans;
}

function isAlive({ envelope }: BatchMessage, wallMs: number): boolean {
  return wallMs <= envelope.timeMs + envelope.lifeSeconds * 1_000;
}

/** A batch that is here as a whole can go as one block, which spares a path for each message. */
function parcelOf({ batch, ttl }: Chunk, messages: readonly BatchMessage[]): Parcel {
  const isWhole = messages.length === batch.head.count && messages.every(({ index }, at) => index === at);
  const priority = Math.min(...messages.map(({ envelope }) => envelope.priority));
  return { batch, messages, isWhole, ttl, priority, bytes: parcelBytes(messages) };
}

/** What messages of one batch are in the language of the tree: usually one entry. */
export function entriesOf({ originBytes }: Batch, messages: readonly BatchMessage[]): Entry[] {
  const sets = new Map<number, SpanSet>();
  for (const { envelope } of messages) {
    const set = sets.get(envelope.epoch) ?? new SpanSet();
    set.add(envelope.sequence);
    sets.set(envelope.epoch, set);
  }
  return [...sets].map(([epoch, { spans }]): Entry => ({
    origin: originBytes,
    epoch,
    spans,
  }));
}
