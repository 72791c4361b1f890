import { BATCH_DEPTH_MAX, BATCH_HEAD_BYTES, ByteReader, ByteWriter, bytesKey } from '@yakmesh/crypto';
import { ML_DSA_65_PUBLIC_KEY_BYTES, ML_DSA_65_SIGNATURE_BYTES } from '@yakmesh/crypto';
import { SALT_BYTES } from '../envelope/batch.js';
import { MESSAGE_ID_BYTES } from '../envelope/envelope.js';
import { NETWORK_PREFIX_BYTES } from '../network-hash.js';
import { BOUND_START, readBound, writeBound } from './bounds.js';
import { CHUNK_BYTES } from './limits.js';
import { FINGERPRINT_BYTES } from './range-index.js';

/** Messages of a stream: an append-only table. An unknown one is passed over. */
const Type = { COMPARE: 1, LIST: 2, WANT: 3, KEY: 4, HEAD: 5, RECORD: 6, FETCH: 7, CHUNK: 8 } as const;

const HASH_BYTES = 32;
/** type 1 · length 3. */
export const MESSAGE_HEADER_BYTES = 4;
/** The largest message: a record's envelope of a full broadcast payload, with its proof. */
export const MESSAGE_BYTES_MAX = 66_560;
/** Bytes of ranges or ids after which the next message begins. */
export const GROUPS_BYTES = 8_192;
/** Ranges of one group, and ids of one range. */
export const GROUP_MAX = 64;
/** As the number of a chunk: the list of all chunks' hashes. */
export const MANIFEST = 0xffff;

/** A range with what its sender has in it. `to` undefined is the end. */
export interface ComparedRange {
  readonly from: string;
  readonly to: string | undefined;
  readonly count: number;
  readonly fingerprint: Uint8Array;
}

/** Ids of records within a range. */
export interface RangeIds {
  readonly from: string;
  readonly to: string | undefined;
  readonly ids: readonly Uint8Array[];
}

/** The batch that records prove themselves by. */
export interface StreamHead {
  readonly networkPrefix: Uint8Array;
  readonly head: Uint8Array;
  readonly signature: Uint8Array;
}

/** A record's place in the batch of the last HEAD. */
export interface StreamRecord {
  readonly index: number;
  readonly salt: Uint8Array;
  readonly path: Uint8Array;
  readonly core: Uint8Array;
}

export type StreamMessage =
  /** Contiguous ranges for each of which the receiver is to answer where it has something else. */
  | { readonly type: 'compare'; readonly isOpening: boolean; readonly ranges: readonly ComparedRange[] }
  /** All that the sender has in some ranges: the receiver sends what is missing there and wants what it misses. */
  | { readonly type: 'list'; readonly ranges: readonly RangeIds[] }
  | { readonly type: 'want'; readonly ranges: readonly RangeIds[] }
  /** Signer of the heads that follow. */
  | { readonly type: 'key'; readonly publicKey: Uint8Array }
  | ({ readonly type: 'head' } & StreamHead)
  | ({ readonly type: 'record' } & StreamRecord)
  | { readonly type: 'fetch'; readonly root: Uint8Array; readonly first: number; readonly count: number }
  /** No bytes: the sender does not have it. */
  | { readonly type: 'chunk'; readonly root: Uint8Array; readonly index: number; readonly bytes: Uint8Array }
  | { readonly type: 'unknown' };

/** Undefined for bytes that no sender of ours makes. What is returned are views. */
export function decodeStreamMessage(type: number, body: Uint8Array): StreamMessage | undefined {
  const reader = new ByteReader(body);
  switch (type) {
    case Type.COMPARE:
      return decodeCompare(reader);
    case Type.LIST:
      return decodeIds(reader, 'list');
    case Type.WANT:
      return decodeIds(reader, 'want');
    case Type.KEY:
      return body.length === ML_DSA_65_PUBLIC_KEY_BYTES ? { type: 'key', publicKey: body } : undefined;
    case Type.HEAD: {
      const networkPrefix = reader.bytes(NETWORK_PREFIX_BYTES);
      const head = reader.bytes(BATCH_HEAD_BYTES);
      const signature = reader.bytes(ML_DSA_65_SIGNATURE_BYTES);
      return reader.end() ? { type: 'head', networkPrefix, head, signature } : undefined;
    }
    case Type.RECORD: {
      const record = readRecord(reader);
      return record && { type: 'record', ...record };
    }
    case Type.FETCH: {
      const [root, first, count] = [reader.bytes(HASH_BYTES), reader.u16(), reader.u16()];
      return reader.end() && count > 0 ? { type: 'fetch', root, first, count } : undefined;
    }
    case Type.CHUNK: {
      const [root, index, bytes] = [reader.bytes(HASH_BYTES), reader.u16(), reader.rest()];
      return reader.failed ? undefined : { type: 'chunk', root, index, bytes };
    }
    default:
      return { type: 'unknown' };
  }
}

/** Index u16 · salt 16 · depth u8 · path 32·depth · core: a record beside its batch's head, on the wire as in the store. */
export function readRecord(reader: ByteReader): StreamRecord | undefined {
  const index = reader.u16();
  const salt = reader.bytes(SALT_BYTES);
  const depth = reader.u8();
  if (depth > BATCH_DEPTH_MAX) return undefined;
  const path = reader.bytes(HASH_BYTES * depth);
  const core = reader.rest();
  return reader.failed ? undefined : { index, salt, path, core };
}

export function writeRecord(writer: ByteWriter, { index, salt, path, core }: StreamRecord): ByteWriter {
  return writer
    .u16(index)
    .bytes(salt)
    .u8(path.length / HASH_BYTES)
    .bytes(path)
    .bytes(core);
}

/** Bytes that {@link writeRecord} writes. */
export function recordBytes({ path, core }: Pick<StreamRecord, 'path' | 'core'>): number {
  return 3 + SALT_BYTES + path.length + core.length;
}

function decodeCompare(reader: ByteReader): StreamMessage | undefined {
  const flags = reader.u8();
  const ranges: ComparedRange[] = [];
  let previous = BOUND_START;
  while (reader.remaining > 0) {
    let from = readBound(reader, previous);
    const count = reader.u8();
    if (from === undefined || count < 1 || count > GROUP_MAX) return undefined;
    for (let index = 0; index < count; index += 1) {
      if (from === undefined) return undefined;
      const to = readBound(reader, from);
      if (to === '' || (to !== undefined && to <= from)) return undefined;
      const size = reader.u32();
      const fingerprint = reader.bytes(FINGERPRINT_BYTES);
      ranges.push({ from, to, count: size, fingerprint });
      previous = to ?? BOUND_START;
      from = to;
    }
  }
  return reader.end() && flags <= 1 ? { type: 'compare', isOpening: flags === 1, ranges } : undefined;
}

function decodeIds(reader: ByteReader, type: 'list' | 'want'): StreamMessage | undefined {
  const ranges: RangeIds[] = [];
  let previous = BOUND_START;
  while (reader.remaining > 0) {
    const from = readBound(reader, previous);
    if (from === undefined) return undefined;
    const to = readBound(reader, from);
    const count = reader.u8();
    if (to === '' || (to !== undefined && to <= from) || count > GROUP_MAX) return undefined;
    const ids: Uint8Array[] = [];
    for (let index = 0; index < count; index += 1) ids.push(reader.bytes(MESSAGE_ID_BYTES));
    ranges.push({ from, to, ids });
    previous = to ?? BOUND_START;
  }
  return reader.end() ? { type, ranges } : undefined;
}

/** Messages of as many ranges as fit each; ranges that follow one another share their bounds. */
export function encodeCompare(ranges: readonly ComparedRange[], isOpening: boolean): Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (let at = 0; at < ranges.length;) {
    const body = new ByteWriter(1_024, MESSAGE_BYTES_MAX).u8(isOpening ? 1 : 0);
    let previous = BOUND_START;
    while (at < ranges.length && body.length < GROUPS_BYTES) {
      const group = contiguous(ranges, at);
      writeBound(body, group[0]?.from ?? '', previous);
      body.u8(group.length);
      for (const { from, to, count, fingerprint } of group) {
        writeBound(body, to, from);
        body.u32(count).bytes(fingerprint);
        previous = to ?? BOUND_START;
      }
      at += group.length;
    }
    messages.push(framed(Type.COMPARE, body.finish()));
  }
  return messages;
}

/** Ranges from one on that follow one another without a gap. */
function contiguous(ranges: readonly ComparedRange[], first: number): ComparedRange[] {
  const group: ComparedRange[] = [];
  for (let at = first; at < ranges.length && group.length < GROUP_MAX; at += 1) {
    const range = ranges[at];
    const last = group.at(-1);
    if (range === undefined || (last !== undefined && last.to !== range.from)) break;
    group.push(range);
  }
  return group;
}

export function encodeIds(type: 'list' | 'want', ranges: readonly RangeIds[]): Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (let at = 0; at < ranges.length;) {
    const body = new ByteWriter(1_024, MESSAGE_BYTES_MAX);
    let previous = BOUND_START;
    for (; at < ranges.length && body.length < GROUPS_BYTES; at += 1) {
      const { from, to, ids } = ranges[at] ?? { from: '', to: undefined, ids: [] };
      writeBound(body, from, previous);
      writeBound(body, to, from);
      body.u8(ids.length);
      for (const id of ids) body.bytes(id);
      previous = to ?? BOUND_START;
    }
    messages.push(framed(type === 'list' ? Type.LIST : Type.WANT, body.finish()));
  }
  return messages;
}

export function encodeKey(publicKey: Uint8Array): Uint8Array {
  return framed(Type.KEY, publicKey);
}

export function encodeHead({ networkPrefix, head, signature }: StreamHead): Uint8Array {
  const writer = new ByteWriter(NETWORK_PREFIX_BYTES + head.length + signature.length);
  return framed(Type.HEAD, writer.bytes(networkPrefix).bytes(head).bytes(signature).finish());
}

export function encodeRecord(record: StreamRecord): Uint8Array {
  return framed(Type.RECORD, writeRecord(new ByteWriter(recordBytes(record)), record).finish());
}

export function encodeFetch(root: Uint8Array, first: number, count: number): Uint8Array {
  return framed(Type.FETCH, new ByteWriter(HASH_BYTES + 4).bytes(root).u16(first).u16(count).finish());
}

export function encodeChunk(root: Uint8Array, index: number, bytes: Uint8Array): Uint8Array {
  const writer = new ByteWriter(HASH_BYTES + 2 + CHUNK_BYTES).bytes(root).u16(index).bytes(bytes);
  return framed(Type.CHUNK, writer.finish());
}

function framed(type: number, body: Uint8Array): Uint8Array {
  return new ByteWriter(MESSAGE_HEADER_BYTES + body.length).u8(type).u24(body.length).bytes(body).finish();
}

/** An id as the key of maps and sets. */
export const idKey = bytesKey;
