import { ByteReader, ByteWriter } from '@yakmesh/crypto';
import { FRAME_BODY_BYTES_MAX } from '../transport/index.js';
import type { Span, Spans } from './spans.js';
import type { RootReport } from './trunk.js';

export const TREE_PROTOCOL = 'tree/1';
export const DIGEST_BYTES = 8;

const ORIGIN_BYTES = 32;
/** origin 32 · epoch 6 · number of runs 2. */
const ENTRY_BYTES = ORIGIN_BYTES + 6 + 2;
/** first 6 · how many follow it 2. */
const SPAN_BYTES = 6 + 2;
const SPAN_MORE_MAX = 0xffff;
const SEQUENCE_MAX = 2 ** 48 - 1;
/** type 1 · sinceMs 6 · number of entries 2. */
const HEADER_BYTES = 1 + 6 + 2;

/** Broadcasts of one origin and epoch, by sequence number. */
export interface Entry {
  readonly origin: Uint8Array;
  readonly epoch: number;
  readonly spans: Spans;
}

/** What neighbours say of the tree. */
export type TreeMessage =
  /** "These are new here; ask if they do not come": to lazy neighbours. */
  | { readonly type: 'have'; readonly entries: readonly Entry[] }
  /** "These are kept here": to whom may have missed them. */
  | { readonly type: 'offer'; readonly entries: readonly Entry[] }
  /** "Send these, and what is new from now on." */
  | { readonly type: 'graft'; readonly sinceMs: number; readonly entries: readonly Entry[] }
  /** "Announce only." */
  | { readonly type: 'prune' }
  /** "Send these, if they were signed after `sinceMs`." */
  | { readonly type: 'want'; readonly sinceMs: number; readonly entries: readonly Entry[] }
  /** "What you wanted has left." */
  | { readonly type: 'done' }
  /** "This is the digest of what I keep and was signed before then." */
  | { readonly type: 'digest'; readonly untilMs: number; readonly digest: Uint8Array }
  /** "Tell me all that you keep." */
  | { readonly type: 'ask' }
  /** "This is my way to the root." */
  | ({ readonly type: 'root' } & RootReport);

const TYPES = ['have', 'offer', 'graft', 'prune', 'want', 'done', 'digest', 'ask', 'root'] as const;

/** One frame's body. Runs too long for their field are written as several. */
export function encodeTreeMessage(message: TreeMessage): Uint8Array {
  const writer = new ByteWriter(64, FRAME_BODY_BYTES_MAX).u8(TYPES.indexOf(message.type) + 1);
  if (message.type === 'graft' || message.type === 'want') writer.u48(message.sinceMs);
  if ('entries' in message) writeEntries(writer, message.entries);
  if (message.type === 'digest') writer.u48(message.untilMs).bytes(message.digest);
  if (message.type === 'root') writeReport(writer, message);
  return writer.finish();
}

/** Undefined for any bytes that are not exactly one message. */
export function decodeTreeMessage(bytes: Uint8Array): TreeMessage | undefined {
  if (bytes.length > FRAME_BODY_BYTES_MAX) return undefined;
  const reader = new ByteReader(bytes);
  const message = readMessage(reader, TYPES[reader.u8() - 1]);
  return reader.end() ? message : undefined;
}

/** Cuts entries into lists that each fit a frame. */
export function framesOf(entries: readonly Entry[]): Entry[][] {
  const frames: Entry[][] = [];
  let frame: Entry[] = [];
  let room = FRAME_BODY_BYTES_MAX - HEADER_BYTES;
  for (const { origin, epoch, spans } of entries) {
    let rest = fieldsOf(spans);
    while (rest.length > 0) {
      const count = Math.min(rest.length, Math.floor((room - ENTRY_BYTES) / SPAN_BYTES));
      if (count > 0) {
        frame.push({ origin, epoch, spans: rest.slice(0, count) });
        room -= ENTRY_BYTES + count * SPAN_BYTES;
        rest = rest.slice(count);
      }
      if (rest.length === 0) break;
      frames.push(frame);
      frame = [];
      room = FRAME_BODY_BYTES_MAX - HEADER_BYTES;
    }
  }
  return frame.length === 0 ? frames : [...frames, frame];
}

function writeReport(writer: ByteWriter, { root, sequence, ageMs, distanceMs, isParent }: RootReport): void {
  writer
    .bytes(root)
    .u48(sequence)
    .u16(ageMs)
    .u16(distanceMs)
    .u8(isParent ? 1 : 0);
}

function readReport(reader: ByteReader): RootReport | undefined {
  const root = reader.bytes(ORIGIN_BYTES).slice();
  const [sequence, ageMs, distanceMs, parent] = [reader.u48(), reader.u16(), reader.u16(), reader.u8()];
  return parent > 1 ? undefined : { root, sequence, ageMs, distanceMs, isParent: parent === 1 };
}

function writeEntries(writer: ByteWriter, entries: readonly Entry[]): void {
  writer.u16(entries.length);
  for (const { origin, epoch, spans } of entries) {
    const fields = fieldsOf(spans);
    writer.bytes(origin).u48(epoch).u16(fields.length);
    for (const { first, last } of fields) writer.u48(first).u16(last - first);
  }
}

/** Runs as the wire has room for them. */
function fieldsOf(spans: Spans): Span[] {
  const fields: Span[] = [];
  for (const { first, last } of spans)
    for (let at = first; at <= last; at += SPAN_MORE_MAX + 1)
      fields.push({ first: at, last: Math.min(last, at + SPAN_MORE_MAX) });
  return fields;
}

function readMessage(reader: ByteReader, type: TreeMessage['type'] | undefined): TreeMessage | undefined {
  switch (type) {
    case 'have':
    case 'offer': {
      const entries = readEntries(reader);
      return entries && { type, entries };
    }
    case 'graft':
    case 'want': {
      const sinceMs = reader.u48();
      const entries = readEntries(reader);
      return entries && { type, sinceMs, entries };
    }
    case 'digest':
      return { type, untilMs: reader.u48(), digest: reader.bytes(DIGEST_BYTES).slice() };
    case 'prune':
    case 'done':
    case 'ask':
      return { type };
    case 'root': {
      const report = readReport(reader);
      return report && { type, ...report };
    }
    case undefined:
      return undefined;
    default:
      return type satisfies never;
  }
}

function readEntries(reader: ByteReader): Entry[] | undefined {
  const count = reader.u16();
  const entries: Entry[] = [];
  for (let index = 0; index < count; index += 1) {
    const origin = reader.bytes(ORIGIN_BYTES).slice();
    const epoch = reader.u48();
    const spans = readSpans(reader);
    if (reader.failed || spans === undefined) return undefined;
    entries.push({ origin, epoch, spans });
  }
  return entries;
}

/** Runs that touch come from one that was too long for its field: they are joined again. */
function readSpans(reader: ByteReader): Spans | undefined {
  const count = reader.u16();
  if (count === 0) return undefined;
  const spans: Span[] = [];
  let end = -1;
  for (let index = 0; index < count; index += 1) {
    const first = reader.u48();
    const last = first + reader.u16();
    if (reader.failed || first <= end || last > SEQUENCE_MAX) return undefined;
    const before = spans.at(-1);
    const isJoined = before !== undefined && before.last + 1 === first;
    if (isJoined) spans[spans.length - 1] = { first: before.first, last };
    else spans.push({ first, last });
    end = last;
  }
  return spans;
}
