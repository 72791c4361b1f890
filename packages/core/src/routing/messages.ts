import {
  BATCH_DEPTH_MAX,
  BATCH_HEAD_BYTES,
  ByteReader,
  ByteWriter,
  ML_DSA_65_PUBLIC_KEY_BYTES,
  ML_DSA_65_SIGNATURE_BYTES,
} from '@yakmesh/crypto';
import { NETWORK_PREFIX_BYTES } from '../network-hash.js';
import { TTL_MAX } from '../transport/index.js';

export const REQUEST_ID_BYTES = 16;
const NODE_ID_BYTES = 32;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** First byte of a body. */
const Kind = { REQUEST: 1, REPLY: 2, ERROR: 3 } as const;

/** Who knows a way to this destination? It names nobody else. */
export interface RouteRequest {
  readonly type: 'request';
  /** Random, fresh for each ring. */
  readonly id: Uint8Array;
  readonly destination: Uint8Array;
  /** Links that it may still cross after this one. */
  readonly ttl: number;
  /** Links that it has crossed before this one. */
  readonly hops: number;
  /** Only a statement that is newer is of use: ways that rest on an older one have failed. */
  readonly newerThanMs: number;
}

/** The destination was reached at this time; its signature says so. */
export interface RouteReply {
  readonly type: 'reply';
  /** Of the request. */
  readonly id: Uint8Array;
  /** Links from the sender of this reply to the destination. */
  readonly hops: number;
  readonly statement: RouteStatement;
}

/** "I am here", signed by a destination in a batch of use `peer` by the protocol `route/1`. */
export interface RouteStatement {
  /** Its wall clock, never less than in an earlier statement of it: the sequence number of ways to it. */
  readonly timeMs: number;
  readonly networkPrefix: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly head: Uint8Array;
  readonly signature: Uint8Array;
  readonly index: number;
  readonly salt: Uint8Array;
  readonly path: Uint8Array;
}

/** The sender knows no way to the destination any more. */
export interface RouteError {
  readonly type: 'error';
  readonly destination: Uint8Array;
  /** The newest that it had heard of it. */
  readonly timeMs: number;
}

export type RouteMessage = RouteRequest | RouteReply | RouteError;

/** REQUEST{1, id 16, destination 32, ttl u8, hops u8, newer than u48}. */
export function encodeRouteRequest(request: Omit<RouteRequest, 'type'>): Uint8Array {
  const { id, destination, ttl, hops, newerThanMs } = request;
  return new ByteWriter(1 + REQUEST_ID_BYTES + NODE_ID_BYTES + 8)
    .u8(Kind.REQUEST)
    .bytes(id)
    .bytes(destination)
    .u8(ttl)
    .u8(hops)
    .u48(newerThanMs)
    .finish();
}

/** REPLY{2, id 16, hops u8, time u48, network 8, key 1952, head 112, signature 3309, index u16, depth u8, salt 16, path 32·depth}. */
export function encodeRouteReply({ id, hops, statement }: Omit<RouteReply, 'type'>): Uint8Array {
  const { timeMs, networkPrefix, publicKey, head, signature, index, salt, path } = statement;
  return new ByteWriter(5_600)
    .u8(Kind.REPLY)
    .bytes(id)
    .u8(hops)
    .u48(timeMs)
    .bytes(networkPrefix)
    .bytes(publicKey)
    .bytes(head)
    .bytes(signature)
    .u16(index)
    .u8(path.length / HASH_BYTES)
    .bytes(salt)
    .bytes(path)
    .finish();
}

/** ERROR{3, destination 32, time u48}. */
export function encodeRouteError({ destination, timeMs }: Omit<RouteError, 'type'>): Uint8Array {
  return new ByteWriter(1 + NODE_ID_BYTES + 6).u8(Kind.ERROR).bytes(destination).u48(timeMs).finish();
}

/** Undefined for any bytes that are not exactly one well-formed body. What is kept of it is copied. */
export function decodeRouteMessage(bytes: Uint8Array): RouteMessage | undefined {
  const reader = new ByteReader(bytes.slice());
  switch (reader.u8()) {
    case Kind.REQUEST:
      return readRequest(reader);
    case Kind.REPLY:
      return readReply(reader);
    case Kind.ERROR: {
      const destination = reader.bytes(NODE_ID_BYTES);
      const timeMs = reader.u48();
      return reader.end() ? { type: 'error', destination, timeMs } : undefined;
    }
    default:
      return undefined;
  }
}

function readRequest(reader: ByteReader): RouteRequest | undefined {
  const id = reader.bytes(REQUEST_ID_BYTES);
  const destination = reader.bytes(NODE_ID_BYTES);
  const ttl = reader.u8();
  const hops = reader.u8();
  const newerThanMs = reader.u48();
  if (!reader.end() || ttl >= TTL_MAX || hops >= TTL_MAX) return undefined;
  return { type: 'request', id, destination, ttl, hops, newerThanMs };
}

function readReply(reader: ByteReader): RouteReply | undefined {
  const id = reader.bytes(REQUEST_ID_BYTES);
  const hops = reader.u8();
  const timeMs = reader.u48();
  const networkPrefix = reader.bytes(NETWORK_PREFIX_BYTES);
  const publicKey = reader.bytes(ML_DSA_65_PUBLIC_KEY_BYTES);
  const head = reader.bytes(BATCH_HEAD_BYTES);
  const signature = reader.bytes(ML_DSA_65_SIGNATURE_BYTES);
  const index = reader.u16();
  const depth = reader.u8();
  const salt = reader.bytes(SALT_BYTES);
  if (depth > BATCH_DEPTH_MAX || hops >= TTL_MAX) return undefined;
  const path = reader.bytes(HASH_BYTES * depth);
  if (!reader.end()) return undefined;
  const statement = { timeMs, networkPrefix, publicKey, head, signature, index, salt, path };
  return { type: 'reply', id, hops, statement };
}

/** What a destination signs, behind the protocol's name. */
export function statementBytes(destination: Uint8Array, timeMs: number): Uint8Array {
  return new ByteWriter(NODE_ID_BYTES + 6).bytes(destination).u48(timeMs).finish();
}
