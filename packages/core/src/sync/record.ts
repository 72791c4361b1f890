import type { NodeId } from '@yakmesh/crypto';
import { decodePayload, encodePayload } from '../envelope/payload.js';
import type { Payload } from '../transport/index.js';
import { compareTimes, isHybridTime, type HybridTime } from './hybrid-clock.js';
import { CHUNK_BYTES, VALUE_BYTES_MAX } from './limits.js';
import { recordName, splitName } from './record-name.js';

const HASH_BYTES = 32;

/** What a record says of its key. */
export type RecordContent =
  | { readonly type: 'value'; readonly value: Payload }
  | { readonly type: 'tombstone' }
  /** A value too large to travel inside: its encoded bytes, cut into chunks, under the hash of their list of hashes. */
  | { readonly type: 'large'; readonly size: number; readonly root: Uint8Array };

/** What the payload of a record's envelope holds. */
export interface RecordFields {
  readonly name: string;
  readonly version: HybridTime;
  /** Version of its author's first write of this key. */
  readonly claim: HybridTime;
  readonly content: RecordContent;
}

/** A record as it is compared, without its value. */
export interface RecordMeta extends Omit<RecordFields, 'content'> {
  /** First 16 bytes of SHA-256(leaf message). */
  readonly id: Uint8Array;
  readonly author: NodeId;
  readonly kind: RecordContent['type'];
  /** Bytes that it takes in the store, its chunks included. */
  readonly bytes: number;
  /** The batch that proves it. */
  readonly head: string;
  /** Hash of a large value's list of hashes, as hex. */
  readonly root?: string | undefined;
}

/** The payload of a record's envelope: {c: collection, k: key, t: version, f: claim unless it is the version, and v, d or l}. */
export function recordPayload(fields: RecordFields): Payload {
  const { name, version, claim, content } = fields;
  const { collection, key } = splitName(name);
  const isFirst = compareTimes(version, claim) === 0;
  return {
    c: collection,
    k: key,
    t: [version.timeMs, version.counter],
    ...(isFirst ? {} : { f: [claim.timeMs, claim.counter] }),
    ...contentFields(content),
  };
}

function contentFields(content: RecordContent): { readonly [key: string]: Payload } {
  switch (content.type) {
    case 'value':
      return { v: content.value };
    case 'tombstone':
      return { d: true };
    case 'large':
      return { l: [content.size, content.root] };
  }
}

/** Undefined for any payload that is not exactly a record. */
export function readRecordPayload(payload: unknown): RecordFields | undefined {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) return undefined;
  const { c, k, t, f, ...rest } = payload as Record<string, unknown>;
  const name = typeof c === 'string' && typeof k === 'string' ? recordName(c, k) : undefined;
  const version = readTime(t);
  const claim = f === undefined ? version : readTime(f);
  const content = readContent(rest);
  if (name === undefined || version === undefined || claim === undefined || content === undefined)
    return undefined;
  const order = compareTimes(claim, version);
  // A claim that equals the version is left out: a record has one encoding.
  if (order > 0 || (f !== undefined && order === 0)) return undefined;
  return { name, version, claim, content };
}

/** The same of the encoded payload. */
export function decodeRecordPayload(bytes: Uint8Array): RecordFields | undefined {
  const decoded = decodePayload(bytes);
  return decoded === undefined ? undefined : readRecordPayload(decoded.value);
}

export function encodeRecordPayload(fields: RecordFields): Uint8Array {
  return encodePayload(recordPayload(fields));
}

function readTime(value: unknown): HybridTime | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [timeMs, counter] = value as [unknown, unknown];
  return isHybridTime(timeMs, counter) ? { timeMs: timeMs as number, counter: counter as number } : undefined;
}

function readContent(rest: Record<string, unknown>): RecordContent | undefined {
  const [field, ...others] = Object.keys(rest);
  if (others.length > 0) return undefined;
  if (field === 'v') return { type: 'value', value: rest['v'] as Payload };
  if (field === 'd') return rest['d'] === true ? { type: 'tombstone' } : undefined;
  return field === 'l' ? readLarge(rest['l']) : undefined;
}

function readLarge(value: unknown): RecordContent | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [size, root] = value as [unknown, unknown];
  const isSize = Number.isInteger(size) && (size as number) > 0 && (size as number) <= VALUE_BYTES_MAX;
  if (!isSize || !(root instanceof Uint8Array) || root.length !== HASH_BYTES) return undefined;
  return { type: 'large', size: size as number, root };
}

/** Chunks of a value of this many bytes. */
export function chunksOf(size: number): number {
  return Math.ceil(size / CHUNK_BYTES);
}
