import { ByteReader, ByteWriter } from '@yakmesh/crypto';
import { PARAMS_BYTES } from './messages.js';

const BOOT_ID_BYTES = 16;

/** What each side states of itself under its handshake signature: the fixed 64 B `params` field. */
export interface LinkParams {
  /** Random, fresh for each process start: tells a restarted peer from a second dial. 16 B. */
  readonly bootId: Uint8Array;
  /** Data bytes that the sender of these params is willing to hold unconsumed at first. */
  readonly creditBytes: number;
  /** Envelopes that it accepts of one origin in a second. */
  readonly messagesPerSecond: number;
}

/** Layout: bootId 16 · credit u32 · messages per second u32 · zeros 40, which a later version may use. */
export function encodeParams(params: LinkParams): Uint8Array {
  const writer = new ByteWriter(PARAMS_BYTES);
  writer.bytes(params.bootId).u32(params.creditBytes).u32(params.messagesPerSecond);
  return writer.zeros(PARAMS_BYTES - writer.length).finish();
}

/** Undefined for another length. Bytes past the known fields are ignored, so that they can be used later. */
export function decodeParams(bytes: Uint8Array): LinkParams | undefined {
  if (bytes.length !== PARAMS_BYTES) return undefined;
  const reader = new ByteReader(bytes);
  return {
    bootId: reader.bytes(BOOT_ID_BYTES).slice(),
    creditBytes: reader.u32(),
    messagesPerSecond: reader.u32(),
  };
}
