import {
  BATCH_HEAD_BYTES,
  ByteReader,
  ByteWriter,
  ML_DSA_65_SIGNATURE_BYTES,
  type BatchUse,
} from '@yakmesh/crypto';
import { HEAD_FRAME_BYTES, SALT_BYTES, type Batch, type BatchMessage } from '../envelope/batch.js';
import { ENVELOPE_BYTES_MAX } from '../envelope/envelope.js';
import { NETWORK_PREFIX_BYTES, networkPrefix } from '../network-hash.js';
import { encodeFrame, FRAME_HEADER_BYTES, FrameKind } from '../record/frames.js';
import { SLOTS } from './link-limits.js';

/** Uses that travel in HEAD frames, by their number on the wire. */
const USES: readonly BatchUse[] = ['gossip', 'direct'];
/** In the use byte of HEAD: its messages answer a WANT. Sent only to who has sent one, and so knows it. */
const REPAIR_BIT = 0x80;
const PATH_DEPTH_MAX = 12;
const HASH_BYTES = 32;
const SINGLE_FIXED_BYTES = 2 + 2 + 2 + 1 + SALT_BYTES + 3;
const BLOCK_FIXED_BYTES = 2 + 2 + 2;
/** Messages in one batch, padding not counted. */
export const BATCH_MESSAGES_MAX = 4_096;

/** HEAD: what every message of its batch is proven by. */
export interface HeadFrame {
  readonly slot: number;
  readonly use: BatchUse;
  /** Its messages were asked for: they are verified behind the live ones. */
  readonly isRepair: boolean;
  /** First 8 bytes of the network's hash. */
  readonly networkPrefix: Uint8Array;
  readonly head: Uint8Array;
  readonly signature: Uint8Array;
}

/** One message as it travels. */
export interface WireMessage {
  readonly index: number;
  readonly salt: Uint8Array;
  readonly core: Uint8Array;
  readonly path: Uint8Array;
}

/** BLOCK: a whole batch. */
export interface BlockFrame {
  readonly slot: number;
  readonly ttl: number;
  readonly flags: number;
  readonly messages: readonly WireMessage[];
}

/** ENV: one message with its path. */
export interface SingleFrame {
  readonly slot: number;
  readonly ttl: number;
  readonly flags: number;
  readonly message: WireMessage;
}

export function encodeHeadFrame(slot: number, batch: Batch, isRepair = false): Uint8Array {
  const use = USES.indexOf(batch.use) | (isRepair ? REPAIR_BIT : 0);
  const body = new ByteWriter(HEAD_FRAME_BYTES).u16(slot).u8(use);
  body.bytes(networkPrefix(batch.networkHash)).bytes(batch.headBytes).bytes(batch.signature);
  return encodeFrame(FrameKind.HEAD, body.finish());
}

export function decodeHeadFrame(body: Uint8Array): HeadFrame | undefined {
  const reader = new ByteReader(body);
  const slot = reader.u16();
  const useByte = reader.u8();
  const use = USES[useByte & ~REPAIR_BIT];
  const isRepair = (useByte & REPAIR_BIT) !== 0;
  const networkPrefix = reader.bytes(NETWORK_PREFIX_BYTES);
  const head = reader.bytes(BATCH_HEAD_BYTES);
  const signature = reader.bytes(ML_DSA_65_SIGNATURE_BYTES);
  if (!reader.end() || slot >= SLOTS || use === undefined) return undefined;
  return { slot, use, isRepair, networkPrefix, head, signature };
}

/** BLOCK{ttl u8, flags u8, slot u16, count u16, (salt 16, length u24, core)…}, header of the frame included. */
export function encodeBlock(
  slot: number,
  ttl: number,
  messages: readonly BatchMessage[],
  flags = 0,
): Uint8Array {
  let length = BLOCK_FIXED_BYTES;
  for (const { core } of messages) length += SALT_BYTES + 3 + core.length;
  const writer = new ByteWriter(FRAME_HEADER_BYTES + length).u8(FrameKind.BLOCK).u24(length);
  writer.u8(ttl).u8(flags).u16(slot).u16(messages.length);
  for (const { salt, core } of messages) writer.bytes(salt).u24(core.length).bytes(core);
  return writer.finish();
}

export function decodeBlock(body: Uint8Array): BlockFrame | undefined {
  const reader = new ByteReader(body);
  const ttl = reader.u8();
  const flags = reader.u8();
  const slot = reader.u16();
  const count = reader.u16();
  if (slot >= SLOTS || count < 1 || count > BATCH_MESSAGES_MAX) return undefined;
  const messages: WireMessage[] = [];
  const path = new Uint8Array(0);
  for (let index = 0; index < count && !reader.failed; index += 1) {
    const salt = reader.bytes(SALT_BYTES);
    const core = reader.bytes(Math.min(reader.u24(), ENVELOPE_BYTES_MAX + 1));
    messages.push({ index, salt, core, path });
  }
  return reader.end() ? { slot, ttl, flags, messages } : undefined;
}

/** ENV{ttl u8, flags u8, slot u16, index u16, depth u8, salt 16, path 32·depth, length u24, core}, header included. */
export function encodeSingle(
  slot: number,
  ttl: number,
  batch: Batch,
  message: BatchMessage,
  flags = 0,
): Uint8Array {
  const { index, salt, core } = message;
  const path = message.path ?? batch.tree?.path(index) ?? new Uint8Array(0);
  const length = SINGLE_FIXED_BYTES + path.length + core.length;
  return new ByteWriter(FRAME_HEADER_BYTES + length)
    .u8(FrameKind.ENV)
    .u24(length)
    .u8(ttl)
    .u8(flags)
    .u16(slot)
    .u16(index)
    .u8(path.length / HASH_BYTES)
    .bytes(salt)
    .bytes(path)
    .u24(core.length)
    .bytes(core)
    .finish();
}

export function decodeSingle(body: Uint8Array): SingleFrame | undefined {
  const reader = new ByteReader(body);
  const ttl = reader.u8();
  const flags = reader.u8();
  const slot = reader.u16();
  const index = reader.u16();
  const depth = reader.u8();
  if (slot >= SLOTS || depth > PATH_DEPTH_MAX) return undefined;
  const salt = reader.bytes(SALT_BYTES);
  const path = reader.bytes(HASH_BYTES * depth);
  const core = reader.bytes(reader.u24());
  return reader.end() ? { slot, ttl, flags, message: { index, salt, core, path } } : undefined;
}
