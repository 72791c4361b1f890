import {
  ByteReader,
  ByteWriter,
  bytesToUtf8,
  ML_DSA_65_SIGNATURE_BYTES,
  utf8ToBytes,
  type Kem,
} from '@yakmesh/crypto';
import type { Range } from './ranges.js';

/** Kinds of frames in a record's content; an append-only table, drawn in PROTOCOL.md. */
export const FrameKind = {
  PADDING: 0,
  HS_DONE: 1,
  PING: 2,
  ACK: 3,
  STREAM: 4,
  RESET: 5,
  STOP: 6,
  WINDOW: 7,
  DATAGRAM: 8,
  CLOSE: 9,
  RATCHET_REQ: 10,
  RATCHET_EK: 11,
  RATCHET_CT: 12,
  PATH_CHALLENGE: 13,
  PATH_RESPONSE: 14,
} as const;

/** Ranges of one ACK: what is older was acknowledged often enough. */
export const ACK_RANGES_MAX = 32;
/** UTF-8 bytes of the reason in CLOSE. */
export const REASON_BYTES_MAX = 64;
/** kind, id, offset, flags, length. */
export const STREAM_HEADER_BYTES = 14;
export const DATAGRAM_HEADER_BYTES = 3;
/** The `id` of WINDOW for the whole session. */
export const SESSION_WINDOW_ID = 0xffff_ffff;
const ACK_HEADER_BYTES = 12;
const ACK_RANGE_BYTES = 12;
const PATH_DATA_BYTES = 8;
const FLAG_FIN = 1;
const OFFSET_MAX = 2 ** 48 - 1;

export interface AckFrame {
  readonly kind: typeof FrameKind.ACK;
  readonly epoch: number;
  /** How long the newest of them waited for this acknowledgement. */
  readonly delayMs: number;
  /** Records that came with a congestion mark, since the session's start. */
  readonly marks: number;
  /** Sequence numbers, ascending, not empty. */
  readonly ranges: readonly Range[];
}

export interface StreamFrame {
  readonly kind: typeof FrameKind.STREAM;
  readonly id: number;
  readonly offset: number;
  readonly isEnd: boolean;
  readonly bytes: Uint8Array;
}

export interface RatchetFrame {
  readonly kind: typeof FrameKind.RATCHET_EK | typeof FrameKind.RATCHET_CT;
  readonly epoch: number;
  readonly kemPart: Uint8Array;
  readonly signature: Uint8Array;
}

export type Frame =
  | { readonly kind: typeof FrameKind.HS_DONE | typeof FrameKind.PING }
  | AckFrame
  | StreamFrame
  | RatchetFrame
  | {
      readonly kind: typeof FrameKind.RESET;
      readonly id: number;
      readonly code: number;
      readonly final: number;
    }
  | { readonly kind: typeof FrameKind.STOP; readonly id: number; readonly code: number }
  | { readonly kind: typeof FrameKind.WINDOW; readonly id: number; readonly limit: number }
  | { readonly kind: typeof FrameKind.DATAGRAM; readonly bytes: Uint8Array }
  | { readonly kind: typeof FrameKind.CLOSE; readonly code: number; readonly reason: string }
  | { readonly kind: typeof FrameKind.RATCHET_REQ; readonly epoch: number }
  | {
      readonly kind: typeof FrameKind.PATH_CHALLENGE | typeof FrameKind.PATH_RESPONSE;
      readonly data: Uint8Array;
    };

/** What stands before the bytes in a STREAM frame. */
export interface StreamHeader {
  readonly id: number;
  readonly offset: number;
  readonly isEnd: boolean;
  readonly length: number;
}

export const ackBytes = (ranges: number): number => ACK_HEADER_BYTES + ACK_RANGE_BYTES * ranges;

/** The bytes follow. */
export function writeStreamHeader(writer: ByteWriter, { id, offset, isEnd, length }: StreamHeader): void {
  writer
    .u8(FrameKind.STREAM)
    .u32(id)
    .u48(offset)
    .u8(isEnd ? FLAG_FIN : 0)
    .u16(length);
}

export function writeFrame(writer: ByteWriter, frame: Frame): void {
  if (frame.kind === FrameKind.STREAM) {
    const { bytes, ...header } = frame;
    writeStreamHeader(writer, { ...header, length: bytes.length });
    writer.bytes(bytes);
    return;
  }
  writer.u8(frame.kind);
  switch (frame.kind) {
    case FrameKind.HS_DONE:
    case FrameKind.PING:
      return;
    case FrameKind.ACK:
      writer.u32(frame.epoch).u16(frame.delayMs).u32(frame.marks).u8(frame.ranges.length);
      for (const { start, end } of frame.ranges) writer.u48(start).u48(end - 1);
      return;
    case FrameKind.RESET:
      writer.u32(frame.id).u16(frame.code).u48(frame.final);
      return;
    case FrameKind.STOP:
      writer.u32(frame.id).u16(frame.code);
      return;
    case FrameKind.WINDOW:
      writer.u32(frame.id).u48(frame.limit);
      return;
    case FrameKind.DATAGRAM:
      writer.u16(frame.bytes.length).bytes(frame.bytes);
      return;
    case FrameKind.CLOSE:
      writeReason(writer.u16(frame.code), frame.reason);
      return;
    case FrameKind.RATCHET_REQ:
      writer.u32(frame.epoch);
      return;
    case FrameKind.RATCHET_EK:
    case FrameKind.RATCHET_CT:
      writer.u32(frame.epoch).bytes(frame.kemPart).bytes(frame.signature);
      return;
    case FrameKind.PATH_CHALLENGE:
    case FrameKind.PATH_RESPONSE:
      writer.bytes(frame.data);
      return;
    default:
      frame satisfies never;
  }
}

export function encodeFrame(frame: Frame): Uint8Array {
  const writer = new ByteWriter();
  writeFrame(writer, frame);
  return writer.finish();
}

/** Splits a record's content; undefined for an unknown kind, a frame that is cut, or padding that is not zero. */
export function decodeFrames(content: Uint8Array, kem: Kem): Frame[] | undefined {
  const reader = new ByteReader(content);
  const frames: Frame[] = [];
  while (reader.remaining > 0) {
    const kind = reader.u8();
    if (kind === FrameKind.PADDING) return isZero(reader.rest()) ? frames : undefined;
    const frame = readFrame(reader, kind, kem);
    if (frame === undefined || reader.failed) return undefined;
    frames.push(frame);
  }
  return frames;
}

function isZero(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte !== 0) return false;
  return true;
}

function readFrame(reader: ByteReader, kind: number, kem: Kem): Frame | undefined {
  switch (kind) {
    case FrameKind.HS_DONE:
    case FrameKind.PING:
      return { kind };
    case FrameKind.ACK:
      return readAck(reader);
    case FrameKind.STREAM:
      return readStream(reader);
    case FrameKind.RESET:
      return { kind, id: reader.u32(), code: reader.u16(), final: reader.u48() };
    case FrameKind.STOP:
      return { kind, id: reader.u32(), code: reader.u16() };
    case FrameKind.WINDOW:
      return { kind, id: reader.u32(), limit: reader.u48() };
    case FrameKind.DATAGRAM:
      return { kind, bytes: reader.bytes(reader.u16()) };
    case FrameKind.CLOSE:
      return readClose(reader);
    case FrameKind.RATCHET_REQ:
      return { kind, epoch: reader.u32() };
    case FrameKind.RATCHET_EK:
    case FrameKind.RATCHET_CT: {
      const epoch = reader.u32();
      const kemBytes = kind === FrameKind.RATCHET_EK ? kem.publicKeyBytes : kem.ciphertextBytes;
      return {
        kind,
        epoch,
        kemPart: reader.bytes(kemBytes),
        signature: reader.bytes(ML_DSA_65_SIGNATURE_BYTES),
      };
    }
    case FrameKind.PATH_CHALLENGE:
    case FrameKind.PATH_RESPONSE:
      return { kind, data: reader.bytes(PATH_DATA_BYTES) };
    default:
      return undefined;
  }
}

function readAck(reader: ByteReader): AckFrame | undefined {
  const epoch = reader.u32();
  const delayMs = reader.u16();
  const marks = reader.u32();
  const count = reader.u8();
  if (count === 0 || count > ACK_RANGES_MAX) return undefined;
  const ranges: Range[] = [];
  for (let index = 0; index < count; index += 1) {
    const start = reader.u48();
    const last = reader.u48();
    const before = ranges.at(-1)?.end ?? -1;
    if (last < start || start <= before) return undefined;
    ranges.push({ start, end: last + 1 });
  }
  return { kind: FrameKind.ACK, epoch, delayMs, marks, ranges };
}

function readStream(reader: ByteReader): StreamFrame | undefined {
  const id = reader.u32();
  const offset = reader.u48();
  const flags = reader.u8();
  const bytes = reader.bytes(reader.u16());
  if (flags > FLAG_FIN || offset + bytes.length > OFFSET_MAX) return undefined;
  return { kind: FrameKind.STREAM, id, offset, isEnd: flags === FLAG_FIN, bytes };
}

function readClose(reader: ByteReader): Frame | undefined {
  const code = reader.u16();
  const length = reader.u8();
  const reason = length > REASON_BYTES_MAX ? undefined : bytesToUtf8(reader.bytes(length));
  return reason === undefined ? undefined : { kind: FrameKind.CLOSE, code, reason };
}

function writeReason(writer: ByteWriter, reason: string): void {
  let bytes = utf8ToBytes(reason);
  // Cut between characters: from 64 bytes back to the last one that begins a character.
  if (bytes.length > REASON_BYTES_MAX) {
    let end = REASON_BYTES_MAX;
    while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
    bytes = bytes.subarray(0, end);
  }
  writer.u8(bytes.length).bytes(bytes);
}
