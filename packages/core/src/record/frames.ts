/** Plaintext of one record: 65,536 wire bytes less the 16 B tag. */
export const RECORD_PLAINTEXT_BYTES_MAX = 65_520;
/** A WebSocket message of an authenticated link never exceeds this. */
export const RECORD_WIRE_BYTES_MAX = 65_536;
export const TAG_BYTES = 16;
/** Records are padded to a multiple of this, so that small frames look alike. */
export const RECORD_PADDING_BYTES = 256;
/** kind u8 ‖ length u24. */
export const FRAME_HEADER_BYTES = 4;

/** Kinds of frames inside a record; an append-only table, drawn in PROTOCOL.md. Unknown kinds are counted and ignored. */
export const FrameKind = {
  PADDING: 0x00,
  HS_DONE: 0x01,
  INFO: 0x02,
  PEERS: 0x03,
  CLOSE: 0x04,
  CREDIT: 0x05,
  PING: 0x06,
  PONG: 0x07,
  KEY_UPDATE: 0x08,
  TMARK: 0x09,
  TSIG: 0x0a,
  KEY: 0x10,
  HEAD: 0x11,
  BLOCK: 0x12,
  ENV: 0x13,
  NEED_KEY: 0x14,
  FRAG: 0x15,
  FLOW_OPEN: 0x20,
  FLOW: 0x21,
  FLOW_CLOSE: 0x22,
  FLOW_ATTACHED: 0x23,
  PROTOCOL: 0x30,
} as const;
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind];

/** One frame; `body` is a view into the record. */
export interface Frame {
  readonly kind: number;
  readonly body: Uint8Array;
}

/**
 * Frames that the link's credit governs: all that carries what an application or subsystem says. KEY is free, because what waits for a key
 * may hold all the credit there is.
 */
export function isCharged(kind: number): boolean {
  return (kind > FrameKind.KEY && kind !== FrameKind.NEED_KEY) || kind === FrameKind.PEERS;
}

/** Frames whose bodies stay out of the running transcript: a node must not sign what it relays. */
export function isRelayedContent(kind: number): boolean {
  return kind >= FrameKind.KEY && kind < FrameKind.PROTOCOL && kind !== FrameKind.NEED_KEY;
}

export function encodeFrame(kind: FrameKind, ...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  return writeFrame(new Uint8Array(FRAME_HEADER_BYTES + length), kind, ...parts);
}

/** Writes a frame over an array that has exactly its length, and answers the array. */
export function writeFrame<Bytes extends Uint8Array>(
  bytes: Bytes,
  kind: FrameKind,
  ...parts: readonly Uint8Array[]
): Bytes {
  const length = bytes.length - FRAME_HEADER_BYTES;
  bytes[0] = kind;
  bytes[1] = length >> 16;
  bytes[2] = length >> 8;
  bytes[3] = length;
  let at = FRAME_HEADER_BYTES;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Splits a record's plaintext; undefined where a length runs over or the padding is not all zero. */
export function decodeFrames(plaintext: Uint8Array): Frame[] | undefined {
  const frames: Frame[] = [];
  let at = 0;
  while (at < plaintext.length) {
    const kind = plaintext[at] ?? 0;
    if (kind === FrameKind.PADDING) return isZero(plaintext, at) ? frames : undefined;
    if (at + FRAME_HEADER_BYTES > plaintext.length) return undefined;
    const high = plaintext[at + 1] ?? 0;
    const length = (high << 16) | ((plaintext[at + 2] ?? 0) << 8) | (plaintext[at + 3] ?? 0);
    const start = at + FRAME_HEADER_BYTES;
    if (start + length > plaintext.length) return undefined;
    frames.push({ kind, body: plaintext.subarray(start, start + length) });
    at = start + length;
  }
  return frames;
}

function isZero(bytes: Uint8Array, from: number): boolean {
  for (let at = from; at < bytes.length; at += 1) if (bytes[at] !== 0) return false;
  return true;
}
