import { BytePool, ByteReader, ByteWriter, bytesToUtf8, utf8ToBytes } from '@yakmesh/crypto';
import { encodeFrame, FrameKind, FRAME_HEADER_BYTES, writeFrame } from '../record/frames.js';
import {
  FLOW_BODY_BYTES_MAX,
  FLOW_HEADROOM_BYTES,
  FLOW_SEALED_BODY_BYTES_MAX,
  PROTOCOL_ID_BYTES_MAX,
} from '../transport/index.js';

const LABEL_BYTES = 8;
const NODE_ID_BYTES = 32;
/** Label, flags and length. */
const ATTACHED_HEADER_BYTES = 11;
/** A body from this length on may travel in an attachment. Smaller ones are sealed in passing, and there are at most eight in one. */
export const ATTACHED_BYTES_MIN = 8_192;
/** The part of such a body that is sealed all the same. */
export const ATTACHED_HEAD_BYTES_MAX = 64;
/** Frame header, label and flags. */
export const FLOW_OVERHEAD_BYTES = FLOW_HEADROOM_BYTES;
/** The flags byte. */
const CALM = Uint8Array.of(0);
const CONGESTED = Uint8Array.of(1);
/** From this length on a FLOW frame is written in an array that is used again. */
const POOLED_BYTES_MIN = 8_192;
/** Such arrays that wait for their next use, for all flows together: the queues of two. */
const SPARE_FRAMES_MAX = 32;

const arrays = new BytePool(FLOW_OVERHEAD_BYTES + FLOW_BODY_BYTES_MAX, SPARE_FRAMES_MAX);

/** FLOW_OPEN{label 8, ttl u8, destination 32, name length u8, protocol, body}: no source. */
export interface FlowOpenFrame {
  readonly label: Uint8Array;
  readonly ttl: number;
  readonly destination: Uint8Array;
  readonly protocol: string;
  readonly body: Uint8Array;
}

export function encodeFlowOpen(frame: FlowOpenFrame): Uint8Array {
  const name = utf8ToBytes(frame.protocol);
  const writer = new ByteWriter(LABEL_BYTES + 1 + NODE_ID_BYTES + 1 + name.length + frame.body.length);
  writer
    .bytes(frame.label)
    .u8(frame.ttl)
    .bytes(frame.destination)
    .u8(name.length)
    .bytes(name)
    .bytes(frame.body);
  return encodeFrame(FrameKind.FLOW_OPEN, writer.finish());
}

export function decodeFlowOpen(bytes: Uint8Array): FlowOpenFrame | undefined {
  const reader = new ByteReader(bytes);
  const label = reader.bytes(LABEL_BYTES);
  const ttl = reader.u8();
  const destination = reader.bytes(NODE_ID_BYTES);
  const length = reader.u8();
  const protocol = length > PROTOCOL_ID_BYTES_MAX ? undefined : bytesToUtf8(reader.bytes(length));
  const body = reader.rest();
  if (reader.failed || protocol === undefined || body.length > FLOW_BODY_BYTES_MAX) return undefined;
  return { label: label.slice(), ttl, destination: destination.slice(), protocol, body };
}

/** FLOW{label 8, flags u8, body}; flag 1 is the congestion mark. */
export interface FlowFrame {
  readonly label: Uint8Array;
  readonly isCongested: boolean;
  readonly body: Uint8Array;
}

export function encodeFlow({ label, isCongested, body }: FlowFrame): Uint8Array {
  const length = FLOW_OVERHEAD_BYTES + body.length;
  const isPooled = length >= POOLED_BYTES_MIN && body.length <= FLOW_BODY_BYTES_MAX;
  const bytes = isPooled ? firstOf(arrays.take(), length) : new Uint8Array(length);
  return writeFrame(bytes, FrameKind.FLOW, label, isCongested ? CONGESTED : CALM, body);
}

/** The frame of a body that has as many bytes in front of it in its array: they are written over. */
export function encodeFlowAround({ label, isCongested, body }: FlowFrame): Uint8Array {
  const start = body.byteOffset - FLOW_OVERHEAD_BYTES;
  const frame = new Uint8Array(body.buffer, start, FLOW_OVERHEAD_BYTES + body.length);
  return writeFrame(frame, FrameKind.FLOW, label, isCongested ? CONGESTED : CALM);
}

/** A view is made only of a part. */
const firstOf = (bytes: Uint8Array, length: number): Uint8Array =>
  bytes.length === length ? bytes : bytes.subarray(0, length);

/** A FLOW frame is in its record, or nowhere: its array can hold the next one. */
export function releaseFlow(frame: Uint8Array): void {
  arrays.give(frame);
}

/** A model of a link puts sealed bodies in FLOW as well: for it the longest body is another. */
export function decodeFlow(bytes: Uint8Array, bodyBytesMax = FLOW_BODY_BYTES_MAX): FlowFrame | undefined {
  const reader = new ByteReader(bytes);
  const label = reader.bytes(LABEL_BYTES);
  const flags = reader.u8();
  const body = reader.rest();
  if (reader.failed || body.length > bodyBytesMax) return undefined;
  return { label: label.slice(), isCongested: (flags & 1) === 1, body };
}

/** FLOW_ATTACHED{label 8, flags u8, length u16, head}: a FLOW whose body is in the record's attachment, but for its first bytes. Label and head are views. */
export interface FlowAttachedFrame {
  readonly label: Uint8Array;
  readonly isCongested: boolean;
  /** Of the whole body. */
  readonly length: number;
  readonly head: Uint8Array;
}

/** A FLOW frame's stand-in within the record, with so many bytes of its body. */
export function encodeFlowAttached(flow: Uint8Array, headBytes: number): Uint8Array {
  const length = flow.length - FLOW_OVERHEAD_BYTES;
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + ATTACHED_HEADER_BYTES + headBytes);
  bytes.set(flow.subarray(0, FLOW_OVERHEAD_BYTES)); // Label and flags; the frame's own header comes last.
  bytes[FLOW_OVERHEAD_BYTES] = length >> 8;
  bytes[FLOW_OVERHEAD_BYTES + 1] = length;
  bytes.set(flow.subarray(FLOW_OVERHEAD_BYTES, FLOW_OVERHEAD_BYTES + headBytes), FLOW_OVERHEAD_BYTES + 2);
  return writeFrame(bytes, FrameKind.FLOW_ATTACHED);
}

export function decodeFlowAttached(bytes: Uint8Array): FlowAttachedFrame | undefined {
  const reader = new ByteReader(bytes);
  const label = reader.bytes(LABEL_BYTES);
  const flags = reader.u8();
  const length = reader.u16();
  const head = reader.rest();
  if (reader.failed || length < ATTACHED_BYTES_MIN || length > FLOW_SEALED_BODY_BYTES_MAX) return undefined;
  if (head.length > ATTACHED_HEAD_BYTES_MAX) return undefined;
  return { label, isCongested: (flags & 1) === 1, length, head };
}

/** FLOW_CLOSE{label 8, code u8}. */
export interface FlowCloseFrame {
  readonly label: Uint8Array;
  readonly code: number;
}

export function encodeFlowClose(frame: FlowCloseFrame): Uint8Array {
  return encodeFrame(FrameKind.FLOW_CLOSE, frame.label, Uint8Array.of(frame.code));
}

export function decodeFlowClose(bytes: Uint8Array): FlowCloseFrame | undefined {
  const reader = new ByteReader(bytes);
  const label = reader.bytes(LABEL_BYTES);
  const code = reader.u8();
  return reader.end() ? { label: label.slice(), code } : undefined;
}

/** PROTOCOL{name length u8, protocol, body}: a subsystem's frame to a neighbour. */
export function encodeProtocolFrame(protocol: string, body: Uint8Array): Uint8Array {
  const name = utf8ToBytes(protocol);
  return encodeFrame(FrameKind.PROTOCOL, Uint8Array.of(name.length), name, body);
}

export function decodeProtocolFrame(bytes: Uint8Array): { protocol: string; body: Uint8Array } | undefined {
  const reader = new ByteReader(bytes);
  const length = reader.u8();
  const protocol = length > PROTOCOL_ID_BYTES_MAX ? undefined : bytesToUtf8(reader.bytes(length));
  const body = reader.rest();
  return reader.failed || protocol === undefined ? undefined : { protocol, body };
}
